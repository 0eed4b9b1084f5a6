"""Arrow and Parquet in pieces, each a stream of Arrow with the file's own schema (RST-191)."""

from __future__ import annotations

import mmap
from typing import IO, TYPE_CHECKING, Any

from mlmodel.scoring.codecs import arrow, parquet
from mlmodel.scoring.codecs.arrow_tables import library, readable
from mlmodel.scoring.media import FORMS
from mlmodel.scoring.pieces.piece import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.scoring.codecs.arrow_tables import Buffer

__all__ = ["pieces"]


def pieces(file: IO[bytes], form: str, batch_rows: int) -> Iterator[Piece]:
    """Give a file (``arrow``, ``arrows`` or ``parquet``) in pieces.

    It is looked into as a body of its form is, before the library reads it. A piece has a schema of
    its own and no rows but its own; where a file holds more than fits into memory, no more of it is
    held than a piece and the parts around it. What is not a file on disk is read whole.

    Raises:
        MalformedRequest: the file is not wholly of its form (RST-118).
        PayloadTooLarge: a part of it would become too large (RST-119).
        MissingDependency: pyarrow is not installed.

    """
    with readable(_NAMES[form]):
        yield from _pieces(_looked_at(file), form, batch_rows)


_NAMES = {"arrow": "a file of Arrow", "arrows": "a stream of Arrow", "parquet": "a file of Parquet"}


def _looked_at(file: IO[bytes]) -> Buffer:
    """Return all bytes of a file; of one on disk those are read that are looked at."""
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # a pipe, bytes in memory, an empty file
        return file.read()


def _pieces(data: Buffer, form: str, batch_rows: int) -> Iterator[Piece]:
    pa = library()
    schema, batches = _opened(data, form, batch_rows)
    held: list[Any] = []
    start = rows = read = 0
    for batch, share in batches:
        read = int(share * len(data))
        place = 0
        while place < batch.num_rows:
            taken = batch.slice(place, batch_rows - rows)
            held.append(taken)
            place += taken.num_rows
            rows += taken.num_rows
            if rows == batch_rows:
                yield _piece(pa, schema, held, start, rows, read)
                start, rows, held = start + rows, 0, []
    if rows or not start:
        yield _piece(pa, schema, held, start, rows, len(data))


def _opened(data: Buffer, form: str, batch_rows: int) -> tuple[Any, Iterator[tuple[Any, float]]]:
    if form == "parquet":
        return parquet.in_batches(data, batch_rows)
    return arrow.stream_in_batches(data) if form == "arrows" else arrow.file_in_batches(data)


def _piece(pa: Any, schema: Any, held: list[Any], start: int, rows: int, read: int) -> Piece:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as out:
        for batch in held:
            out.write_batch(batch.replace_schema_metadata(schema.metadata))
    body: bytes = sink.getvalue().to_pybytes()
    return Piece(FORMS["arrows"], body, start, rows, read)
