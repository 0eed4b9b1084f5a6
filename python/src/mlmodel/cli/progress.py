"""How far long work is: a line on standard error, where a person looks at it."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from mlmodel._base import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["BytesProgress", "Progress", "downloads_shown"]

_T = TypeVar("_T")

#: Seconds of silence before the line appears, and between two of its states.
_PATIENCE, _PAUSE = 2.0, 0.1
_BAR = 24
_ERASE = "\r\x1b[2K"


class Progress:
    """A line that says how much of the work is done; nothing unless it lasts, on a terminal."""

    def __init__(self, label: str, total: int | None = None) -> None:
        self.label, self.total, self.done = label, total, 0
        self._shown = False
        self._is_terminal = sys.stderr.isatty()
        self._next = time.monotonic() + _PATIENCE

    def over(self, work: Iterable[_T]) -> Iterator[_T]:
        """Give what is given, each counted when the next one is asked for."""
        try:
            for one in work:
                yield one
                self.advance()
        finally:
            self.clear()

    def advance(self, number: int = 1) -> None:
        """Count, and show the line where it is time."""
        self.done += number
        if self._is_terminal and time.monotonic() >= self._next:
            self._next = time.monotonic() + _PAUSE
            self._shown = True
            # Every command enters here, and few have a line to show.
            from mlmodel.cli._shared import one_line

            _write(f"{_ERASE}{one_line(self._line())}")

    def clear(self) -> None:
        """Take the line away, before something else is printed."""
        if self._shown:
            self._shown = False
            _write(_ERASE)

    def _line(self) -> str:
        if not self.total:
            return f"{self.label} {self._said(self.done)}"
        filled = min(_BAR, self.done * _BAR // self.total)
        bar = "#" * filled + "-" * (_BAR - filled)
        return f"{self.label} [{bar}] {self._said(self.done)} of {self._said(self.total)}"

    def _said(self, number: int) -> str:
        return f"{number:,}"


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


class BytesProgress(Progress):
    """A line that says how many bytes are done."""

    def _said(self, number: int) -> str:
        from mlmodel.cli._shared import size

        return size(number)


def downloads_shown() -> AbstractContextManager[None]:
    """Return the context in which each download shows how far it is."""
    return progress.shown_by(_download)


@contextmanager
def _download(total: int) -> Iterator[Callable[[int], None]]:
    shown = BytesProgress("downloading", total)
    try:
        yield shown.advance
    finally:
        shown.clear()
