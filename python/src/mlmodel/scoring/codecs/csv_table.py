"""The cells of a CSV by column, as texts (RST-015, RST-016).

A table is taken apart by the splitting of texts, in C. Cells in quotes are taken out before, by
one pass of an expression; what is not plain then goes the slow way, cell by cell, which
also says what is wrong.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any, Protocol

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs import csv_cells, csv_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.scoring.codecs.csv_cells import Text

__all__ = ["Table", "read_table", "tokenize"]

#: One cell and what ends it: a quoted text (a quote in it is doubled) or a bare one.
_CELL = re.compile(r'(?:"((?:[^"]*+"")*+[^"]*+)"|([^",\r\n]*+))(,|\r?\n|\Z)')
#: A cell in quotes, between separators. No character is tried twice.
_QUOTED = re.compile(r'(?<![^,\n])"((?:[^"]*+"")*+[^"]*+)"(?=,|\r?\n|\Z)')
#: Such a cell, or a quote that belongs to none.
_ANY_QUOTE = re.compile(f'{_QUOTED.pattern}|(")')
#: What may stand before the number of a cell that was taken out: the first that is not in the text.
_MARKS = "".join(map(chr, (*range(9), *range(14, 32))))


class Table(Protocol):
    """A header, and the cells below it."""

    header: list[Text]

    @property
    def columns(self) -> Sequence[Sequence[Text]]:
        """The cells by column."""

    def numbers(self) -> list[Any] | None:
        """Return all cells, row after row, as JSON would read them, or None.

        An empty cell is None. What else than numbers is among them is for the reader to find.
        """


class _TableOfRows:
    """A table that was taken apart cell by cell."""

    def __init__(self, header: list[Text], columns: Sequence[Sequence[Text]]) -> None:
        self.header = header
        self.columns = columns

    def numbers(self) -> list[Any] | None:
        return None


class _PlainTable:
    """A table of lines without quotes, each of as many cells as there are columns."""

    def __init__(self, lines: list[str], width: int, taken: list[str], mark: str) -> None:
        self.header = _with_taken(lines[0].split(","), taken, mark)
        self._lines = lines[1:]
        self._width = width
        self._taken = taken
        self._mark = mark

    @cached_property
    def columns(self) -> Sequence[Sequence[Text]]:
        cells = ",".join(self._lines).split(",") if self._lines else []
        parts = (cells[place :: self._width] for place in range(self._width))
        return [_with_taken(column, self._taken, self._mark) for column in parts]

    def numbers(self) -> list[Any] | None:
        text = ",".join(self._lines)
        if self._taken:
            return None
        if ",," in text or text[:1] == "," or text[-1:] == ",":
            text = f",{text},".replace(",,", ",null,").replace(",,", ",null,")[1:-1]
        return csv_cells.read_as_json(text, len(self._lines) * self._width)


def read_table(text: str) -> Table:
    """Return the cells of a CSV, of which the first line is the header.

    Empty lines are skipped where there are two columns or more, as every reader does; of one
    column they are missing cells, but for those at the end (RST-016).

    Raises:
        MalformedRequest: it is empty, a quote stands where none may, or a line has another number
            of cells than the first (RST-015).

    """
    text = _without_last_blanks(text)
    return _plain_table(text) or _table_of(tokenize(text))


def _without_last_blanks(text: str) -> str:
    """Return a text without the empty lines at its end, which are skipped: there may be many."""
    bare = text.rstrip("\r\n")
    # One that ends in a lone CR, and one of nothing but empty lines, is judged as it is.
    return (
        f"{bare}\n" if text and text[len(bare) :].replace("\r\n", "\n").count("\r") == 0 else text
    )


def _table_of(rows: list[list[Text]]) -> Table:
    if not rows:
        raise MalformedRequest("The CSV is empty; its first line names the columns (RST-015).")
    header, *rows = rows
    for place, row in enumerate(rows):
        if len(row) != len(header):
            raise _wrong_width(place, len(row), len(header))
    return _TableOfRows(header, list(zip(*rows, strict=True)) if rows else [()] * len(header))


def _wrong_width(place: int, width: int, expected: int) -> MalformedRequest:
    return MalformedRequest(
        f"Row {place} of the CSV has {width} cells, but the header names {expected} columns "
        "(RST-015)."
    )


def _plain_table(text: str) -> Table | None:
    """Return a table whose first line is not empty, or None where it is not plain.

    Raises:
        MalformedRequest: as read_table, found without taking all of the cells apart (RST-110).

    """
    taken: list[str] = []
    mark = ""
    if '"' in text:
        mark = next((one for one in _MARKS if one not in text), "")
        if not mark:
            return None
        given = text
        text = _QUOTED.sub(lambda found: f"{mark}{_put(taken, found[1])}", text)
        if '"' in text:
            _refuse_quote(given)
    text = text.replace("\r\n", "\n")
    if taken and "\r" in text:
        return None
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    if not lines or not lines[0]:
        return None  # empty, or one column without a name
    width = lines[0].count(",") + 1
    if width > 1 and "" in lines:
        lines = list(filter(None, lines))
    if {width - 1} != set(map(str.count, lines, repeat(","))):
        place, line = next((n, x) for n, x in enumerate(lines) if x.count(",") != width - 1)
        raise _wrong_width(place - 1, line.count(",") + 1, width)
    return _PlainTable(lines, width, taken, mark)


def _refuse_quote(text: str) -> None:
    """Refuse the first quote that does not belong to a cell in quotes."""
    place = next(one.start() for one in _ANY_QUOTE.finditer(text) if one[2])
    start = max(text.rfind(",", 0, place), text.rfind("\n", 0, place)) + 1
    _refuse_quote_in(text, start)


def _refuse_quote_in(text: str, start: int) -> None:
    """Refuse the cell that begins there, which has a quote out of place."""
    csv_faults.check_quote(text, start)
    line = text.count("\n", 0, start) + 1
    raise MalformedRequest(f"Line {line} of the CSV has a quote out of place (RST-015).")


def _put(taken: list[str], cell: str) -> int:
    taken.append(cell.replace('""', '"') if '"' in cell else cell)
    return len(taken) - 1


def _with_taken(cells: list[str], taken: list[str], mark: str) -> list[Text]:
    """Put the cells that were in quotes back, and None for those that are empty without."""
    if taken:
        return [taken[int(cell[1:])] if cell[:1] == mark else cell or None for cell in cells]
    return [cell or None for cell in cells] if "" in cells else [*cells]


def tokenize(text: str) -> list[list[Text]]:
    """Return the cells of all lines, one by one: a text, or None for an empty one without quotes.

    Raises:
        MalformedRequest: a quote stands where none may (RST-015).

    """
    if '"' not in text:
        lines = text.replace("\r\n", "\n").split("\n")
        if lines and not lines[-1]:
            lines.pop()
        return _without_blank_rows([[cell or None for cell in line.split(",")] for line in lines])
    return _without_blank_rows(_quoted_rows(text))


def _quoted_rows(text: str) -> list[list[Text]]:
    rows: list[list[Text]] = []
    row: list[Text] = []
    place = 0
    while place < len(text) or row:
        matched = _CELL.match(text, place)
        if matched is None:
            _refuse_quote_in(text, place)
            raise AssertionError("a cell was not refused")
        quoted, bare, end = matched.groups()
        row.append(quoted.replace('""', '"') if quoted is not None else bare or None)
        place = matched.end()
        if end != ",":
            rows.append(row)
            row = []
    return rows


def _without_blank_rows(rows: list[list[Any]]) -> list[list[Any]]:
    while len(rows) > 1 and rows[-1] == [None]:
        rows.pop()
    if not rows or len(rows[0]) == 1:
        return rows
    return [row for row in rows if row != [None]]
