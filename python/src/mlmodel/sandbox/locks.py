"""What wants other processes does with this one: semaphores without files, threads (TRU-090).

``multiprocessing`` keeps its semaphores in ``/dev/shm``, and joblib's *threads* want them too. That
folder is shared with the user's other processes, so the wall does not open it (TRU-081). Behind
the wall no process can be started, so a semaphore of this one is all that is needed. joblib
would start processes wherever a model says ``n_jobs``; it is given threads instead.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

__all__ = ["put_in_place"]

_RECURSIVE = 0
_MOST = 2**31 - 1


class _Semaphore:
    """What ``_multiprocessing.SemLock`` is, without a file."""

    SEM_VALUE_MAX = _MOST

    def __init__(self, kind: int, value: int, maxvalue: int, name: str, unlink: bool) -> None:
        del unlink
        self.kind, self.maxvalue, self.name, self.handle = kind, maxvalue, None, 0
        self._given_name = name
        self._value = value
        self._owner = 0
        self._count_held = 0
        self._changed = threading.Condition(threading.Lock())

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        me = threading.get_ident()
        end = None if timeout is None else time.monotonic() + max(0.0, timeout)
        with self._changed:
            if self.kind == _RECURSIVE and self._count_held and self._owner == me:
                self._count_held += 1
                return True
            while self._value == 0:
                left = None if end is None else end - time.monotonic()
                if not block or (left is not None and left <= 0):
                    return False
                self._changed.wait(left)
            self._value -= 1
            self._owner = me
            self._count_held += 1
            return True

    def release(self) -> None:
        with self._changed:
            if self.kind == _RECURSIVE:
                if not self._is_mine():
                    raise AssertionError("attempt to release recursive lock not owned by thread")
                if self._count_held > 1:
                    self._count_held -= 1
                    return
            elif self._value >= self.maxvalue:
                raise ValueError("semaphore or lock released too many times")
            self._count_held -= 1
            self._value += 1
            self._changed.notify()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_raised: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._count_held

    def _is_mine(self) -> bool:
        return self._count_held > 0 and self._owner == threading.get_ident()

    def _get_value(self) -> int:
        return self._value

    def _is_zero(self) -> bool:
        return self._value == 0

    def _after_fork(self) -> None:
        """Nothing is to be done: there is no fork here."""


_PARALLEL = "joblib.parallel"


class _Finder:
    """Changes joblib's table of backends as soon as it is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: object = None
    ) -> ModuleSpec | None:
        del target
        spec = PathFinder.find_spec(name, path) if name == _PARALLEL else None
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        run = loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            _use_threads(module)

        loader.exec_module = exec_module
        return spec


def _use_threads(module: Any) -> None:
    """Put threads in the place of each backend of joblib that would start processes."""
    for name in set(module.BACKENDS) - {"sequential", "threading"}:
        module.BACKENDS[name] = module.BACKENDS["threading"]


def put_in_place() -> None:
    """Let libraries of this process do without files and processes, once they are imported."""
    if _PARALLEL in sys.modules:
        _use_threads(sys.modules[_PARALLEL])
    else:
        sys.meta_path.insert(0, _Finder())
    try:
        module: Any = importlib.import_module("_multiprocessing")
    except ImportError:  # a Python without it: joblib computes in one thread
        return
    module.SemLock = _Semaphore
