"""How far a download is, told to whoever shows it (a command); by default to nobody."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["begin", "shown_by"]

_SHOW: ContextVar[Callable[[int], Callable[[int], object]] | None] = ContextVar(
    "_SHOW", default=None
)


@contextmanager
def shown_by(show: Callable[[int], Callable[[int], object]]) -> Iterator[None]:
    """Let downloads of the context call ``show`` with their size, and its result with each part."""
    token = _SHOW.set(show)
    try:
        yield
    finally:
        _SHOW.reset(token)


def begin(total: int) -> Callable[[int], object]:
    """Return what is to be told how many bytes have arrived now; any thread may call it."""
    show = _SHOW.get()
    return _nobody if show is None else show(total)


def _nobody(_arrived: int) -> None:
    """Take it without a word."""
