"""CSV in pieces: the line of names, and so many rows behind it (RST-015, RST-191)."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import numpy as np

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.pieces.piece import MOST_BYTES, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

__all__ = ["head_and_rows", "pieces"]

_BLOCK = 4 * 2**20
_QUOTE, _LINE, _COMMA = b'"', 10, b","


def pieces(file: IO[bytes], content_type: str, batch_rows: int) -> Iterator[Piece]:
    """Give a file in pieces.

    A line ends where an even number of quotes stands before its end: so it is in CSV that is right,
    and of CSV that is not, the first quote out of place still is in the piece that begins with a
    row, where the codec finds it.

    Raises:
        MalformedRequest: a row does not end.

    """
    lines = _Lines(file)
    head, _ = lines.take(1)
    lines.take_blank_lines(single=_COMMA not in head)
    start = 0
    while True:
        # Of an empty file the head is empty, and so is the piece: the codec says what to say.
        body, rows = lines.take(batch_rows)
        if rows or not start:
            yield Piece(content_type, head + body, start, rows, lines.read)
        if rows < batch_rows:
            return
        start += rows


def head_and_rows(answer: bytes) -> tuple[bytes, bytes, int]:
    """Return the line of names of an answer of CSV, its rows, and how many they are.

    Both end with a line's end, which the answer may leave out behind its last line.
    """
    body = answer if answer.endswith(b"\n") else answer + b"\r\n"
    ends = _ends(body)[0]
    behind = int(ends[0]) + 1 if len(ends) else len(body)
    return body[:behind], body[behind:], max(0, len(ends) - 1)


class _Lines:
    """The lines of a file, of which some are taken at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._held = b""
        self._place = 0
        self._is_closed = True
        self._blank_counts = False
        #: Where rows end that were not taken yet; the last of a file may end without a sign.
        self._ends = np.empty(0, np.intp)
        self._at_end = False
        #: How many bytes were read.
        self.read = 0

    def take_blank_lines(self, *, single: bool) -> None:
        """Let an empty line be a row where there is a single column (RST-016)."""
        self._blank_counts = single
        self._look()

    def take(self, rows: int) -> tuple[bytes, int]:
        """Return so many rows (fewer at the end), and how many they are."""
        while len(self._ends) < rows and not self._at_end:
            if len(self._held) > MOST_BYTES:
                what = "the rows are too long" if self._is_closed else "a quote is not closed"
                raise MalformedRequest(
                    f"{rows:,} rows of the CSV take more than {MOST_BYTES // 2**20} MiB: {what}, "
                    "or give fewer rows at a time (RST-191)."
                )
            self._more()
        if len(self._ends) >= rows:
            end = int(self._ends[rows - 1]) + 1
            taken, self._ends = self._held[self._place : end], self._ends[rows:]
            self._place = end
            return taken, rows
        taken, found = self._held[self._place :], len(self._ends)
        last = self._held[int(self._ends[-1]) + 1 :] if found else taken
        self._held, self._place, self._ends = b"", 0, self._ends[:0]
        return taken, found + bool(last.strip(b"\r\n"))

    def _more(self) -> None:
        block = self._file.read(max(_BLOCK, len(self._held) - self._place))
        self._at_end = not block
        self.read += len(block)
        self._held = self._held[self._place :] + block
        self._place = 0
        self._look()

    def _look(self) -> None:
        """Find where rows end."""
        self._held, self._place = self._held[self._place :], 0
        ends, self._is_closed = _ends(self._held)
        self._ends = ends if self._blank_counts else ends[_are_rows(self._held, ends)]


def _ends(body: bytes) -> tuple[npt.NDArray[np.intp], bool]:
    """Return the places at which lines end, and whether all quotes are closed."""
    codes = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(codes == _LINE)
    if _QUOTE not in body:
        return ends, True
    places = np.flatnonzero(codes == _QUOTE[0])
    before = np.searchsorted(places, ends)
    return ends[before % 2 == 0], len(places) % 2 == 0


def _are_rows(body: bytes, ends: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return which of the lines are not empty."""
    found = np.ones(len(ends), bool)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    for place in np.flatnonzero(ends - starts <= 1):
        found[place] = body[starts[place] : ends[place]].strip(b"\r") != b""
    return found
