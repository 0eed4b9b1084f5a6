"""Words of messages."""

from __future__ import annotations

__all__ = ["LONGEST_SHOWN", "counted", "cut"]

#: How many characters of a value, key or path a message shows (MLM-035).
LONGEST_SHOWN = 200


def counted(number: int, noun: str) -> str:
    """Return ``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def cut(text: str, most: int = LONGEST_SHOWN) -> str:
    """Return a text as a report shows it: what is longer than ``most`` ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"
