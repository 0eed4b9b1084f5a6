"""Small helpers for names and memories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["remember", "repeated"]
#: How many differently named or laid out inputs are remembered in one place.
_REMEMBERED = 64


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that stand more than once, each once, in the order of their repetition."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)


def remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep a value by a key of declared names; their number must be bounded by the caller's own."""
    # Even declared names can be sent in more orders than memory holds.
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value
