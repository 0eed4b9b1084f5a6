"""What an implementation says of a failure, fit for a report that is kept.

Paths and addresses in memory differ from run to run; and a report shows no machine.
"""

from __future__ import annotations

import re

__all__ = ["said_by", "shown", "steady"]

_LONGEST = 160
_CHANGING = (
    (re.compile(r"(?:file://|(?<![\w/.]))/(?:[\w.@+~-]+/)+[\w.@+~-]*"), "(path)"),
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "(address)"),
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
    text = " ".join(steady(text).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def steady(text: str) -> str:
    """Return a text without what is of one run or one machine alone."""
    for pattern, stands_for in _CHANGING:
        text = pattern.sub(stands_for, text)
    return text
