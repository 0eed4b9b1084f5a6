"""Names that stand more than once, and memories that do not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.collections import remember, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_names_are_looked_at_once_to_find_repeated_ones() -> None:
    """SIG-004: a client's names, too, are looked through this way (ENF-058)."""
    seen: list[str] = []

    def names() -> Iterator[str]:
        for name in ("a", "b", "c", "b", "a", "b"):
            seen.append(name)
            yield name

    assert repeated(names()) == ["b", "a"]
    assert len(seen) == 6


def test_a_memory_keeps_what_came_last_and_does_not_grow() -> None:
    memory: dict[int, int] = {}
    for number in range(200):
        remember(memory, number, -number)
        assert memory[number] == -number
        assert len(memory) <= 64
