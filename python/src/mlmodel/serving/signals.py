"""The signals that a parent process is told by."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections import deque
from typing import Any, Self

__all__ = ["Signals"]

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP")


class Signals:
    """Notes the signals that come; :attr:`woken` can be waited for."""

    def __init__(self) -> None:
        self.came: deque[int] = deque()
        self.woken, self._bell = socket.socketpair()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._bell.settimeout(0)
        self.woken.settimeout(0)
        for name in _NAMES:
            if (number := getattr(signal, name, None)) is not None:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.woken.close()
        self._bell.close()

    def _note(self, number: int, _frame: object) -> None:
        self.came.append(number)
        with contextlib.suppress(OSError):
            self._bell.send(b"\0")

    @property
    def ending(self) -> bool:
        """Return whether the server is to end."""
        return any(number in {signal.SIGTERM, signal.SIGINT} for number in self.came)

    def taken(self, name: str) -> bool:
        """Return whether a signal came, and forget it."""
        number = getattr(signal, name, 0)
        came = number in self.came
        while number in self.came:
            self.came.remove(number)
        return came

    def rest(self) -> None:
        """Let it be waited for again."""
        with contextlib.suppress(BlockingIOError):
            while self.woken.recv(4096):
                pass
