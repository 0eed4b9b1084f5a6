"""``text/csv``: RFC 4180 with a header (RST-015 and following)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidInput
from mlmodel.scoring.codecs import csv_arrow, csv_cells, csv_faults, tables, tensors
from mlmodel.scoring.codecs.csv_table import read_table
from mlmodel.signature.cells.reader import InexactParse, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.scoring.codecs.csv_cells import Text
    from mlmodel.scoring.codecs.csv_table import Table
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode"]


def decode(payload: Payload[str], matching: Matching) -> Columns | Tensors:
    """Read a table with a header; see :data:`mlmodel.scoring.codecs.Decoder`."""
    text = payload.value.removeprefix("\ufeff")
    csv_faults.check_lines(text)
    quickly = csv_arrow.read(payload, matching, text)
    if quickly is not None:
        return quickly
    table = read_table(text)
    csv_faults.check_header(table.header, matching)
    names = _names_of(table.header, matching)
    exact = payload.reader
    exact.rules, exact.null = csv_cells.RULES, "a missing value"
    # Numbers are read as JSON's first, in C; what that may have rounded is read by its texts.
    for attempt in (_read_numbers, _read_columns):
        with suppress(InexactParse):
            payload.reader = Reader(
                rules=exact.rules, every=exact.every, null=exact.null, most=exact.most
            )
            found = attempt(payload, matching, names, table)
            if found is not None:
                return found
    payload.reader = exact
    return _read_columns(payload, matching, names, table)


def _read_numbers(
    payload: Payload[str], matching: Matching, names: tuple[str, ...], table: Table
) -> Columns | None:
    """Read a table of nothing but numbers, where nothing else is declared; else None."""
    if not csv_cells.are_numbers(matching) or (not names[0] and not matching.has_names):
        return None
    cells = table.numbers()
    if cells is None:
        return None
    try:
        return tables.from_rows(
            payload, matching, names, cells, len(cells) // len(names), len(names)
        )
    except InvalidInput:
        return None  # the texts say what is wrong


def _read_columns(
    payload: Payload[str], matching: Matching, names: tuple[str, ...], table: Table
) -> Columns | Tensors:
    columns = table.columns
    if not names[0] and len(names) > 1:
        # What to_csv() writes: the index, under no name (RST-017).
        names, columns = names[1:], columns[1:]
    if len(table.header) == 1:
        # Of one column an empty line is not written: "" is what writers have for a gap (ENF-062).
        columns = [[cell or None for cell in columns[0]]]
    read = csv_cells.values(payload.reader, matching, names, columns)
    if matching.has_tensors:
        return tensors.from_frame_columns(payload, matching, names, read)
    return tables.from_columns(payload, matching, names, read)


def _names_of(header: Sequence[Text], matching: Matching) -> tuple[str, ...]:
    """Return the names of a header; one that is empty is what pandas calls it, if declared so.

    pandas numbers columns without a name by their places, and a second of that name (RST-097).
    """
    if all(header):
        return tuple(filter(None, header))
    if not any(name.startswith(csv_arrow.UNNAMED) for name in matching.names):
        return tuple([given or "" for given in header])
    names: list[str] = []
    taken = frozenset(header)
    for place, given in enumerate(header):
        name = given or f"{csv_arrow.UNNAMED}{place}"
        times = 0
        while not given and name in taken:
            times += 1
            name = f"{csv_arrow.UNNAMED}{place}.{times}"
        names.append(name if given or name in matching.names else "")
    return tuple(names)
