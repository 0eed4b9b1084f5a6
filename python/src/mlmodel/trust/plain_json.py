"""Values of JSON that say nothing to whatever they are given to but numbers and names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re

__all__ = ["are_names", "is_data", "is_number"]

#: What is larger is no count of anything that fits into memory.
_MOST_NUMBER = 2**24


def is_number(value: Any) -> bool:
    """Return whether a value is a number that is not too large, or null."""
    if isinstance(value, int):  # a boolean too
        return -_MOST_NUMBER <= value <= _MOST_NUMBER
    return value is None or isinstance(value, float)


def is_data(value: Any) -> bool:
    """Return whether a value is numbers alone, or nothing."""
    if isinstance(value, list):
        return all(map(is_data, value))
    return is_number(value) or value in ("", {})


def are_names(value: Any, pattern: re.Pattern[str]) -> bool:
    """Return whether a value is a name that ``pattern`` matches, a number, or a list of such."""
    if isinstance(value, list):
        return all(are_names(one, pattern) for one in value)
    return is_number(value) or (isinstance(value, str) and pattern.match(value) is not None)
