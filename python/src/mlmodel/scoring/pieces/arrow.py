"""Arrow and Parquet in pieces, each a stream of Arrow with the file's own schema (RST-191)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from mlmodel.scoring.codecs.arrow_tables import library, readable
from mlmodel.scoring.media import FORMS
from mlmodel.scoring.pieces.piece import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["pieces"]


def pieces(file: IO[bytes], form: str, batch_rows: int) -> Iterator[Piece]:
    """Give a file (``arrow``, ``arrows`` or ``parquet``) in pieces.

    A piece has a schema of its own and no rows but its own; where a file holds more than fits into
    memory, no more of it is read than a piece and the parts around it.

    Raises:
        MalformedRequest: the file is not wholly of its form, as far as it was read (RST-118).
        MissingDependency: pyarrow is not installed.

    """
    with readable(_NAMES[form]):
        yield from _pieces(file, form, batch_rows)


_NAMES = {"arrow": "a file of Arrow", "arrows": "a stream of Arrow", "parquet": "a file of Parquet"}


def _pieces(file: IO[bytes], form: str, batch_rows: int) -> Iterator[Piece]:
    pa = library()
    schema, batches = _opened(pa, file, form, batch_rows)
    held: list[Any] = []
    start = rows = 0
    for batch in batches:
        place = 0
        while place < batch.num_rows:
            taken = batch.slice(place, batch_rows - rows)
            taken.validate(full=True)
            held.append(taken)
            place += taken.num_rows
            rows += taken.num_rows
            if rows == batch_rows:
                yield _piece(pa, schema, held, start, rows, file)
                start, rows, held = start + rows, 0, []
    if rows or not start:
        yield _piece(pa, schema, held, start, rows, file)


def _opened(pa: Any, file: IO[bytes], form: str, batch_rows: int) -> tuple[Any, Iterator[Any]]:
    if form == "parquet":
        from pyarrow import parquet as pq

        whole = pq.ParquetFile(file, pre_buffer=False)
        return whole.schema_arrow, whole.iter_batches(batch_rows, use_threads=False)
    options = pa.ipc.IpcReadOptions(use_threads=False)
    if form == "arrows":
        stream = pa.ipc.open_stream(file, options=options)
        return stream.schema, iter(stream)
    reader = pa.ipc.open_file(file, options=options)
    return reader.schema, map(reader.get_batch, range(reader.num_record_batches))


def _piece(pa: Any, schema: Any, held: list[Any], start: int, rows: int, file: IO[bytes]) -> Piece:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as out:
        for batch in held:
            out.write_batch(batch.replace_schema_metadata(schema.metadata))
    body: bytes = sink.getvalue().to_pybytes()
    return Piece(FORMS["arrows"], body, start, rows, file.tell() if file.seekable() else 0)
