"""``application/vnd.apache.parquet``: tables of Parquet (RST-117 ff)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.scoring.codecs import arrow_tables
from mlmodel.scoring.codecs.arrow_tables import library, readable
from mlmodel.scoring.codecs.parquet_pages import check_pages, read_footer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from mlmodel.scoring.codecs.arrow_tables import Buffer
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode", "in_batches"]

#: What the library may make of metadata: texts by their bytes, lists by their items.
_LIMITS = {"thrift_string_size_limit": 16 * 2**20, "thrift_container_size_limit": 200_000}


def decode(payload: Payload[bytes], matching: Matching) -> pd.DataFrame:
    """Read a file; see :data:`mlmodel.scoring.codecs.Decoder`."""
    with readable("a file of Parquet"):
        table, written = _table(payload.value)
        return arrow_tables.data_of(payload, matching, table, written)


def _checked(body: Buffer, *, apart: bool) -> tuple[Any, set[str]]:
    """Return the library's reader of a file, whose pages have been looked into.

    And the columns to be read as categories; see :func:`.parquet_pages.check_pages`.

    Raises:
        MalformedRequest: it is not a whole file, or has an encoding that is not read (RST-118).
        PayloadTooLarge: it would become too large (RST-119).

    """
    footer = read_footer(body)
    file = _opened(body)
    return file, check_pages(body, footer, file.schema, apart=apart)


def in_batches(body: Buffer, rows: int) -> tuple[Any, Iterator[tuple[Any, float]]]:
    """Return a file's schema, and its rows, at most so many at a time.

    Each batch comes with the share of all rows that ends with it.

    Each batch has been validated, and what it holds been counted before texts stand in the place
    of their codes.

    Raises:
        MalformedRequest: it is not a whole file, or has an encoding that is not read (RST-118).
        PayloadTooLarge: a row group or batch would become too large (RST-119).

    """
    file, written = _categorized(body, apart=True)
    batches = (
        arrow_tables.plain(body, batch, written)
        for number in range(file.num_row_groups)
        for batch in file.iter_batches(
            rows, row_groups=[number], use_threads=False, use_pandas_metadata=False
        )
    )
    return written, _by_rows(batches, file.metadata.num_rows)


def _by_rows(batches: Iterable[Any], count: int) -> Iterator[tuple[Any, float]]:
    done = 0
    for batch in batches:
        done += batch.num_rows
        yield batch, done / max(1, count)


def _opened(body: Buffer, **options: Any) -> Any:
    pa = library()
    from pyarrow import parquet as pq

    return pq.ParquetFile(
        pa.BufferReader(pa.py_buffer(body)), pre_buffer=False, **options, **_LIMITS
    )


def _categorized(body: Buffer, *, apart: bool) -> tuple[Any, Any]:
    """Return a reader that leaves texts at their codes, and the schema as it was written."""
    file, encoded = _checked(body, apart=apart)
    written = file.schema_arrow
    if encoded:
        # A second look at the same metadata: how columns are read is told at the beginning.
        file = _opened(body, read_dictionary=sorted(encoded))
    return file, written


def _table(body: bytes) -> tuple[Any, Any]:
    """Return the table, texts by their dictionaries, and its schema as it was written."""
    pa = library()
    file, written = _categorized(body, apart=False)
    # One by one: of several the library joins no dictionaries within lists and structs.
    groups = [
        file.read_row_group(number, use_threads=False, use_pandas_metadata=False)
        for number in range(file.num_row_groups)
    ]
    table = pa.concat_tables(groups) if groups else file.schema_arrow.empty_table()
    table.validate(full=True)
    return table, written
