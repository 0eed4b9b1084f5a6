"""What is asked: an implementation behind a pipe, or a server. And what it says to a case."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .cases import Case

__all__ = ["About", "Answer", "Broken", "Failure", "Skip", "Subject", "require_posix"]


@dataclass(frozen=True)
class About:
    """What an implementation says of itself.

    Attributes:
        implementation: its name.
        version: its version.
        language: what it is written in, with the version of that.
        operations: the operations that it answers; None: all of them.
        profiles: the profiles that it claims; empty where it claims none by name.

    """

    implementation: str
    version: str
    language: str
    operations: tuple[str, ...] | None = None
    profiles: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Answer:
    """A result, to be compared with what the vector expects."""

    result: dict[str, Any]


@dataclass(frozen=True)
class Skip:
    """The case was not answered, and this is why."""

    reason: str


@dataclass(frozen=True)
class Failure:
    """There is no answer where there should be one: it hung, crashed, or said something else."""

    reason: str


class Broken(Exception):
    """An implementation cannot be asked at all; the message says why."""


def require_posix(what: str) -> None:
    """Stop where a process cannot be ended with all that it has started, as on Windows."""
    if not hasattr(os, "killpg"):
        raise Broken(
            f"To ask {what}, the runner needs POSIX (Linux, macOS, or the Linux of Windows, WSL); "
            "a server that runs can be asked from here by --server."
        )


class Subject(Protocol):
    """What can be asked cases, one at a time."""

    def start(self) -> About:
        """Get ready, and say what this is. Raises :class:`Broken`."""

    def ask(self, case: Case) -> Answer | Skip | Failure:
        """Ask one case."""

    def stop(self) -> None:
        """End what was started."""
