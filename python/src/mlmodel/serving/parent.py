"""The parent of the workers: starts them, replaces those that end, ends them."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import dataclass, replace
from enum import Enum
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InternalError, MlmodelError, ModelFailure
from mlmodel.sandbox.frames import BadFrame, error_of, receive
from mlmodel.sandbox.limits import clean_environment
from mlmodel.serving.observing.layout import leave, size_of
from mlmodel.serving.observing.table import Part, Table
from mlmodel.serving.settings import GRACE
from mlmodel.serving.watching import LOOK
from mlmodel.serving.worker import work

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from mlmodel.serving.settings import Settings
    from mlmodel.serving.signals import Signals
    from mlmodel.serving.watching import Watch

__all__ = ["Parent"]

#: How long the parent waits beyond the workers' grace before it kills them, in seconds.
_BEYOND = 1.0
#: How long a report may take that has begun; a worker may hold it back on purpose.
_REPORT = 5.0
#: A worker that ends so soon after its start is started again later each time, until so late.
_EARLY, _FIRST, _LATEST = 10.0, 0.5, 30.0
#: How many more workers may count than those that serve and those that take their places.
_SPARE = 8
_log = logging.getLogger("mlmodel.serving")


class _State(Enum):
    LOADING = 1
    SERVING = 2
    RETIRING = 3


@dataclass(eq=False)
class _Worker:
    """One process that serves.

    ``generation`` counts how often the model was to be loaded again when it was started; ``part``
    is where it counts requests, if they are counted.
    """

    process: BaseProcess
    report: Connection
    generation: int
    born: float
    state: _State = _State.LOADING
    part: Part | None = None

    def reported(self) -> MlmodelError | None:
        """Return the error that it reports, None where it has loaded the model (TRU-084)."""
        found: list[MlmodelError | None] = []
        reading = threading.Thread(target=lambda: found.append(self._report()), daemon=True)
        reading.start()
        reading.join(_REPORT)
        return found[0] if found else _invalid()

    def _report(self) -> MlmodelError | None:
        try:
            told, _ = receive(self.report.fileno())
            return None if told is None else error_of(told)
        except EOFError:
            self.process.join(1)
            return InternalError(
                "A worker process ended unexpectedly, killed or out of memory perhaps; "
                "the server has stopped."
            )
        except (OSError, BadFrame):
            return _invalid()


class Parent:
    """Keeps as many workers serving as there are to be (RST-115, RST-116).

    Args:
        settings: what they are asked to do.
        listener: the socket from which they accept. A worker behind a wall is a fresh process,
            without this one's memory and variables (TRU-082).
        told: the signals of this process.
        anew: each makes settings as they are to be when the models are loaded again; where one
            raises an MlmodelError they stay as they are.
        watch: says when they are to be loaded again without a signal (RST-168); None for never.

    """

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        told: Signals,
        anew: Sequence[Callable[[Settings], Settings]] = (),
        watch: Watch | None = None,
    ) -> None:
        self._settings, self._listener, self._told = settings, listener, told
        self._anew, self._watch = anew, watch
        self._context: Any = multiprocessing.get_context(None if settings.wall is None else "spawn")
        self._workers: list[_Worker] = []
        self._generation = 0
        #: The models were to be loaded again and could not be: those that serve are older.
        self._is_behind = False
        self._delay = 0.0
        self._not_before = 0.0
        self._table = _table(settings) if settings.metrics else None

    def start(self) -> bool:
        """Start all workers; return whether they are ready, False where a signal came before.

        Raises:
            MlmodelError: what a worker reported.

        """
        for _ in range(self._settings.workers):
            self._begin()
        while loading := self._of(_State.LOADING):
            woken = wait([*(worker.report for worker in loading), self._told.woken])
            if self._told.ending:
                return False
            self._told.rest()
            for worker in loading:
                if worker.report in woken:
                    if (error := worker.reported()) is not None:
                        raise error
                    worker.state = _State.SERVING
        self._settings = replace(self._settings, again=True)
        return True

    def watch(self) -> None:
        """Replace what ends, until a signal ends all."""
        while not self._told.ending:
            self._told.rest()
            if self._told.taken("SIGHUP"):
                self._load_again("SIGHUP")
            if self._watch is not None and self._watch.changed(time.monotonic()):
                self._load_again("what it is made of has changed")
            self._bury()
            for worker in self._of(_State.LOADING):
                if worker.report.poll():
                    self._take_in(worker)
            self._retire()
            pause = self._begin_next()
            if not self._told.ending:
                self._wait(pause)

    def end(self) -> None:
        """End the workers: what they have begun they finish, within the grace (RST-076)."""
        for worker in self._workers:
            worker.process.terminate()
        until = time.monotonic() + GRACE + _BEYOND
        for worker in self._workers:
            worker.process.join(max(0.0, until - time.monotonic()))
        for worker in self._workers:
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _load_again(self, why: str) -> None:
        """Have all workers replaced by such that load the models as they are now.

        All of them serve, old and new, until there are as many new ones as there are to be; only
        then the old ones end. So they are there if one of the new ones cannot load (RST-184).
        """
        self._take_back()  # what was loaded a moment ago is not what is wanted any more
        for made in self._anew:
            try:
                self._settings = made(self._settings)
            except MlmodelError as error:
                _log.error("What the server was given stays as it was: %s", error)
        self._generation += 1
        _log.info("The model is loaded again, in new workers (%s).", why)

    def _of(self, state: _State) -> list[_Worker]:
        return [worker for worker in self._workers if worker.state is state]

    def _old(self) -> list[_Worker]:
        serving = self._of(_State.SERVING)
        return [worker for worker in serving if worker.generation < self._generation]

    def _wait(self, seconds: float | None) -> None:
        loading = self._of(_State.LOADING)
        sources: list[Any] = [self._told.woken, *(worker.report for worker in loading)]
        sources += [worker.process.sentinel for worker in self._workers if worker not in loading]
        if self._watch is not None:
            seconds = LOOK if seconds is None else min(seconds, LOOK)
        wait(sources, seconds)

    def _begin(self) -> None:
        report, target = multiprocessing.Pipe(duplex=False)
        part = self._free_part()
        settings = replace(self._settings, part=part)
        process = self._context.Process(
            target=work, args=(settings, self._listener, target), name="mlmodel-worker"
        )
        with _apart(self._settings):
            process.start()
        target.close()
        worker = _Worker(process, report, self._generation, time.monotonic(), part=part)
        self._workers.append(worker)

    def _free_part(self) -> Part | None:
        """Return a part of the table in which no process counts; None where there is none."""
        if self._table is None:
            return None
        taken = {worker.part.number for worker in self._workers if worker.part is not None}
        free = (number for number in range(self._table.parts) if number not in taken)
        number = next(free, None)
        return None if number is None else Part(self._table, number)

    def _bury(self) -> None:
        """Forget workers that have ended, and say so where they should not have."""
        for worker in list(self._workers):
            if worker.state is _State.LOADING or worker.process.is_alive():
                continue  # one that loads ends its report
            self._workers.remove(worker)
            if worker.part is not None:
                leave(worker.part.own, len(self._settings.models))
            if worker.state is _State.SERVING:
                self._put_off(early=time.monotonic() - worker.born < _EARLY)
                _log.error(
                    "Worker %d has ended unexpectedly (%s); another one is started.",
                    worker.process.pid,
                    _end_of(worker.process),
                )

    def _take_in(self, worker: _Worker) -> None:
        """Let a worker that reports serve, or say why it cannot."""
        error = worker.reported()
        if worker.generation < self._generation:
            # The models were to be loaded again meanwhile; whatever came of this does not count.
            self._end(worker)
        elif self._watch is not None and not self._watch.is_still():
            # What it has loaded may be half of one model and half of another.
            _log.info("The model has changed while it was loaded; it is loaded again.")
            self._give_up(worker)
        elif error is not None:
            _log.error("A new worker could not load the model: %s", error)
            self._give_up(worker)
        else:
            worker.state = _State.SERVING
            _log.info("Worker %d is ready.", worker.process.pid)
            if self._is_behind:
                # It takes the place of one that ended, and the models can be loaded after all.
                self._is_behind = False
                self._generation += 1
                worker.generation = self._generation

    def _give_up(self, worker: _Worker) -> None:
        """Let those that are old go on, and end the others: all serve the same again (RST-184).

        They are not old any more, until the next time.
        """
        worker.state = _State.RETIRING
        worker.process.kill()
        self._is_behind = self._is_behind or bool(self._old())
        self._take_back()
        for one in self._of(_State.SERVING):
            one.generation = self._generation
        self._put_off(early=True)

    def _take_back(self) -> None:
        """End new workers, as long as there are old ones."""
        if not (old := self._old()):
            return
        new = [worker for worker in self._of(_State.SERVING) if worker not in old]
        for worker in new:
            self._end(worker)
        if new:
            _log.warning(
                "The new workers that had loaded it are ended (%d); the old ones go on (RST-184).",
                len(new),
            )

    def _retire(self) -> None:
        """End the old workers once there are as many new ones as there are to be."""
        old = self._old()
        if len(self._of(_State.SERVING)) - len(old) >= self._settings.workers:
            for worker in old:
                self._end(worker)

    def _end(self, worker: _Worker) -> None:
        """Let a worker finish what it has begun."""
        worker.state = _State.RETIRING
        worker.process.terminate()

    def _begin_next(self) -> float | None:
        """Start one more worker if there should be one; return when to look again, in seconds."""
        serving, old = len(self._of(_State.SERVING)), len(self._old())
        lacks = serving < self._settings.workers
        is_replacing = old and serving - old < self._settings.workers
        if self._of(_State.LOADING) or not (lacks or is_replacing):
            return None
        pause = self._not_before - time.monotonic()
        if lacks and pause > 0:
            return pause
        self._begin()
        return None

    def _put_off(self, *, early: bool) -> None:
        self._delay = min(_LATEST, max(_FIRST, 2 * self._delay)) if early else 0.0
        self._not_before = time.monotonic() + self._delay


def _table(settings: Settings) -> Table:
    """Return a table for the workers: for as many again, too, that take their places."""
    return Table(2 * settings.workers + _SPARE, size_of(len(settings.models)))


def _invalid() -> MlmodelError:
    return ModelFailure(
        "A worker process sent an invalid report, so the server has stopped (TRU-084)."
    )


def _end_of(process: BaseProcess) -> str:
    process.join()
    code = process.exitcode or 0
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


@contextlib.contextmanager
def _apart(settings: Settings) -> Iterator[None]:
    """Let a worker behind a wall begin without this process's variables, which are put back."""
    if settings.wall is None:
        yield
        return
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(clean_environment(before, settings.models[0].variables))
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
