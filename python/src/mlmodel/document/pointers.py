"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["join", "shown_pointer", "split"]

#: A longer pointer is not shown (MLM-035).
_LONGEST = 1_000


def join(path: Iterable[Any]) -> str:
    """Return the pointer for a path of keys and positions."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def shown_pointer(path: Sequence[Any]) -> str | None:
    """Return the pointer for a path as a violation shows it, None where it is too long (MLM-035).

    The time it takes does not grow with the keys.
    """
    length = 0
    for part in path:
        length += len(part) + 1 if isinstance(part, str) else 1
        if length > _LONGEST:
            return None
    found = join(path)
    return found if len(found) <= _LONGEST else None


def split(pointer: str) -> list[str]:
    """Return the tokens of a pointer; the empty pointer has none."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
