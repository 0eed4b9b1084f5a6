"""The declared type that Python's own values have: cells of object columns, parameters (SIG-040).

A type is found for all the values that stand at one place together: all cells of a column, all
items of all its lists, all values of one property.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InvalidArgument
from mlmodel.signature.data.objects import is_object, unwrapped
from mlmodel.signature.types.nested import AnyType, Array, NestedType, Object, Property
from mlmodel.signature.types.scalars import FLOATS, INTEGERS, DataType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CellTypes", "holds_others", "is_null", "no_type", "numpy_type", "type_of_dtype"]

#: By the name of numpy's dtype, the first type that takes it (SIG-014).
_BY_NUMPY = {name: kind for kind in reversed(DataType) for name in kind.traits.accepted}
_BY_KIND = {"U": DataType.string, "S": DataType.binary, "M": DataType.datetime}
#: The first that an instance belongs to counts: a boolean is an integer of Python's, too.
_BY_CLASS: tuple[tuple[type | tuple[type, ...], DataType], ...] = (
    (bool, DataType.boolean),
    (int, DataType.long),
    ((float, Decimal), DataType.double),
    (str, DataType.string),
    ((bytes, bytearray), DataType.binary),
    (dt.date, DataType.datetime),
)
#: Of the types that most cells have, exactly; None: there is no value.
_BY_TYPE: dict[type, DataType | None] = {
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.double,
    str: DataType.string,
    bytes: DataType.binary,
    type(None): None,
}
_NUMBERS = INTEGERS | FLOATS
_LISTS = (list, tuple, np.ndarray)
#: Deeper values are refused: nobody declares such types, and each level is one of Python's calls.
_DEEPEST = 64

Kind = DataType | NestedType


def type_of_dtype(dtype: np.dtype[Any]) -> DataType | None:
    """Return the type for a dtype of numpy, None where there is none."""
    return _BY_KIND.get(dtype.kind) or _BY_NUMPY.get(dtype.name)


def numpy_type(dtype: np.dtype[Any], place: str) -> DataType:
    """Return the type for a dtype of numpy.

    Raises:
        InvalidArgument: there is none (SIG-014); ``place`` says where it was found.

    """
    kind = type_of_dtype(dtype)
    if kind is None:
        advice = "convert it to one of these types"
        if dtype.name == "uint64":
            advice = "convert it to int64 if its values fit, or to float64 if that is exact enough"
        raise no_type(place, f"dtype {dtype}", advice)
    return kind


def no_type(place: str, found: str, advice: str = "") -> InvalidArgument:
    """Return the error for what no type of the format holds (SIG-014)."""
    names = ", ".join(kind.value for kind in DataType)
    return InvalidArgument(
        f"{place[0].upper()}{place[1:]} holds {found}, which has no type in the format "
        "(SIG-014); the types "
        f"are {names}, and lists and objects of them" + (f"; {advice}" if advice else "")
    )


def is_null(cell: Any) -> bool:
    """Return whether there is no value in a cell; NaN is one, of floating point."""
    return cell is None or cell is pd.NA or cell is pd.NaT


def holds_others(cell: Any) -> bool:
    """Return whether a cell is a list or an object."""
    return isinstance(cell, dict | list | tuple | np.ndarray)


class CellTypes:
    """Finds the types of values, and keeps where they were of different ones (SIG-041)."""

    def __init__(self) -> None:
        self.conflicts: list[str] = []

    def of(self, cells: Iterable[Any], place: str, depth: int = 0) -> Kind | None:
        """Return the one type of all the values at a place; None where nothing is known (SIG-040).

        Args:
            cells: Python's values, numpy's scalars and arrays; missing ones say nothing.
            place: what errors call it, such as ``column 'a'``.
            depth: how many lists and objects it stands in.

        Raises:
            InvalidArgument: a value is of no type (SIG-014), or stands too deep.

        """
        if depth > _DEEPEST:
            outermost = place.rpartition("an item of ")[2]
            raise no_type(outermost, f"lists or objects more than {_DEEPEST} deep")
        cells = list(cells)
        # In the order in which they were found.
        held = dict.fromkeys(map(type, cells))
        if _BY_TYPE.keys() >= held.keys():
            known = dict.fromkeys(_BY_TYPE[one] for one in held)
            return self._one_of([kind for kind in known if kind is not None], place)
        return self._of_each(cells, place, depth)

    def _of_each(self, cells: Iterable[Any], place: str, depth: int) -> Kind | None:
        """Return the type of values of any kinds, each looked at by itself."""
        lists: list[Any] = []
        objects: list[dict[Any, Any]] = []
        scalars: dict[Kind, None] = {}
        for given in cells:
            cell = unwrapped(given) if is_object(given) else given
            if isinstance(cell, dict):
                objects.append(cell)
            elif isinstance(cell, _LISTS) and not _is_scalar(cell):
                lists.append(cell)
            elif not is_null(cell):
                scalars[_scalar_type(cell, place)] = None
        forms = ["list"] * bool(lists) + ["object"] * bool(objects)
        if forms and (scalars or len(forms) > 1):
            return self._any_type(place, [*forms, *map(str, scalars)])
        if lists:
            return self._list_type(lists, place, depth)
        if objects:
            return self._object_type(objects, place, depth)
        return self._one_of(list(scalars), place)

    def _list_type(self, lists: Sequence[Any], place: str, depth: int) -> Kind | None:
        inner = f"an item of {place}"
        typed = [one for one in lists if isinstance(one, np.ndarray) and one.dtype != object]
        forms = dict.fromkeys((one.dtype, one.ndim) for one in typed)
        kinds: list[Kind] = list(dict.fromkeys(_array_item(*form, inner) for form in forms))
        others = [one for one in lists if not (isinstance(one, np.ndarray) and one.dtype != object)]
        items = list(chain.from_iterable(others))
        found = self.of(items, inner, depth + 1)
        if found in INTEGERS and any(map(is_null, items)):
            found = DataType.double  # as of a column (SIG-015): integers cannot be missing
        if found is not None:
            kinds.append(found)
        held = self._one_of(kinds, inner)
        return None if held is None else Array(held)

    def _object_type(
        self, objects: Sequence[dict[Any, Any]], place: str, depth: int
    ) -> Kind | None:
        names = dict.fromkeys(chain.from_iterable(objects))
        properties = []
        for name in names:
            if not isinstance(name, str):
                raise no_type(place, f"an object with the key {name!r:.60}", "keys are texts")
            values = [one[name] for one in objects if name in one]
            kind = self.of(values, f"{name!r} of {place}", depth + 1)
            required = len(values) == len(objects) and not any(map(is_null, values))
            properties.append(Property(name, AnyType() if kind is None else kind, required))
        return Object(properties) if properties else None

    def _one_of(self, kinds: Sequence[Kind], place: str) -> Kind | None:
        """Return the narrowest type that values of all these types can be read at."""
        if len(kinds) < 2:  # noqa: PLR2004 - nothing to unite
            return kinds[0] if kinds else None
        distinct = frozenset(kinds)
        if distinct <= _NUMBERS:
            return DataType.long if distinct <= INTEGERS else DataType.double
        if all(isinstance(kind, Array) for kind in kinds):
            inner = [kind.dtype for kind in kinds if isinstance(kind, Array)]
            items = self._one_of(inner, f"an item of {place}")
            return None if items is None else Array(items)
        return self._any_type(place, [str(kind.value) for kind in kinds])

    def _any_type(self, place: str, forms: Iterable[str]) -> Kind:
        self.conflicts.append(f"{place} ({', '.join(forms)})")
        return AnyType()


def _is_scalar(cell: Any) -> bool:
    return isinstance(cell, np.ndarray) and cell.ndim == 0


def _array_item(dtype: np.dtype[Any], axes: int, place: str) -> Kind:
    kind: Kind = numpy_type(dtype, place)
    for _ in range(axes - 1):
        kind = Array(kind)
    return kind


def _scalar_type(cell: Any, place: str) -> Kind:
    if isinstance(cell, np.generic | np.ndarray) and cell.dtype != object:
        return numpy_type(cell.dtype, place)
    for classes, kind in _BY_CLASS:
        if isinstance(cell, classes):
            return kind
    raise no_type(place, f"values of the type {type(cell).__qualname__}")
