"""Arrow's lists, structs and maps as the cells of nested types (ENF-038).

Arrow says of every depth what it holds, so its columns go by their types, as other typed columns
do; only then are the cells read, as Python's values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlmodel.signature.types.arrow import type_name
from mlmodel.signature.types.nested import Array, Map, NestedType, Object, is_opaque
from mlmodel.signature.types.scalars import DataType

__all__ = ["cells_of"]

_LISTS = frozenset({"list", "large_list", "fixed_size_list", "list_view", "large_list_view"})

#: Whether a column of a type of Arrow is taken for a scalar type.
Takes = Callable[[DataType, Any], bool]


def cells_of(
    values: Any, kind: DataType | NestedType, takes: Takes
) -> tuple[list[Any], str | None]:
    """Return the cells of pandas' Arrow-backed array, and why its type is refused, or None."""
    fault = _arrow_fault(values.dtype.pyarrow_dtype, kind, "", takes)
    if fault is not None:
        return [], fault
    try:
        return values.__arrow_array__().to_pylist(maps_as_pydicts="strict"), None
    except (KeyError, ValueError):
        return [], "a key of a map appears twice"


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
    if isinstance(kind, Array) and name in _LISTS:
        return [(held.value_type, kind.dtype, f"{place}[]")]
    if isinstance(kind, Map) and name == "map" and str(held.key_type).endswith("string"):
        return [(held.item_type, kind.value_type, f"{place}[]")]
    if isinstance(kind, Object) and name == "struct":
        declared = {one.name: one.dtype for one in kind.properties}
        # A field that is not declared is found in the cells (ENF-035).
        fields = [field for field in held if field.name in declared]
        return [(one.type, declared[one.name], f"{place}.{one.name}") for one in fields]
    return None
