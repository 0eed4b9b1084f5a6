"""Arrow tables and Polars frames: as data frames, and the types that they declare (SIG-042).

Nothing here is imported unless such an object is at hand, nor are their libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel._base.extras import require
from mlmodel.signature.cells import object_array
from mlmodel.signature.celltype import no_type, numpy_type
from mlmodel.signature.columntype import arrow_type
from mlmodel.signature.datatypes import DataType
from mlmodel.signature.frames import from_arrays
from mlmodel.signature.nested import AnyType, Array, Map, NestedType, Object, Property

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["arrow_kind", "columns_of", "decoded", "frame_of"]

_NESTED = ("list", "large_list", "fixed_size_list", "list_view", "large_list_view")

Kind = DataType | NestedType


def columns_of(data: Any) -> tuple[list[str | None], list[Any]] | None:
    """Return names and columns of what Arrow or Polars hold; None for anything else.

    Taken are a Table, a RecordBatch, an Array or ChunkedArray (one column without a name), and a
    DataFrame or Series of Polars. A column is pandas' array around Arrow's data, uncopied, the
    values in place of a dictionary's codes; an object array where Arrow has no type for it. The
    libraries are not imported to find out.

    Raises:
        MissingDependency: data of Polars, and no pyarrow.

    """
    kinds = {f"{cls.__module__.partition('.')[0]}.{cls.__name__}" for cls in type(data).__mro__}
    if "polars.DataFrame" in kinds:
        return list(data.columns), [_of_polars(series) for series in data.get_columns()]
    if "polars.Series" in kinds:
        return [data.name or None], [_of_polars(data)]
    if kinds & {"pyarrow.Table", "pyarrow.RecordBatch"}:
        return list(data.schema.names), [decoded(column) for column in data.columns]
    if kinds & {"pyarrow.Array", "pyarrow.ChunkedArray"}:
        return [None], [decoded(data)]
    return None


def _of_polars(series: Any) -> Any:
    pa = require("pyarrow", "arrow")
    if str(series.dtype) == "Object":
        return object_array(series.to_list())
    try:
        return decoded(series.to_arrow())
    except pa.ArrowException:
        return object_array(series.to_list())


def decoded(column: Any) -> Any:
    """Return pandas' array around an Arrow column, the values in place of a dictionary's codes."""
    column = _plain(column)
    return pd.array(column, dtype=pd.ArrowDtype(column.type))


def _plain(column: Any) -> Any:
    while _name(column.type) == "dictionary":
        column = column.cast(column.type.value_type)
    return column


def frame_of(data: Any) -> pd.DataFrame | None:
    """Return Arrow or Polars data as a data frame, None for anything else (ENF-010).

    Its columns are Arrow-backed: nothing is copied, and what Arrow says of types is kept.
    """
    found = columns_of(data)
    if found is None:
        return None
    names, columns = found
    labels = pd.RangeIndex(1) if names == [None] else pd.Index(names, tupleize_cols=False)
    return from_arrays(columns, pd.RangeIndex(len(data)), labels)


# -- types ----------------------------------------------------------------------------------------


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
    name = _name(held)
    if name.startswith("decimal"):
        return DataType.double
    read = _READERS.get(name)
    if read is None:
        raise no_type(place, f"Arrow's {held}")
    return read(column, place)


def _name(held: Any) -> str:
    return str(held).partition("<")[0].partition("(")[0]


def _list(column: Any, place: str) -> Kind:
    pc = require("pyarrow.compute", "arrow")
    return Array(arrow_kind(pc.list_flatten(column), f"an item of {place}"))


def _struct(column: Any, place: str) -> Kind:
    pc = require("pyarrow.compute", "arrow")
    present = column.drop_null()
    properties = []
    for position, field in enumerate(column.type):
        values = pc.struct_field(present, [position])
        kind = arrow_kind(values, f"{field.name!r} of {place}")
        properties.append(Property(field.name, kind, not values.null_count))
    return Object(properties)


def _map(column: Any, place: str) -> Kind:
    if arrow_type(column.type.key_type) is not DataType.string:
        raise no_type(place, f"Arrow's {column.type}", "keys are texts")
    pa = require("pyarrow", "arrow")
    items = pa.chunked_array([chunk.items for chunk in column.chunks], column.type.item_type)
    return Map(arrow_kind(items, f"a value of {place}"))


def _decoded(column: Any, place: str) -> Kind:
    return arrow_kind(_plain(column), place)


def _nothing(column: Any, place: str) -> Kind:  # noqa: ARG001 - as all readers
    return AnyType()


_READERS: dict[str, Callable[[Any, str], Kind]] = {
    **dict.fromkeys(_NESTED, _list),
    "struct": _struct,
    "map": _map,
    "dictionary": _decoded,
    "null": _nothing,
}
