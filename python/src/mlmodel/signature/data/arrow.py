"""Arrow tables and Polars frames: as data frames (ENF-010).

Nothing here is imported unless such an object is at hand, nor are their libraries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mlmodel._base.extras import require
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.frames import from_arrays
from mlmodel.signature.types.arrow import ARROW_ENCODED, type_name

__all__ = ["columns_of", "decoded", "frame_of", "unencoded"]


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
    """Return pandas' array around an Arrow column, whose values are not encoded."""
    column = unencoded(column)
    return pd.array(column, dtype=pd.ArrowDtype(column.type))


def unencoded(column: Any) -> Any:
    """Return an Arrow column with its values as such (ENF-116).

    They are put in the place of a dictionary's codes and of the runs of a run-end encoding; views
    of text and bytes, for which Arrow lacks most functions, become text and bytes.
    """
    while (name := type_name(column.type)) in ARROW_ENCODED:
        if name == "dictionary" and type_name(column.type.value_type) in ARROW_ENCODED:
            column = _taken(column)
        elif name == "dictionary":
            column = column.cast(column.type.value_type)
        elif name == "run_end_encoded":
            from pyarrow.compute import run_end_decode

            column = run_end_decode(column)
        else:
            column = _shown(column).cast(name.removesuffix("_view"))
    return column


def _shown(column: Any) -> Any:
    """Return views in which those of missing values show nothing.

    Such a view may be anything, and Arrow's cast follows it all the same, out of what the array
    holds.
    """
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array([_shown(chunk) for chunk in column.chunks], column.type)
    if not column.null_count:
        return column
    valid, shown, *texts = column.buffers()
    start, rows = column.offset, len(column)
    views = np.frombuffer(shown, np.int64, 2 * (start + rows)).reshape(-1, 2).copy()
    views[start:][~column.is_valid().to_numpy(zero_copy_only=False)] = 0
    buffers = [valid, pa.py_buffer(views), *texts]
    return pa.Array.from_buffers(column.type, rows, buffers, offset=start)


def _taken(column: Any) -> Any:
    """Return the values of a dictionary that is encoded itself, which Arrow does not cast."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        chunks = [_taken(chunk) for chunk in column.chunks]
        return pa.chunked_array(chunks) if chunks else pa.chunked_array([], pa.string())
    return unencoded(column.dictionary).take(column.indices)


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
