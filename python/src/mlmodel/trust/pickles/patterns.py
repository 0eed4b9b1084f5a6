"""Regular expressions of a model: how much work they can be."""

from __future__ import annotations

import importlib
import re
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["repetitions"]


def repetitions(pattern: str) -> int | None:
    """Return how many repetitions a pattern has one after the other.

    None where one is within another, where the pattern refers to what a group has matched, and
    where it cannot be read: what matching it costs is not known then.
    """
    parser: Any = importlib.import_module("re._parser")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = list(_parts(parser.parse(pattern), within=False))
    except (re.error, RecursionError, OverflowError, ValueError):
        return None
    return None if "no" in parts else parts.count("repeat")


def _parts(parsed: Any, *, within: bool) -> Iterator[str]:
    """Yield ``repeat`` for each repetition, ``no`` for one within another and for references."""
    for code, value in parsed:
        kind = str(code)
        repeats = kind in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"} and value[1] > 1
        if kind.startswith("GROUPREF") or (repeats and within):
            yield "no"
        elif repeats:
            yield "repeat"
        inner = value if isinstance(value, tuple | list) else ()
        for part in _patterns(inner):
            yield from _parts(part, within=within or repeats)


def _patterns(value: Any) -> Iterator[Any]:
    for one in value:
        if type(one).__name__ == "SubPattern":
            yield one
        elif isinstance(one, list):
            yield from _patterns(one)
