"""What is wrong with a CSV that other tools wrote, and what to do about it (RST-098).

A table with other separators, other ends of lines or without a header is never read by a guess:
it would be refused anyway, for reasons that say little. Here it is told what it looks like.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs.csv_cells import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.signature.enforce.matching import Matching

__all__ = ["check_header", "check_lines", "check_quote"]

#: A carriage return that ends a line by itself.
_LONE_RETURN = re.compile(r"\r(?!\n)")
_QUOTED = re.compile(r'"[^"]*"')
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def check_lines(text: str) -> None:
    """Refuse lines that end with a carriage return alone.

    Raises:
        MalformedRequest: some do.

    """
    if "\r" in text and _LONE_RETURN.search(_QUOTED.sub("", text) if '"' in text else text):
        raise MalformedRequest(
            "Lines of the CSV end with a carriage return (CR) alone; end them with LF or CR LF "
            "(RST-098, RST-015)."
        )


def check_quote(text: str, place: int) -> None:
    """Refuse a quote out of place that stands beside another separator.

    Args:
        text: the CSV.
        place: where the cell begins that is not one.

    Raises:
        MalformedRequest: it does.

    """
    quoted = _QUOTED.match(text, place)
    beside = quoted.end() if quoted else text.find('"', place) - 1
    if text[beside : beside + 1] in _SEPARATORS:
        raise _parted_by(text[beside])


def check_header(header: Sequence[str | None], matching: Matching) -> None:
    """Refuse a first line whose cells are not separated by commas, or that is not a header.

    Raises:
        MalformedRequest: it looks so, and nothing that is declared is called so.

    """
    if not matching.names.isdisjoint(filter(None, header)):
        return
    if len(header) == 1 and header[0]:
        _check_separator(header[0], matching)
    columns = None if matching.schema is None or matching.has_tensors else matching.schema.inputs
    fits = columns is None or len(header) == len(columns)
    if fits and _is_data(header, named=columns is not None and matching.has_names):
        raise MalformedRequest(
            "The first line of the CSV holds data where the names of the columns are expected: "
            "put a line with the names in front (RST-098, RST-015)."
        )


def _is_data(line: Sequence[str | None], *, named: bool) -> bool:
    """Return whether a line that names no declared column holds numbers.

    Where columns have no names, a whole number may be what one is called.
    """
    if named:
        return any(map(is_number, line))
    return all(map(is_number, line)) and not all(str(cell).isdigit() for cell in line)


def _check_separator(line: str, matching: Matching) -> None:
    declared = () if matching.schema is None else matching.schema.inputs
    for separator in _SEPARATORS:
        parts = [part.strip(' "') for part in line.split(separator)]
        if len(parts) > 1 and (len(declared) > 1 or not matching.names.isdisjoint(parts)):
            raise _parted_by(separator)


def _parted_by(separator: str) -> MalformedRequest:
    return MalformedRequest(
        f"The cells of the CSV are separated by {_SEPARATORS[separator]}; separate them by commas, "
        "with a point before decimals (RST-098, RST-015)."
    )
