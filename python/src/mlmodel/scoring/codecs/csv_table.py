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
_CELL = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\Z)')
#: A cell in quotes, between separators. No character is tried twice.
_QUOTED = re.compile(r'(?<![^,\n])"((?:[^"]++|"")*+)"(?=,|\r?\n|\Z)')
#: Stands before the number of a cell that was taken out; a text that holds it goes the slow way.
_TAKEN = "\0"


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

    def __init__(self, lines: list[str], width: int, taken: list[str]) -> None:
        self.header = _with_taken(lines[0].split(","), taken)
        self._lines = lines[1:]
        self._width = width
        self._taken = taken

    @cached_property
    def columns(self) -> Sequence[Sequence[Text]]:
        cells = ",".join(self._lines).split(",") if self._lines else []
        parts = (cells[place :: self._width] for place in range(self._width))
        return [_with_taken(column, self._taken) for column in parts]

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
    return _plain_table(text) or _table_of(tokenize(text))


def _table_of(rows: list[list[Text]]) -> Table:
    if not rows:
        raise MalformedRequest("The CSV is empty; its first line names the columns (RST-015).")
    header, *rows = rows
    for place, row in enumerate(rows):
        if len(row) != len(header):
            raise MalformedRequest(
                f"Row {place} of the CSV has {len(row)} cells, but the header names "
                f"{len(header)} columns (RST-015)."
            )
    return _TableOfRows(header, list(zip(*rows, strict=True)) if rows else [()] * len(header))


def _plain_table(text: str) -> Table | None:
    """Return a table of two columns or more, or None where it is not plain."""
    taken: list[str] = []
    if '"' in text:
        if _TAKEN in text:
            return None
        text = _QUOTED.sub(lambda found: f"{_TAKEN}{_put(taken, found[1])}", text)
    text = text.replace("\r\n", "\n")
    if '"' in text or (taken and "\r" in text):
        return None
    lines = text.split("\n")
    if not lines[0]:
        return None  # one column without a name
    if "" in lines:
        lines = list(filter(None, lines))
    commas = set(map(str.count, lines, repeat(",")))
    # Of one column an empty line has a meaning; lines that differ are told one by one.
    if len(commas) != 1 or commas == {0}:
        return None
    return _PlainTable(lines, commas.pop() + 1, taken)


def _put(taken: list[str], cell: str) -> int:
    taken.append(cell.replace('""', '"') if '"' in cell else cell)
    return len(taken) - 1


def _with_taken(cells: list[str], taken: list[str]) -> list[Text]:
    """Put the cells that were in quotes back, and None for those that are empty without."""
    if taken:
        return [taken[int(cell[1:])] if cell[:1] == _TAKEN else cell or None for cell in cells]
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
            line = text.count("\n", 0, place) + 1
            csv_faults.check_quote(text, place)
            raise MalformedRequest(f"Line {line} of the CSV has a quote out of place (RST-015).")
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
