"""Requests that wait while a model predicts are asked together (RST-170 to RST-174).

Nobody waits for company: who comes while the model is free is asked at once, alone. Who comes while
it predicts waits for its end, and is asked then with all that have come meanwhile. The work is done
by the threads of the requests themselves: one of those that wait asks for the others.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, Any

from mlmodel.errors import DeadlineExceeded, shown
from mlmodel.scoring.stages import CURRENT, Batch, Stages
from mlmodel.serving.rows import cut, join, likeness

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.predict import Predict

__all__ = ["Batches", "has_open_rows"]

#: How often one that has waited long enough looks for a turn, in seconds.
_PAUSE = 0.001
_log = logging.getLogger("mlmodel.serving")


class _State(Enum):
    WAITS = 1
    LEADS = 2
    """It asks the model, for itself and others."""
    TAKEN = 3
    """Another asks for it."""
    DONE = 4
    ALONE = 5
    """It is to be asked alone."""


class _Entry:
    """A request that is in the queue, or in a prediction."""

    __slots__ = ("answer", "batch", "data", "kind", "params", "rows", "state", "woken")

    def __init__(
        self, data: Any, params: Mapping[str, Any] | None, rows: int, kind: Hashable
    ) -> None:
        self.data, self.params, self.rows, self.kind = data, params, rows, kind
        self.state = _State.WAITS
        self.answer: Any = None
        self.batch: Batch | None = None
        self.woken = threading.Lock()
        self.woken.acquire()


class Batches:
    """A way to predict for a model that is row-wise, called by many threads.

    Args:
        name: of the model, for the log.
        predict: how it predicts; called by no more threads than there are turns.
        turns: those at the models of a process (RST-074).
        most_rows: how many rows one prediction of several requests may have.
        wait: how long a request waits for the end of a prediction, in seconds.
        seconds: how long it may take in all; None for any time.

    """

    def __init__(
        self,
        name: str,
        predict: Predict,
        turns: threading.BoundedSemaphore,
        most_rows: int,
        wait: float,
        seconds: float | None = None,
    ) -> None:
        self._name, self._predict, self._turns = name, predict, turns
        self._most_rows, self._patience = most_rows, wait
        self._seconds = -1 if seconds is None else min(seconds, threading.TIMEOUT_MAX)
        self._lock = threading.Lock()
        self._queue: deque[_Entry] = deque()
        self._running = 0
        self._is_off = False

    @property
    def waiting(self) -> int:
        """How many requests wait while a prediction goes on."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """How many predictions go on, or wait for a turn, that others may be put into."""
        return self._running

    def call(self, data: Any, params: Mapping[str, Any] | None, /) -> Any:
        """Predict, with others where there are some.

        Raises:
            DeadlineExceeded: the time for predictions is over.
            Exception: what the model raises at these data.

        """
        like = None if self._is_off else likeness(data, params)
        if like is None:
            return self._alone(data, params)
        if like.rows >= self._most_rows:
            return self._alone(data, params, like.rows)
        entry = _Entry(data, params, like.rows, like.kind)
        with self._lock:
            if self._running:
                self._queue.append(entry)
            else:
                self._running = 1
                entry.state = _State.LEADS
        if entry.state is _State.WAITS:
            self._wait(entry)
        if entry.state is _State.LEADS:
            with self._turns:
                return self._lead(entry)
        if entry.state is _State.DONE:
            _note(entry.batch)
            return entry.answer
        return self._alone(data, params, entry.rows)

    def _alone(self, data: Any, params: Mapping[str, Any] | None, rows: int = 0) -> Any:
        """Ask for one request; ``rows`` are 0 where it could not be put together with any other."""
        with self._turns:
            if rows:
                _note(self._of_one(rows))
            return self._predict(data, params)

    def _of_one(self, rows: int) -> Batch:
        """Return the prediction of one request alone, which begins now."""
        return Batch(self._name, 1, rows, perf_counter(), counts=True)

    def _wait(self, entry: _Entry) -> None:
        """Wait until something is to be done: to lead, to be asked alone, or nothing any more."""
        pause = self._patience
        while not entry.woken.acquire(timeout=pause):
            if entry.state is not _State.WAITS:
                if not entry.woken.acquire(timeout=self._seconds):
                    raise DeadlineExceeded(
                        "The prediction took longer than this server allows (RST-113)."
                    )
                return
            pause = max(self._patience, _PAUSE)
            if self._turns.acquire(blocking=False):
                # Its place is taken by the one who leads in the end.
                self._turns.release()
                if self._overtakes(entry):
                    return

    def _overtakes(self, entry: _Entry) -> bool:
        """Return whether a request that has waited long enough leads from now on."""
        with self._lock:
            if entry.state is not _State.WAITS:
                return False
            self._queue.remove(entry)
            self._running += 1
            entry.state = _State.LEADS
            return True

    def _lead(self, entry: _Entry) -> Any:
        """Ask for a request and those that can be asked with it; its turn has come."""
        try:
            batch = self._gathered(entry)
            if len(batch) == 1:
                _note(self._of_one(entry.rows))
                return self._predict(entry.data, entry.params)
            self._ask(batch)
        finally:
            self._hand_on()
        if entry.state is _State.DONE:
            _note(entry.batch)
            return entry.answer
        _note(self._of_one(entry.rows))
        return self._predict(entry.data, entry.params)

    def _gathered(self, entry: _Entry) -> list[_Entry]:
        batch, rows = [entry], entry.rows
        with self._lock:
            others, self._queue = self._queue, deque()
            for one in others:
                if one.kind == entry.kind and rows + one.rows <= self._most_rows:
                    rows += one.rows
                    one.state = _State.TAKEN
                    batch.append(one)
                else:
                    self._queue.append(one)
        return batch

    def _ask(self, batch: list[_Entry]) -> None:
        """Ask the model for several requests, and tell each what came of it."""
        parts: list[Any] | None = None
        asked, rows = perf_counter(), sum(one.rows for one in batch)
        try:
            params = None if (first := batch[0].params) is None else dict(first)
            answer = self._predict(join([one.data for one in batch]), params)
            parts = cut(answer, [one.rows for one in batch])
            if parts is None:
                self._give_up()
        except BaseException:  # noqa: BLE001 - each is asked alone, and raises its own
            _log.debug("A prediction of %d requests failed.", len(batch), exc_info=True)
        finally:
            for place, one in enumerate(batch):
                if parts is not None:
                    one.answer = parts[place]
                    one.batch = Batch(self._name, len(batch), rows, asked, counts=not place)
                one.state = _State.ALONE if parts is None else _State.DONE
                one.woken.release()

    def _give_up(self) -> None:
        self._is_off = True
        _log.warning(
            "The model %s is said to be row-wise and did not answer with one value for each row; "
            "its requests are asked alone from now on (RST-172).",
            shown(self._name),
        )

    def _hand_on(self) -> None:
        """Let the one that has waited longest lead, if there is one."""
        with self._lock:
            if not self._queue:
                self._running -= 1
                return
            following = self._queue.popleft()
            following.state = _State.LEADS
            following.woken.release()


def _note(batch: Batch | None) -> None:
    """Note which prediction answers the request that this thread works on (RST-183)."""
    if isinstance(stages := CURRENT.get(), Stages):
        stages.batch = batch


def has_open_rows(engine: Engine) -> bool:
    """Return whether a model's signature leaves the number of rows open (RST-171)."""
    inputs = None if engine.signature is None else engine.signature.inputs
    shapes = [getattr(spec, "shape", None) for spec in inputs or ()]
    return all(shape is None or (len(shape) > 0 and shape[0] < 0) for shape in shapes)
