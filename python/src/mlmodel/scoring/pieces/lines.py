"""JSON lines: a record a line, as requests of records (RST-191)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import orjson

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.media import JSON
from mlmodel.scoring.pieces.piece import MOST_BYTES, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["pieces"]


def pieces(file: IO[bytes], batch_rows: int | None) -> Iterator[Piece]:
    """Give a file of a JSON object a line as requests with so many records; None: with all.

    Raises:
        MalformedRequest: a line is not an object; the message says which.

    """
    records: list[bytes] = []
    start = read = size = 0
    number = 0
    while line := file.readline(MOST_BYTES):
        number += 1
        read += len(line)
        if line.isspace():
            continue
        _check(line, number)
        records.append(line.strip())
        size += len(line)
        if len(records) == batch_rows or (batch_rows is not None and size > MOST_BYTES):
            yield _piece(records, start, read)
            start += len(records)
            records, size = [], 0
    if records or not start:
        yield _piece(records, start, read)


def _piece(records: list[bytes], start: int, read: int) -> Piece:
    body = b'{"dataframe_records":[' + b",".join(records) + b"]}"
    return Piece(JSON, body, start, len(records), read)


def _check(line: bytes, number: int) -> None:
    """Check that a line is one object, whatever it holds: no line may end the list around it."""
    try:
        value = orjson.loads(line)
    except ValueError:
        try:
            value = json_body.loads(line)  # with the tokens that it may have (ENF-065)
        except MalformedRequest as error:
            raise MalformedRequest(f"Line {number} of the file: {error.message}") from None
    if type(value) is not dict:
        raise MalformedRequest(
            f"Line {number} of the file is {json_body.kind_of(value)}; each line is one object, "
            "which holds a row by the names of its columns (RST-191)."
        )
