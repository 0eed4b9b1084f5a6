"""What plain data stand for: rows, columns, or values of one column (ENF-010, ENF-015).

A list may be a value of a nested type, and so may an object: what stands for rows and columns is
then told by what is declared. Asked by every form that holds plain values: those of Python, those
of JSON, saved examples, and inference, for which nothing is declared yet. Works without pandas.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from mlmodel.signature.cells.nested import depth_of
from mlmodel.signature.types.nested import Array, Map, NestedType, Object, is_opaque, leaf_of
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.signature.types.schema import ColSpec, TensorSpec

    Specs = Sequence[ColSpec | TensorSpec]

__all__ = [
    "ByColumn",
    "Meaning",
    "OneRow",
    "Records",
    "Rows",
    "Values",
    "declared_part",
    "kind_of_item",
    "stands_for",
]

_LISTS = (list, tuple)

# The classes are not frozen: one is made per request, and freezing would double what it costs.


@dataclass(slots=True)
class Records:
    """Rows whose cells have names: a list of mappings."""

    rows: Sequence[Mapping[Any, Any]]


@dataclass(slots=True)
class Rows:
    """Rows whose cells have positions: a list of lists, or an empty one."""

    rows: Sequence[Sequence[Any]]


@dataclass(slots=True)
class OneRow:
    """One row: a mapping of names to cells."""

    cells: Mapping[Any, Any]


@dataclass(slots=True)
class ByColumn:
    """Columns: a mapping of names to lists of cells, of any lengths; also an empty mapping.

    What stands under names that are not declared may be anything (:func:`declared_part`).
    """

    columns: Mapping[Any, Sequence[Any]]


@dataclass(slots=True)
class Values:
    """The cells of one column: what is declared for it (ENF-015), or no lists and no mappings."""

    cells: Sequence[Any]


Meaning = Records | Rows | OneRow | ByColumn | Values

#: What elements of a list stand for, where their type alone says it.
_BY_TYPE: dict[type, type[Records | Rows | Values]] = {
    dict: Records, list: Rows, tuple: Rows,
    **dict.fromkeys((str, bytes, bool, int, float, type(None)), Values),
}  # fmt: skip


def stands_for(data: Any, specs: Specs = (), *, by_first: bool = False) -> Meaning | None:
    """Return what a mapping, a list, a tuple or a single value stands for.

    Args:
        data: the plain data.
        specs: what is declared; nothing, where a signature is inferred.
        by_first: tell a list's kind by its first element; the caller finds those that differ.

    Returns:
        One of the five classes, which hold ``data`` as they are. None if the data are of several
        kinds: a list of records, rows and values, or of two of them, or a mapping in which one
        value is a column and another is none.

    """
    kind = _only_nested_type(specs[0]) if len(specs) == 1 else None
    if isinstance(data, dict):
        return (
            Values([data]) if isinstance(kind, Object | Map) else _meaning_of_mapping(data, specs)
        )
    if not isinstance(data, _LISTS):
        return Values([data])
    if kind is not None and _are_values(data, kind):
        return Values(data)
    if not data:
        return Rows(data)
    means = _BY_TYPE.get(type(data[0])) or kind_of_item(data[0])
    return means(data) if by_first or _all_are(means, data) else None


def _only_nested_type(spec: ColSpec | TensorSpec) -> NestedType | None:
    """Return the type of the one column that is declared, if it is nested.

    One that has a name may be given as a record; of lists of lists only an array is the value.
    """
    if isinstance(spec.type, DataType) or not isinstance(spec.type, NestedType):
        return None
    return spec.type if spec.name is None or isinstance(spec.type, Array) else None


# -- lists ----------------------------------------------------------------------------------------


def _are_values(data: Sequence[Any], kind: NestedType) -> bool:
    """Return whether a list holds values of a nested type, not rows."""
    leaf, depth = leaf_of(kind)
    if not depth:
        return not any(map(_is_row, data))
    if is_opaque(leaf):
        # Its items may be lists themselves: each element is a value if it is as deep as the type.
        held = [item for item in data if item is not None]
        return bool(held) and all(depth_of(item) >= depth for item in held)
    return depth_of(data) == depth + 1


def kind_of_item(item: Any) -> type[Records | Rows | Values]:
    """Return what a list stands for all of whose elements are like this one."""
    if isinstance(item, dict):
        return Records
    return Rows if _is_row(item) else Values


def _all_are(means: type[Any], data: Sequence[Any]) -> bool:
    if {means}.issuperset(map(_BY_TYPE.get, set(map(type, data)))):
        return True
    # Of an array the type does not say whether it is a row: it may have no axes.
    return all(kind_of_item(item) is means for item in data)


def _is_row(item: Any) -> bool:
    """Return whether this has elements by position: a list, or an array with axes."""
    return isinstance(item, _LISTS) or bool(getattr(item, "ndim", 0))


# -- mappings -------------------------------------------------------------------------------------


def declared_part(data: Mapping[Any, Any], specs: Specs) -> Mapping[Any, Any]:
    """Return what of a mapping is declared by name: nothing of the rest is looked at (ENF-005).

    It is the whole where no names are declared. Where nothing that is declared is given, the
    first of the rest says how many rows there are.
    """
    if not specs or any(spec.name is None for spec in specs):
        return data
    # MLflow writes the names of a frame with numbered columns as numbers (ENF-012).
    known = {str(spec.name) for spec in specs}
    part = {name: value for name, value in data.items() if str(name) in known}
    return part or dict(islice(data.items(), 1))


def _meaning_of_mapping(data: dict[Any, Any], specs: Specs) -> OneRow | ByColumn | None:
    part = declared_part(data, specs)
    lists = [name for name, value in part.items() if _is_row(value)]
    if not lists:
        return OneRow(data) if data else ByColumn(data)
    nested = {str(spec.name): spec.type for spec in specs if not isinstance(spec.type, DataType)}
    columns = [name for name in lists if not (nested and _is_cell(data[name], nested, name))]
    if len(columns) == len(part) and not _are_cells_of_any(part, nested):
        return ByColumn(data)
    # What is a list where a scalar is declared is a column, and others are none.
    scalars = {str(spec.name) for spec in specs} - nested.keys()
    return OneRow(data) if scalars.isdisjoint(map(str, columns)) else None


def _are_cells_of_any(part: Mapping[Any, Any], nested: Mapping[str, Any]) -> bool:
    """Return whether lists of different lengths are cells, since ``any`` is declared of one."""
    if len({len(value) for value in part.values()}) == 1:
        return False
    kinds = [nested.get(str(name)) for name in part]
    return None not in kinds and any(is_opaque(leaf_of(kind)[0]) for kind in kinds)


def _is_cell(value: Any, nested: Mapping[str, Any], name: Any) -> bool:
    """Return whether a list is one value of the type that is declared for its name."""
    leaf, depth = leaf_of(nested.get(str(name)))
    return bool(depth) and not is_opaque(leaf) and depth_of(value) == depth
