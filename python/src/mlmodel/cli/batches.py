"""A file scored in pieces of rows, with a line that says how far it is: for several commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from mlmodel.cli._shared import open_input, open_output
from mlmodel.cli.progress import BytesProgress
from mlmodel.errors import InvalidArgument, MlmodelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmodel.scoring.pieces.piece import Piece

__all__ = ["pieces_of", "score_pieces"]


def pieces_of(
    source: str, content_type: str, batch_rows: int | None, label: str = "scoring"
) -> Iterator[Piece]:
    """Give the pieces of a file or of standard input, and show how far it was read.

    Raises:
        InvalidArgument: the file cannot be read or cut, or nothing came on standard input.
        MalformedRequest: the file is not of its form.

    """
    from mlmodel.scoring.pieces.reading import pieces

    with open_input(source) as file:
        shown = BytesProgress(label, _size(file))
        try:
            for piece in pieces(file, content_type, batch_rows):
                if not piece.read and source == "-" and not piece.start and not piece.rows:
                    raise InvalidArgument(
                        "Nothing came on standard input: give a file with -i, or hand the data "
                        "over."
                    )
                yield piece
                shown.advance(max(0, piece.read - shown.done))
        finally:
            shown.clear()


def _size(file: BinaryIO) -> int | None:
    try:
        return os.fstat(file.fileno()).st_size or None
    except OSError:
        return None


def score_pieces(
    given: Iterator[Piece],
    target: str | None,
    form: str,
    ask: Callable[[Piece], bytes],
    *,
    whole: bool,
) -> None:
    """Ask about each piece and write the answers as they come, as one.

    Args:
        given: the pieces.
        target: the file to write, which is there at the end or not at all; None: standard output.
        form: the short name of the answers' form.
        ask: returns the answer to a piece.
        whole: there is one piece, and whatever the answer is, it is written.

    Raises:
        MlmodelError: as ``ask``; rows are those of the file.
        WriteFailed: the file cannot be written.

    """
    from mlmodel.scoring.pieces.answers import joined
    from mlmodel.scoring.pieces.rows import at_row

    # Nothing is written, nor a file made, before the first answer is there.
    first = next(given)
    answer = ask(first)
    with open_output(target) as out:
        answers = joined(form, out, whole=whole)
        answers.add(answer, None if whole else first.rows)
        for piece in given:
            try:
                answer = ask(piece)
            except MlmodelError as error:
                raise at_row(error, piece.start) from None
            answers.add(answer, piece.rows)
            out.flush()
        answers.end()
