"""``application/vnd.apache.parquet``: tables of Parquet (RST-117 ff)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.scoring.codecs import arrow_tables
from mlmodel.scoring.codecs.arrow_tables import library, readable
from mlmodel.scoring.codecs.parquet_pages import check_pages, read_footer

if TYPE_CHECKING:
    import pandas as pd

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode"]

#: What the library may make of metadata: texts by their bytes, lists by their items.
_LIMITS = {"thrift_string_size_limit": 16 * 2**20, "thrift_container_size_limit": 200_000}


def decode(payload: Payload[bytes], matching: Matching) -> pd.DataFrame:
    """Read a file; see :data:`mlmodel.scoring.codecs.Decoder`."""
    with readable("a file of Parquet"):
        table, written = _table(payload.value)
        return arrow_tables.data_of(payload, matching, table, written)


def _table(body: bytes) -> tuple[Any, Any]:
    """Return the table, texts by their dictionaries, and its schema as it was written."""
    pa = library()
    from pyarrow import parquet as pq

    footer = read_footer(body)
    whole = pa.py_buffer(body)
    file = pq.ParquetFile(pa.BufferReader(whole), pre_buffer=False, **_LIMITS)
    encoded = check_pages(body, footer, file.schema)
    written = file.schema_arrow
    if encoded:
        # A second look at the same metadata: how columns are read is told at the beginning.
        file = pq.ParquetFile(
            pa.BufferReader(whole),
            read_dictionary=sorted(encoded),
            pre_buffer=False,
            **_LIMITS,
        )
    # One by one: of several the library joins no dictionaries within lists and structs.
    groups = [
        file.read_row_group(number, use_threads=False, use_pandas_metadata=False)
        for number in range(file.num_row_groups)
    ]
    table = pa.concat_tables(groups) if groups else file.schema_arrow.empty_table()
    table.validate(full=True)
    return table, written
