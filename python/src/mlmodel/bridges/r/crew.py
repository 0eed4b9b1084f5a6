"""Several R processes that hold the same, of which each answers one question at a time."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from mlmodel._base.settings import whole_number
from mlmodel.bridges.r.process import Process

if TYPE_CHECKING:
    from mlmodel.bridges.r.serialized import Vector

__all__ = ["Crew"]

_WORKERS = "MLMODEL_R_WORKERS"


class Crew:
    """As many R processes as ``MLMODEL_R_WORKERS`` says, one where it says nothing.

    Each is started when the others are busy, and asked ``first`` then.
    """

    def __init__(self, *first: Vector) -> None:
        self._first = first
        self._most = whole_number(_WORKERS, 1, "CRA-006")
        self._anew()

    def _anew(self) -> None:
        self._owner = os.getpid()
        self._idle: list[Process] = []
        self._all: list[Process] = []
        self._changed = threading.Condition()

    def start(self) -> Vector:
        """Start one, and return its answer to what is asked first; errors as for Process."""
        process = self._taken()
        try:
            return process.start()
        finally:
            self._given(process)

    def ask(self, *question: Vector) -> Vector:
        """Return the answer of one that is not busy; errors as for Process."""
        process = self._taken()
        try:
            return process.ask(*question)
        finally:
            self._given(process)

    def numbers(self) -> list[int]:
        """Return the numbers of the processes that run."""
        return [number for one in self._all if (number := one.number) is not None]

    def close(self) -> None:
        """End those that are not busy; a later question starts another."""
        if self._owner == os.getpid():
            with self._changed:
                for process in self._idle:
                    process.close()

    def _taken(self) -> Process:
        if self._owner != os.getpid():
            # In a fork, the pipes are the parent's still.
            self._anew()
        with self._changed:
            while not self._idle and len(self._all) >= self._most:
                self._changed.wait()
            if not self._idle:
                made = Process(*self._first)
                self._all.append(made)
                return made
            return self._idle.pop()

    def _given(self, process: Process) -> None:
        with self._changed:
            self._idle.append(process)
            self._changed.notify()
