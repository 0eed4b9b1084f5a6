"""What an implementation says of a failure, fit for a report that is kept.

Paths, addresses in memory and times differ from run to run; and a report shows no machine.
"""

from __future__ import annotations

import re

__all__ = ["said_by", "shown"]

_LONGEST = 200
_CHANGING = (
    (re.compile(r"(?<![\w/.])/(?:[\w.@+~-]+/)+[\w.@+~-]*"), "(path)"),
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "(address)"),
    (re.compile(r"\d{4}[/-]\d\d[/-]\d\d[ T]\d\d:\d\d:\d\d\S*"), "(time)"),
)


def said_by(error: BaseException) -> str:
    """Return the class of an exception and the beginning of its text."""
    return shown(f"{type(error).__name__}: {error}")


def shown(text: str) -> str:
    """Return the beginning of a text, without what is of one run or one machine alone.

    Of a traceback it is the exception.
    """
    if "Traceback (most recent call last)" in text:
        text = text.strip().rpartition("\n")[2]  # the exception
    text = text[: 50 * _LONGEST]
    for pattern, stands_for in _CHANGING:
        text = pattern.sub(stands_for, text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
