"""The server's parent process: light, holds no model, starts, replaces and ends the workers.

Nothing that the model needs is imported here, so that the parent costs some 30 MiB only.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import time
from collections import deque
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Self

from mlmodel._base.extras import require
from mlmodel.errors import InternalError, MlmodelError, ModelFailure
from mlmodel.sandbox.frames import BadFrame, error_of, receive
from mlmodel.sandbox.limits import clean_environment
from mlmodel.serving.listening import listen, listen_at, url_of
from mlmodel.serving.logs import set_up
from mlmodel.serving.settings import GRACE
from mlmodel.serving.worker import encryption, work
from mlmodel.store.sandboxing import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from mlmodel.serving.settings import Settings
    from mlmodel.store.sandboxing import Sandboxed

__all__ = ["run"]

#: How long the parent waits beyond the workers' grace before it kills them, in seconds.
_BEYOND = 1.0
#: A worker that ends so soon after its start is started again later each time, until so late.
_EARLY, _LATEST = 10.0, 30.0
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
_log = logging.getLogger("mlmodel.serving")


def run(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called with the URL once it answers.

    On SIGHUP the workers are replaced one after the other, each by one that has loaded the model
    again; none is ended before the other is ready (RST-116).

    Raises:
        InvalidArgument: the port is taken or the address is not this machine's.
        MlmodelError: what a worker reported while it loaded the model.

    """
    require("httptools", "serve")
    found = decide(settings.model, settings.sandbox, trust=settings.trust, allow=settings.allow)
    if found is not None:
        root = str(found.folder.root)
        settings = replace(
            settings,
            model=root,
            wall=found.wall,
            digest=found.digest,
            variables=found.variables,
        )
    if settings.certificate is not None:
        encryption(settings)  # a file that cannot be used is told before anything is started
    with _listening(settings) as listener, _Signals() as told:
        # Where the model has processes of its own the wall is around these.
        parent = _Parent(settings, listener, None if settings.isolate else found, told)
        try:
            if parent.start():
                scheme = "http" if settings.certificate is None else "https"
                ready(url_of(settings.host, listener, scheme))
                set_up()
                parent.watch()
        finally:
            parent.end()


def _listening(settings: Settings) -> contextlib.AbstractContextManager[socket.socket]:
    if settings.socket is not None:
        return listen_at(settings.socket)
    return contextlib.closing(listen(settings.host, settings.port))


@dataclass
class _Worker:
    """One process that serves."""

    process: BaseProcess
    report: Connection
    born: float
    ready: bool = False

    def reported(self) -> MlmodelError | None:
        """Return the error that it reports, None where it has loaded the model (TRU-084)."""
        try:
            told, _ = receive(self.report.fileno())
            error = None if told is None else error_of(told)
        except EOFError:
            self.process.join(1)
            error = InternalError(
                "A worker process ended unexpectedly, killed or out of memory perhaps; "
                "the server has stopped."
            )
        except (OSError, BadFrame):
            error = ModelFailure(
                "A worker process sent an invalid report, so the server has stopped (TRU-084)."
            )
        self.report.close()
        self.ready = error is None
        return error


class _Signals:
    """Notes the signals that come; :attr:`woken` can be waited for."""

    def __init__(self) -> None:
        self.came: deque[int] = deque()
        self.woken, self._bell = socket.socketpair()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._bell.settimeout(0)
        self.woken.settimeout(0)
        for name in _SIGNALS:
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


class _Parent:
    """Starts the workers, and new ones in the place of those that end."""

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        found: Sandboxed | None,
        told: _Signals,
    ) -> None:
        self._settings, self._listener, self._told = settings, listener, told
        self._found = found
        # Behind a wall a worker is a fresh process, without this one's memory (TRU-082).
        self._context: Any = multiprocessing.get_context(None if found is None else "spawn")
        self._workers: list[_Worker] = []
        self._retiring: list[_Worker] = []
        self._coming: _Worker | None = None
        self._to_replace: deque[_Worker] = deque()
        self._delay = 0.0
        self._begin_at: list[float] = []

    def start(self) -> bool:
        """Start all workers; return whether they are ready, False where a signal came before.

        Raises:
            MlmodelError: what a worker reported.

        """
        for _ in range(self._settings.workers):
            self._workers.append(self._begin())
        while not all(worker.ready for worker in self._workers):
            loading = [worker for worker in self._workers if not worker.ready]
            woken = wait([*(worker.report for worker in loading), self._told.woken])
            if self._told.ending:
                return False
            self._told.rest()
            for worker in loading:
                if worker.report in woken and (error := worker.reported()) is not None:
                    raise error
        return True

    def watch(self) -> None:
        """Replace what ends, until a signal ends all."""
        while not self._told.ending:
            self._told.rest()
            self._look_after()
            if self._told.taken("SIGHUP"):
                self._to_replace.extend(self._workers)
                _log.info("The workers are replaced, one after the other (SIGHUP).")
            self._replace_next()
            if self._told.ending:
                return
            sources: list[Any] = [self._told.woken]
            sources += [one.process.sentinel for one in (*self._workers, *self._retiring)]
            if self._coming is not None:
                sources.append(self._coming.report)
            due = min(self._begin_at, default=None)
            wait(sources, None if due is None else max(0.0, due - time.monotonic()))

    def end(self) -> None:
        """End the workers: what they have begun they finish, within the grace (RST-076)."""
        coming = [] if self._coming is None else [self._coming]
        left = [*self._workers, *self._retiring, *coming]
        for worker in left:
            worker.process.terminate()
        until = time.monotonic() + GRACE + _BEYOND
        for worker in left:
            worker.process.join(max(0.0, until - time.monotonic()))
        for worker in left:
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _begin(self) -> _Worker:
        report, target = multiprocessing.Pipe(duplex=False)
        process = self._context.Process(
            target=work, args=(self._settings, self._listener, target), name="mlmodel-worker"
        )
        with _apart(self._found):
            process.start()
        target.close()
        return _Worker(process, report, time.monotonic())

    def _look_after(self) -> None:
        now = time.monotonic()
        for worker in [one for one in self._retiring if not one.process.is_alive()]:
            self._retiring.remove(worker)
        for worker in [one for one in self._workers if not one.process.is_alive()]:
            self._workers.remove(worker)
            with contextlib.suppress(ValueError):
                self._to_replace.remove(worker)
            if now - worker.born < _EARLY:
                self._delay = min(_LATEST, max(0.5, 2 * self._delay))
            else:
                self._delay = 0.0
            _log.error(
                "Worker %d has ended unexpectedly (%s); another one is started.",
                worker.process.pid,
                _end_of(worker.process),
            )
            self._begin_at.append(now + self._delay)
        if self._coming is not None and self._coming.report.poll():
            self._take_in(self._coming)
            self._coming = None

    def _take_in(self, worker: _Worker) -> None:
        """Let a worker that reports serve, or say why it cannot."""
        error = worker.reported()
        if error is None:
            self._workers.append(worker)
            _log.info("Worker %d is ready.", worker.process.pid)
            if len(self._workers) > self._settings.workers and self._to_replace:
                old = self._to_replace.popleft()
                self._workers.remove(old)
                self._retiring.append(old)
                old.process.terminate()
            return
        worker.process.terminate()
        self._retiring.append(worker)
        _log.error("A new worker could not load the model: %s", error)
        self._to_replace.clear()
        if len(self._workers) < self._settings.workers:
            self._delay = min(_LATEST, max(0.5, 2 * self._delay))
            self._begin_at.append(time.monotonic() + self._delay)

    def _replace_next(self) -> None:
        if self._coming is not None:
            return
        due = [at for at in self._begin_at if at <= time.monotonic()]
        if due:
            self._begin_at.remove(due[0])
            self._coming = self._begin()
        elif self._to_replace and not self._begin_at:
            self._coming = self._begin()


def _end_of(process: BaseProcess) -> str:
    process.join()
    code = process.exitcode or 0
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


@contextlib.contextmanager
def _apart(found: Sandboxed | None) -> Iterator[None]:
    """Let a worker behind a wall begin without this process's variables, which are put back."""
    if found is None:
        yield
        return
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(clean_environment(before, found.variables))
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
