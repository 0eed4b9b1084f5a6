"""Words of messages."""

from __future__ import annotations

__all__ = ["LONGEST_SHOWN", "counted", "cut", "printable"]

#: How many characters of a value, key or path a message shows (MLM-035).
LONGEST_SHOWN = 200


def counted(number: int, noun: str) -> str:
    """Return ``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def cut(text: str, most: int = LONGEST_SHOWN) -> str:
    """Return a text as a report shows it: what is longer than ``most`` ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def printable(text: str) -> str:
    """Return a text as a terminal may be given it: control characters escaped, lines kept."""
    return "\n".join(
        line if line.isprintable() else "".join(map(_escaped, line)) for line in text.split("\n")
    )


def _escaped(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    return character.encode("unicode_escape").decode()
