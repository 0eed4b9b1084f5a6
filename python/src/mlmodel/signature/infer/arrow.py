"""The types that Arrow data declare (SIG-042)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel._base.extras import require
from mlmodel.signature.data.arrow import unencoded
from mlmodel.signature.infer.cells import no_type, numpy_type
from mlmodel.signature.types.arrow import ARROW_ENCODED, ARROW_LISTS, arrow_type, type_name
from mlmodel.signature.types.nested import AnyType, Array, Map, NestedType, Object, Property
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["arrow_kind"]

Kind = DataType | NestedType


def arrow_kind(column: Any, place: str) -> Kind:
    """Return the type of an Arrow column, of its data where properties may be missing.

    Args:
        column: a pyarrow ChunkedArray.
        place: what errors call it.

    Raises:
        InvalidArgument: no type of the format holds it (SIG-014).

    """
    held = column.type
    kind = arrow_type(held)
    if kind is not None:
        return kind or numpy_type(np.dtype(held.to_pandas_dtype()), place)
    name = type_name(held)
    if name.startswith("decimal"):
        return DataType.double
    read = _READERS.get(name)
    if read is None:
        raise no_type(place, f"Arrow's {held}")
    return read(column, place)


def _list_kind(column: Any, place: str) -> Kind:
    pc = require("pyarrow.compute", "arrow")
    return Array(arrow_kind(pc.list_flatten(column), f"an item of {place}"))


def _struct_kind(column: Any, place: str) -> Kind:
    pc = require("pyarrow.compute", "arrow")
    present = column.drop_null()
    properties = []
    for position, field in enumerate(column.type):
        values = pc.struct_field(present, [position])
        kind = arrow_kind(values, f"{field.name!r} of {place}")
        properties.append(Property(field.name, kind, not values.null_count))
    return Object(properties)


def _map_kind(column: Any, place: str) -> Kind:
    if arrow_type(column.type.key_type) is not DataType.string:
        raise no_type(place, f"Arrow's {column.type}", "keys are texts")
    pa = require("pyarrow", "arrow")
    items = pa.chunked_array([chunk.items for chunk in column.chunks], column.type.item_type)
    return Map(arrow_kind(items, f"a value of {place}"))


def _encoded_kind(column: Any, place: str) -> Kind:
    return arrow_kind(unencoded(column), place)


def _null_kind(column: Any, place: str) -> Kind:  # noqa: ARG001 - as all readers
    return AnyType()


_READERS: dict[str, Callable[[Any, str], Kind]] = {
    **dict.fromkeys(ARROW_LISTS, _list_kind),
    "struct": _struct_kind,
    "map": _map_kind,
    **dict.fromkeys(ARROW_ENCODED, _encoded_kind),
    "null": _null_kind,
}
