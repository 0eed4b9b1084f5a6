"""A file in pieces, whatever its form (RST-191)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from mlmodel.errors import InvalidArgument, shown
from mlmodel.scoring import media
from mlmodel.scoring.media import FORMS, X_PARQUET
from mlmodel.scoring.pieces.piece import Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.signature.types.schema import Schema

__all__ = ["JSON_LINES", "can_be_cut", "check_declared", "pieces"]

#: JSON lines, which are no request's form: a piece of them becomes one of records.
JSON_LINES = "application/x-ndjson"
_LINES = frozenset({JSON_LINES, "application/jsonl", "application/jsonlines", "application/ndjson"})
_ARROW = {FORMS["arrow"]: "arrow", FORMS["arrows"]: "arrows", FORMS["parquet"]: "parquet",
          X_PARQUET: "parquet"}  # fmt: skip


def can_be_cut(content_type: str) -> bool:
    """Return whether files of a content type can be read in pieces: those of JSON cannot."""
    name = media.parse(content_type).name
    return name in _LINES or name in _ARROW or name == FORMS["csv"]


def pieces(file: IO[bytes], content_type: str, batch_rows: int | None) -> Iterator[Piece]:
    """Give the rows of a file, so many at a time, each time as the body of a request.

    Args:
        file: open for reading; Arrow and Parquet that are not a file on disk are read whole.
        content_type: what it holds.
        batch_rows: how many rows a piece has; None gives the whole file as one.

    Raises:
        InvalidArgument: a file of this form cannot be cut.
        UnsupportedMediaType: the content type is not one.
        MalformedRequest: the file is not of its form, as far as that shows; each piece is read by
            the codec of its form, which finds the rest.

    """
    name = media.parse(content_type).name
    if name in _LINES:
        from mlmodel.scoring.pieces import lines

        yield from lines.pieces(file, batch_rows)
    elif batch_rows is None:
        body = file.read()
        yield Piece(content_type, body, 0, 0, len(body))
    elif name == FORMS["csv"]:
        from mlmodel.scoring.pieces import csv

        yield from csv.pieces(file, content_type, batch_rows)
    elif name in _ARROW:
        from mlmodel.scoring.pieces import arrow

        yield from arrow.pieces(file, _ARROW[name], batch_rows)
    else:
        raise InvalidArgument(
            f"Data of {shown(name)} are one value, which cannot be read in pieces of rows; save "
            "them as JSON lines (one object a line, .jsonl), CSV or Parquet, or leave out "
            "--batch-rows (RST-191)."
        )


def check_declared(declared: Schema | None) -> None:
    """Check that a model can be asked in pieces, as far as its inputs tell.

    Raises:
        InvalidArgument: it declares none, so that a column's type is known from all rows alone
            (RST-012).

    """
    if declared is None:
        raise InvalidArgument(
            "The model declares no inputs, so the types of the columns are known from all rows "
            "together, and pieces might be read otherwise than the whole; leave out --batch-rows "
            "(RST-191)."
        )
