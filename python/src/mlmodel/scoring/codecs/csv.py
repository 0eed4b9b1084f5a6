"""``text/csv``: RFC 4180 with a header (RST-015 and following)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs import csv_cells, csv_faults, tables, tensors

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode", "tokenize"]

#: One cell and what ends it: a quoted text (a quote in it is doubled) or a bare one.
_CELL = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\Z)')


def decode(payload: Payload[str], matching: Matching) -> Columns | Tensors:
    """Read a table with a header; see :data:`mlmodel.scoring.codecs.Decoder`."""
    text = payload.value.removeprefix("\ufeff")
    csv_faults.check_lines(text)
    rows = tokenize(text)
    if not rows:
        raise MalformedRequest("The CSV is empty; its first line names the columns (RST-015).")
    header, *rows = rows
    csv_faults.check_header(header, matching)
    for place, row in enumerate(rows):
        if len(row) != len(header):
            raise MalformedRequest(
                f"Row {place} of the CSV has {len(row)} cells, but the header names "
                f"{len(header)} columns (RST-015)."
            )
    names = _names_of(header, matching)
    if not names[0] and len(header) > 1:
        # What to_csv() writes: the index, under no name (RST-017).
        names, rows = names[1:], [row[1:] for row in rows]
    if len(header) == 1:
        # Of one column an empty line is not written: "" is what writers have for a gap (ENF-062).
        rows = [[cell or None for cell in row] for row in rows]
    reader = payload.reader
    reader.rules, reader.null = csv_cells.RULES, "a missing value"
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    read = csv_cells.values(reader, matching, names, columns)
    if matching.has_tensors:
        return tensors.from_frame_columns(payload, matching, names, read)
    return tables.from_columns(payload, matching, names, read)


def _names_of(header: list[str | None], matching: Matching) -> tuple[str, ...]:
    """Return the names of a header; one that is empty is what pandas calls it, if declared so.

    pandas numbers columns without a name by their places, and a second of that name (RST-097).
    """
    if all(header):
        return tuple(filter(None, header))
    names: list[str] = []
    for place, given in enumerate(header):
        name = given or f"Unnamed: {place}"
        times = 0
        while not given and name in header:
            times += 1
            name = f"Unnamed: {place}.{times}"
        names.append(name if given or name in matching.names else "")
    return tuple(names)


def tokenize(text: str) -> list[list[str | None]]:
    """Return the cells of all lines: a text, or None for an empty cell without quotes.

    Empty lines are skipped where there are two columns or more, as every reader does; of one
    column they are missing cells, but for those at the end (RST-016).

    Raises:
        MalformedRequest: a quote stands where none may (RST-015).

    """
    if '"' not in text:
        lines = text.replace("\r\n", "\n").split("\n")
        if lines and not lines[-1]:
            lines.pop()
        return _without_blank_rows([[cell or None for cell in line.split(",")] for line in lines])
    return _without_blank_rows(_quoted_rows(text))


def _quoted_rows(text: str) -> list[list[str | None]]:
    rows: list[list[str | None]] = []
    row: list[str | None] = []
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
