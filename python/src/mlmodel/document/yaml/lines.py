"""Lines and columns of a text, as YAML counts them (MLM-040)."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

__all__ = ["BREAK", "line_starts", "place"]

#: What ends a line.
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def line_starts(text: str) -> list[int]:
    """Return the offset at which each line begins."""
    if text.isascii() and "\r" not in text:
        lines = text.split("\n")
        return [0, *accumulate(len(line) + 1 for line in lines[:-1])]
    return [0, *(match.end() for match in BREAK.finditer(text))]


def place(starts: list[int], offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset."""
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1
