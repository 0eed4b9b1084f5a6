"""Names of earlier editions: they work, and warn once, through this one mechanism."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SAID", "old_arguments", "old_name", "warn_once"]

P = ParamSpec("P")
R = TypeVar("R")

#: Old names that have been warned of in this process.
SAID: set[str] = set()


def warn_once(old: str, new: str) -> None:
    """Warn that ``old`` is now called ``new``; the second time, say nothing.

    Python shows such warnings for lines of the main script alone.
    """
    if old in SAID:
        return
    SAID.add(old)
    warn_caller(f"{old} is now called {new}", DeprecationWarning)


def old_arguments(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take arguments by old names: ``@old_arguments(old="new", …)``.

    The function raises InvalidArgument where both names of one argument are given.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            given: dict[str, Any] = kwargs
            for old in names.keys() & given.keys():
                new = names[old]
                if new in given:
                    raise InvalidArgument(f"{old} is the old name of {new}: give one of them")
                warn_once(f"{old} of {function.__qualname__}", new)
                given[new] = given.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate


def old_name(name: str, function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` under the name that it had before."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        warn_once(name, function.__qualname__)
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    return call
