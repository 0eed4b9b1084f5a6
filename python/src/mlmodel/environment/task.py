"""What a process that observes a model is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Observed", "Task"]


@dataclass(frozen=True, slots=True)
class Task:
    """What to load: a model folder, the flavor (None: python_function), where to answer."""

    folder: str
    answer: str
    flavor: str | None = None
    trust: bool = False
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class Observed:
    """The distributions that were imported, modules that belong to none, and what went wrong."""

    distributions: list[str] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    error: str | None = None
