"""Where plain data are the values of one column, or one row (ENF-010, ENF-015); without pandas.

A list may be a value of a nested type, and so may an object: what stands for rows and columns is
then told by what is declared. Asked by every form that holds plain values: those of Python, those
of JSON, saved examples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.signature.cells.nested import depth_of
from mlmodel.signature.types.nested import Map, NestedType, Object, is_opaque, leaf_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlmodel.signature.types.schema import ColSpec, TensorSpec

__all__ = ["is_one_column", "is_one_row", "is_one_value", "is_row"]


def is_row(item: Any) -> bool:
    """Return whether this has elements by position: a list, or an array with axes."""
    return isinstance(item, list | tuple) or bool(getattr(item, "ndim", 0))


def _unnamed(specs: Sequence[ColSpec | TensorSpec]) -> NestedType | None:
    """Return the nested type of the one column that is declared, without a name."""
    kind = specs[0].type if len(specs) == 1 and specs[0].name is None else None
    return kind if isinstance(kind, NestedType) else None


def is_one_value(specs: Sequence[ColSpec | TensorSpec]) -> bool:
    """Return whether any object is one value of the one column, so a row."""
    return isinstance(_unnamed(specs), Object | Map)


def is_one_column(data: Iterable[Any], specs: Sequence[ColSpec | TensorSpec]) -> bool:
    """Return whether a list holds the values of the one column, not rows."""
    kind = _unnamed(specs)
    if kind is None:
        return False
    leaf, depth = leaf_of(kind)
    if not depth:
        return not any(map(is_row, data))
    return not is_opaque(leaf) and depth_of(data) == depth + 1


def is_one_row(data: Mapping[Any, Any], specs: Sequence[ColSpec | TensorSpec]) -> bool | None:
    """Return whether a mapping holds one row: cells under its names, not columns of cells.

    None says that it is neither: there are single values, and a column where a scalar is declared.
    """
    lists = [name for name, value in data.items() if is_row(value)]
    if not lists:
        return bool(data)
    # MLflow writes the names of a frame with numbered columns as numbers (ENF-012).
    nested = {str(spec.name): spec.type for spec in specs if isinstance(spec.type, NestedType)}
    columns = [name for name in lists if not (nested and _is_cell(data[name], nested, name))]
    if len(columns) == len(data):
        return False
    scalars = {str(spec.name) for spec in specs} - nested.keys()
    return True if scalars.isdisjoint(map(str, columns)) else None


def _is_cell(value: Any, nested: Mapping[str, Any], name: Any) -> bool:
    """Return whether a list is one value of the type that is declared for its name."""
    leaf, depth = leaf_of(nested.get(str(name)))
    return bool(depth) and not is_opaque(leaf) and depth_of(value) == depth
