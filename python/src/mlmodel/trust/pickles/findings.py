"""What a look at a file gives: findings, damage, and the record for the unpickler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "MOST_FINDINGS",
    "NOT_FOLLOWED",
    "WRITES_FILES",
    "Finding",
    "Malformed",
    "RawArray",
    "Recording",
    "Scan",
]

#: What is found beyond these is not kept (a file of a million bad names says the same).
MOST_FINDINGS = 100

# Reasons to refuse that several checks have.
NOT_FOLLOWED = "its state cannot be followed"
WRITES_FILES = "it writes files to a folder; set memory=None before you save the model"


class Malformed(Exception):
    """The bytes are not one whole pickle; the message says what was met."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not allowed: the name (empty when it is not a name), why, and where.

    ``position``: the byte. ``where``: the way to it inside the object (``.steps[1][1].func``),
    where that is known. ``unlisted``: the name is not on the list of names that need no trust.
    """

    name: str
    reason: str
    position: int = 0
    where: str = ""
    unlisted: bool = False

    def __str__(self) -> str:
        line = f"{self.name}: {self.reason}" if self.name else self.reason
        return f"{line} (at {self.where})" if self.where else line


@dataclass(frozen=True, slots=True)
class RawArray:
    """What stands between the opcodes of a joblib stream: raw bytes, or a pickle (``nested``)."""

    begin: int
    end: int
    nested: Recording | None = None


@dataclass(slots=True)
class Recording:
    """What one run of the machine understood, for the unpickler that follows.

    ``globals``: the current (module, name) of every look-up, in order. ``parts``: the opcodes as
    the machine read them, written anew where another reader could read them otherwise (TRU-049);
    together they are the pickle to load. ``arrays``: what stands between them in a joblib stream,
    in order. ``value``: what it would build, symbolically. ``end``: the offset behind STOP.
    """

    globals: list[tuple[str, str]] = field(default_factory=list)
    parts: list[bytes | memoryview] = field(default_factory=list)
    arrays: list[RawArray] = field(default_factory=list)
    value: Any = None
    end: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """What a static look found.

    ``container``: ``pickle``, ``joblib``, ``npy``, ``skops``, or the compression around it
    (``zlib``, ...). ``names``: every name that would be looked up, in order of appearance.
    ``findings``: what is not allowed. ``damage``: why the file is not whole (empty: it is).
    Nothing of the file was run, and no library imported.
    """

    container: str
    names: tuple[str, ...]
    findings: tuple[Finding, ...]
    damage: str = ""
    data: bytes = field(default=b"", repr=False, compare=False)
    recording: Recording | None = field(default=None, repr=False, compare=False)

    @property
    def allowed(self) -> bool:
        """Whether the file may be loaded without trust."""
        return not self.findings and not self.damage

    @property
    def refused(self) -> tuple[str, ...]:
        """The names that are refused, each once, in order of appearance."""
        return tuple(dict.fromkeys(finding.name for finding in self.findings if finding.name))

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line per finding, as errors show it."""
        return (*map(str, self.findings), *([self.damage] if self.damage else []))
