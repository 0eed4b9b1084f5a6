"""Arrow's lists, structs and maps as the cells of nested types (ENF-038).

Arrow says of every depth what it holds, so its columns go by their types, as other typed columns
do; only then are the cells read, as Python's values.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, chain
from typing import Any

from mlmodel.signature.types.arrow import ARROW_LISTS, ARROW_NUMBERS, type_name
from mlmodel.signature.types.nested import Array, Map, NestedType, Object, is_opaque
from mlmodel.signature.types.scalars import DataType

__all__ = ["cells_of"]

#: Whose values numpy makes Python's of as Arrow does.
_NUMBERS = ARROW_NUMBERS - {"halffloat"}
#: Whether a column of a type of Arrow is taken for a scalar type.
Takes = Callable[[DataType, Any], bool]


def cells_of(
    values: Any, kind: DataType | NestedType, takes: Takes
) -> tuple[list[Any], str | None]:
    """Return the cells of pandas' Arrow-backed array, and why its type is refused, or None."""
    try:
        fault = _arrow_fault(values.dtype.pyarrow_dtype, kind, "", takes)
    except KeyError:  # pandas 3 looks the zone up as soon as it sees the type
        fault = "its time zone is not known"
    if fault is not None:
        return [], fault
    try:
        return _python_values(values.__arrow_array__()), None
    except OverflowError:
        return [], "a date or a moment in it is beyond those of the calendar (ENF-028)"
    except (KeyError, ValueError):
        # An unknown time zone is a KeyError, too.
        is_map = "map<" in str(values.dtype.pyarrow_dtype)
        return [], "a key of a map appears twice" if is_map else "its values cannot be read"


def _python_values(held: Any) -> list[Any]:
    """Return the values of Arrow's array: of numbers in lists all at once, not one by one.

    Raises:
        ValueError: a map has a key twice (in some versions of Arrow a KeyError).

    """
    if hasattr(held, "chunks"):
        return list(chain.from_iterable(map(_python_values, held.chunks)))
    name = type_name(held.type)
    if name in _NUMBERS and not held.null_count:
        return list(held.to_numpy(zero_copy_only=False).tolist())
    if name not in {"list", "large_list"}:
        return list(held.to_pylist(maps_as_pydicts="strict"))
    items = _python_values(held.flatten())
    # Of a list that is missing there is no length.
    lengths = held.value_lengths().to_pylist()
    ends = [0, *accumulate(length or 0 for length in lengths)]
    cells: list[Any] = list(map(items.__getitem__, map(slice, ends, ends[1:])))
    if not held.null_count:
        return cells
    pairs = zip(cells, lengths, strict=True)
    return [None if length is None else cell for cell, length in pairs]


def _arrow_fault(held: Any, kind: DataType | NestedType, place: str, takes: Takes) -> str | None:
    name = type_name(held)
    if name == "null" or is_opaque(kind):
        return None
    if name == "dictionary":
        return _arrow_fault(held.value_type, kind, place, takes)
    inner = _held_types(held, name, kind, place)
    if inner is None or (isinstance(kind, DataType) and not takes(kind, held)):
        where = f" at {place.removeprefix('.')}" if place else ""
        return f"{held}{where} is never converted to {kind.value} (ENF-020)"
    found = (_arrow_fault(inside, declared, at, takes) for inside, declared, at in inner)
    return next(filter(None, found), None)


def _held_types(held: Any, name: str, kind: DataType | NestedType, place: str) -> list[Any] | None:
    """Return what a type holds, for :func:`_arrow_fault`; None if it is another kind."""
    if isinstance(kind, DataType):
        return []
    if isinstance(kind, Array) and name in ARROW_LISTS:
        return [(held.value_type, kind.dtype, f"{place}[]")]
    if isinstance(kind, Map) and name == "map" and str(held.key_type).endswith("string"):
        return [(held.item_type, kind.value_type, f"{place}[]")]
    if isinstance(kind, Object) and name == "struct":
        declared = {one.name: one.dtype for one in kind.properties}
        # A field that is not declared is found in the cells (ENF-035).
        fields = [field for field in held if field.name in declared]
        return [(one.type, declared[one.name], f"{place}.{one.name}") for one in fields]
    return None
