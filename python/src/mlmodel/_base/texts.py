"""Words of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LONGEST_SHOWN", "MOST_NAMED", "counted", "cut", "cut_name", "first_names", "printable"]

#: How many characters of a value, key or path a message shows (MLM-035).
LONGEST_SHOWN = 200
#: How many names, or reasons, are told of several, and how many characters of each.
MOST_NAMED = 6
_LONGEST_NAME = 120


def counted(number: int, noun: str) -> str:
    """Return ``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def cut(text: str, most: int = LONGEST_SHOWN) -> str:
    """Return a text as a report shows it: what is longer than ``most`` ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def cut_name(name: str) -> str:
    """Return a name as it stands among others: no longer than a person reads."""
    return cut(name, _LONGEST_NAME)


def first_names(names: Iterable[str]) -> str:
    """Return the first of several names or reasons, and how many more there are."""
    shown = list(map(cut_name, names))
    more = [f"{len(shown) - MOST_NAMED} more"] if len(shown) > MOST_NAMED else []
    return ", ".join([*shown[:MOST_NAMED], *more])


def printable(text: str) -> str:
    """Return a text as a terminal may be given it: control characters escaped, lines kept."""
    return "\n".join(
        line if line.isprintable() else "".join(map(_escaped, line)) for line in text.split("\n")
    )


def _escaped(character: str) -> str:
    if character.isprintable() or character == "\t":
        return character
    return character.encode("unicode_escape").decode()
