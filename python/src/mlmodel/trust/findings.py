"""What a look at a file gives: findings, damage, and the record for the unpickler."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Finding", "Malformed", "Piece", "Recording"]


class Malformed(Exception):
    """The bytes are not one whole pickle; the message says what was met."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not allowed: the name (empty when it is no name), why, and where."""

    name: str
    reason: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the file: ``pickle`` (opcodes), ``array`` (raw bytes) or ``objects`` (nested)."""

    kind: str
    begin: int
    end: int
    nested: Recording | None = None


@dataclass(slots=True)
class Recording:
    """What one run of the machine saw, for the unpickler that follows.

    ``globals``: the current (module, name) of every look-up, in order. ``pieces``: the opcodes
    and, in a joblib stream, what stands between them. ``end``: the offset behind STOP.
    """

    globals: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    end: int = 0
