"""What a look at a file gives: findings, damage, and the record for the unpickler."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Finding", "Malformed", "Recording"]


class Malformed(Exception):
    """The bytes are not one whole pickle; the message says what was met."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not allowed: the name (empty when it is no name), why, and where."""

    name: str
    reason: str
    position: int = 0


@dataclass(slots=True)
class Recording:
    """What one run of the machine saw, for the unpickler that follows.

    ``globals``: the current (module, name) of every look-up, in order. ``pieces``: for a joblib
    stream, the parts to load and the raw arrays between them, see ``containers``.
    """

    globals: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[tuple[str, int, int, object]] = field(default_factory=list)
    end: int = 0
