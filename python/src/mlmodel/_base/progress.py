"""How far a download is, told to whoever shows it (a command); by default to nobody."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Tell = Callable[[int], object]
    Show = Callable[[int], AbstractContextManager[Tell]]

__all__ = ["download", "shown_by"]

_SHOW: ContextVar[Show | None] = ContextVar("_SHOW", default=None)


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Let each download of this context go on in the context that ``show`` makes of its size."""
    token = _SHOW.set(show)
    try:
        yield
    finally:
        _SHOW.reset(token)


def download(total: int) -> AbstractContextManager[Tell]:
    """Return the context of a download of so many bytes (0: nobody knows how many).

    It gives what is to be told how many bytes have arrived now; any thread may call that.
    """
    show = _SHOW.get()
    return nullcontext(_nobody) if show is None else show(total)


def _nobody(_arrived: int) -> None:
    """Take it without a word."""
