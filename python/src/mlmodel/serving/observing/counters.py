"""What a process counts of its requests: plain numbers at fixed places, cheap to add to.

What is counted is put aside where it happens, and added up for many requests at once; the numbers
stand where :mod:`~mlmodel.serving.observing.layout` says.
"""

from __future__ import annotations

import re
import threading
import time
import weakref
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from mlmodel.errors import error_classes
from mlmodel.scoring.stages import GATHER, names_of
from mlmodel.serving.observing.layout import (
    ALL_STAGES,
    ANSWER,
    BATCH_REQUESTS,
    BATCH_ROWS,
    BLOCK,
    BODY,
    COUNTED,
    COUNTS,
    HEADER,
    PROTOCOLS,
    ROW,
    ROWS,
    SECONDS,
    SIZED,
    SIZES,
    STAGES,
    STARTS,
    THERE,
    TIMED,
    WHOLE,
    size_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlmodel.errors import MlmodelError

__all__ = ["Counters", "Histogram", "Sums", "start_folding"]

_REQUESTS, _ERRORS = 1, 2
_RULE = re.compile(r"[A-Z]{3}-[0-9]{3}")
_CODES = {name: place for place, name in enumerate(error_classes())}


#: So many answers are noted before they are counted; and how one looks that reached no stage.
_MOST_WAITING = 512
#: How often what is noted is counted, for other processes to tell it, in seconds.
_FOLD = 0.25
_FIRST_STAGE = 3
_COLUMNS = _FIRST_STAGE + len(ALL_STAGES)
_UNREACHED = (-1.0,) * _COLUMNS
#: Where the stage of models with batches stands in what is measured of a request that passed it.
_GATHER = _FIRST_STAGE + names_of(_UNREACHED[_FIRST_STAGE:]).index(GATHER)
_T = TypeVar("_T")


class Histogram(NamedTuple):
    """How many observations there are in each bucket, the last of which has no bound; their sum."""

    buckets: list[float]
    sum: float


class Counters:
    """What one process counts.

    Args:
        models: the names of all of them.
        own: the bytes of this process, as :func:`size_of` says.
        all_: those of all processes of the server.

    """

    def __init__(
        self,
        models: Sequence[str],
        own: memoryview | None = None,
        all_: Sequence[memoryview] | None = None,
    ) -> None:
        own = memoryview(bytearray(size_of(len(models)) * 8)) if own is None else own
        self.models = tuple(models)
        self._blocks = {name: HEADER + place * BLOCK for place, name in enumerate(models)}
        self._places = {name: place + 1 for place, name in enumerate(models)}
        self._all = [own] if all_ is None else list(all_)
        self._values, self._keys = own.cast("d"), own.cast("Q")
        self._array = np.frombuffer(own, np.float64)
        self._lock, self._folding = threading.Lock(), threading.Lock()
        self._begun: deque[str] = deque()
        self._ended: deque[tuple[tuple[str, str, int], tuple[float, ...]]] = deque()
        self._batches: deque[tuple[str, int, int]] = deque()
        self._first_row = HEADER + len(models) * BLOCK
        self._rows: dict[tuple[object, ...], int] = {}
        self._known: dict[tuple[int, int], int] = {}
        self._take_over()

    def _take_over(self) -> None:
        """Count on where another process has ended."""
        self._values[THERE] = 1.0
        self._values[STARTS] += 1.0
        for block in self._blocks.values():
            self._values[block] = 0.0
        for row in self._places_of_rows():
            first, second = self._keys[row], self._keys[row + 1]
            if not second:
                break
            self._known[first, second] = row + 2

    def _places_of_rows(self) -> range:
        return range(self._first_row, self._first_row + ROWS * ROW, ROW)

    # What a request is counted by. -----------------------------------------------------------

    def begin(self, model: str) -> None:
        """Note that a request for a model is under way."""
        self._begun.append(model)

    def end(self, key: tuple[str, str, int], measured: tuple[float, ...]) -> None:
        """Count an answer.

        Args:
            key: the model, empty where none was asked; the protocol; the status.
            measured: whether it was noted by :meth:`begin` (1 or 0); the bytes of body and answer;
                the seconds of the stages that it reached.

        """
        self._ended.append((key, measured))
        if len(self._ended) >= _MOST_WAITING:
            self.fold()

    def batch(self, model: str, requests: int, rows: int) -> None:
        """Count a prediction of so many requests and rows."""
        self._batches.append((model, requests, rows))

    def fold(self) -> None:
        """Add what has been noted to the counts: many at once cost little each."""
        with self._folding:
            for model, count in Counter(_taken(self._begun)).items():
                if model in self._blocks:
                    self._values[self._blocks[model]] += count
            ended = _taken(self._ended)
            for key, count in Counter(key for key, _ in ended).items():
                self._count(key, count)
            of_models: dict[str, list[tuple[float, ...]]] = {}
            for key, measured in ended:
                if key[0] in self._blocks:
                    of_models.setdefault(key[0], []).append(measured)
            for model, rows in of_models.items():
                self._add(self._blocks[model], rows)
            self._add_batches(_taken(self._batches))

    def _add_batches(self, batches: list[tuple[str, int, int]]) -> None:
        for model in {model for model, _, _ in batches} & self._blocks.keys():
            sizes = np.array([one[1:] for one in batches if one[0] == model], np.float64).T
            for column, place in zip(sizes, (BATCH_REQUESTS, BATCH_ROWS), strict=True):
                self._observe(self._blocks[model] + place, COUNTS, column)

    def _add(self, block: int, rows: list[tuple[float, ...]]) -> None:
        """Add measured requests to the histograms of a model."""
        whole = [
            (*row, *_UNREACHED[len(row) :])
            if len(row) < _COLUMNS
            else (*row[:_GATHER], *row[_GATHER + 1 :], row[_GATHER])
            for row in rows
        ]
        columns = np.array(whole, np.float64).T
        self._values[block] -= columns[0].sum()
        for column, place in zip(columns[1:_FIRST_STAGE], (BODY, ANSWER), strict=True):
            self._observe(block + place, SIZES, column)
        stages = columns[_FIRST_STAGE:]
        for number, column in enumerate(stages):
            reached = column[column >= 0]
            if len(reached):
                self._observe(block + STAGES + number * TIMED, SECONDS, reached)
        self._observe(block + WHOLE, SECONDS, np.where(stages >= 0, stages, 0).sum(axis=0))

    def _observe(self, place: int, bounds: tuple[float, ...], found: Any) -> None:
        counts = np.bincount(np.searchsorted(bounds, found), minlength=len(bounds) + 1)
        self._array[place : place + len(counts)] += counts
        self._array[place + len(counts)] += found.sum()

    def _count(self, key: tuple[str, str, int], count: int) -> None:
        row = self._rows.get(key)
        if row is None:
            model, protocol, status = key
            place, number = self._places.get(model, 0), PROTOCOLS.index(protocol)
            row = self._row(key, 0, _REQUESTS << 56 | place << 32 | number << 16 | status)
        self._values[row] += count

    def count_error(self, model: str, error: type[MlmodelError], rules: Sequence[str]) -> None:
        """Count an error under each rule that it names, and under none where it names none."""
        for rule in rules or ("",):
            named = int.from_bytes(rule.encode(), "big") if _RULE.fullmatch(rule) else 0
            code = _CODES.get(error.code, 0xFFFF)
            second = _ERRORS << 56 | self._places.get(model, 0) << 32 | code
            row = self._rows.get((model, code, named, "")) or self._row(
                (model, code, named, ""), named, second
            )
            with self._lock:
                self._values[row] += 1.0

    def _row(self, name: tuple[object, ...], first: int, second: int) -> int:
        """Return where a count stands; where there is no place left, one that nobody reads."""
        with self._lock:
            row = self._known.get((first, second))
            if row is None:
                row = self._first_row + len(self._known) * ROW + 2
                if len(self._known) >= ROWS - 1:
                    row = self._first_row + ROWS * ROW - 1
                else:
                    self._keys[row - 2] = first
                    self._keys[row - 1] = second
                    self._known[first, second] = row
            self._rows[name] = row
            return row

    # What is told. ---------------------------------------------------------------------------

    def sums(self) -> Sums:
        """Return what all processes have counted, together."""
        self.fold()
        parts = [part.cast("d").tolist() for part in self._all]
        rows: dict[tuple[int, int], float] = {}
        for part, values in zip(self._all, parts, strict=True):
            keys = part.cast("Q")
            for row in self._places_of_rows():
                if not keys[row + 1]:
                    break
                key = keys[row], keys[row + 1]
                rows[key] = rows.get(key, 0.0) + values[row + 2]
        return Sums(self.models, [sum(column) for column in zip(*parts, strict=True)], rows)


def _taken(waiting: deque[_T]) -> list[_T]:
    """Return what stands in a queue, which others add to meanwhile."""
    return [waiting.popleft() for _ in range(len(waiting))]


def start_folding(counters: Counters) -> None:
    """Add what is noted to the counts from time to time, as long as somebody has the counters."""
    held = weakref.ref(counters)

    def fold() -> None:
        while (found := held()) is not None:
            found.fold()
            del found
            time.sleep(_FOLD)

    threading.Thread(target=fold, name="mlmodel-counts", daemon=True).start()


class Sums:
    """What the processes of a server have counted.

    Attributes:
        processes: how many there are.
        starts: how many have been started.

    """

    def __init__(
        self, models: Sequence[str], values: list[float], rows: dict[tuple[int, int], float]
    ) -> None:
        self.models, self._values, self._rows = tuple(models), values, rows
        self.processes, self.starts = values[THERE], values[STARTS]

    def under_way(self, model: str) -> float:
        """Return how many requests for a model are under way."""
        return self._values[self._block(model)]

    def stages(self, model: str) -> Iterator[tuple[str, Histogram]]:
        """Give the seconds of each stage of a model's requests; of *gather* where there is one."""
        for place, stage in enumerate(ALL_STAGES):
            found = self._histogram(self._block(model) + STAGES + place * TIMED, TIMED)
            if stage != GATHER or any(found.buckets):
                yield stage, found

    def whole(self, model: str) -> Histogram:
        """Return the seconds of a model's requests."""
        return self._histogram(self._block(model) + WHOLE, TIMED)

    def bodies(self, model: str) -> Histogram:
        """Return the bytes of their bodies."""
        return self._histogram(self._block(model) + BODY, SIZED)

    def answers(self, model: str) -> Histogram:
        """Return the bytes of their answers."""
        return self._histogram(self._block(model) + ANSWER, SIZED)

    def batches(self, model: str) -> tuple[Histogram, Histogram]:
        """Return the requests and the rows of its predictions, where some are put together."""
        block = self._block(model)
        places = (block + BATCH_REQUESTS, block + BATCH_ROWS)
        return self._histogram(places[0], COUNTED), self._histogram(places[1], COUNTED)

    def requests(self) -> Iterator[tuple[str, str, int, float]]:
        """Give model, protocol, status and how many requests were answered so."""
        for (_, key), count in sorted(self._rows.items()):
            protocol = key >> 16 & 0xFF
            if key >> 56 == _REQUESTS and protocol < len(PROTOCOLS):
                yield self._name(key), PROTOCOLS[protocol], key & 0xFFFF, count

    def errors(self) -> Iterator[tuple[str, str, str, float]]:
        """Give model, error, rule and how many times that was told."""
        codes = list(_CODES)
        for (first, key), count in sorted(self._rows.items()):
            rule = first.to_bytes(8, "big").lstrip(b"\0").decode("latin-1")
            code = key & 0xFFFF
            if key >> 56 == _ERRORS and code < len(codes) and (not rule or _RULE.fullmatch(rule)):
                yield self._name(key), codes[code], rule, count

    def _block(self, model: str) -> int:
        return HEADER + self.models.index(model) * BLOCK

    def _name(self, key: int) -> str:
        place = key >> 32 & 0xFFFF
        return self.models[place - 1] if 0 < place <= len(self.models) else ""

    def _histogram(self, place: int, width: int) -> Histogram:
        found = self._values[place : place + width]
        return Histogram(found[:-1], found[-1])
