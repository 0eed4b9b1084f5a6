"""Tables as Arrow and Parquet (RST-127), with pyarrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel.scoring.writers.tables import NotATable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_file", "write_parquet", "write_stream"]


def write_stream(table: pd.DataFrame) -> bytes:
    """Return a table as a stream of Arrow; see :data:`mlmodel.scoring.writers.Write`.

    Raises:
        NotATable: a column's values have no type of Arrow in common.

    """
    return _written(table, lambda pa, sink, schema: pa.ipc.new_stream(sink, schema))


def write_file(table: pd.DataFrame) -> bytes:
    """Return a table as a file of Arrow; raises as :func:`write_stream`."""
    return _written(table, lambda pa, sink, schema: pa.ipc.new_file(sink, schema))


def write_parquet(table: pd.DataFrame) -> bytes:
    """Return a table as a file of Parquet; raises as :func:`write_stream`."""
    return _written(table, _parquet_writer)


def _parquet_writer(_: Any, sink: Any, schema: Any) -> Any:
    from pyarrow import parquet as pq

    return pq.ParquetWriter(sink, schema)


def _written(table: pd.DataFrame, writer: Any) -> bytes:
    pa = require("pyarrow", "arrow")
    sink = pa.BufferOutputStream()
    try:
        held = pa.Table.from_pandas(table, preserve_index=False, nthreads=1)
        held = held.replace_schema_metadata(None)
        with writer(pa, sink, held.schema) as out:
            out.write_table(held)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise NotATable("has a column whose values are not of one type of Arrow") from None
    written: bytes = sink.getvalue().to_pybytes()
    return written
