"""What is noted of each request of a server beside its id, where it is switched on."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from mlmodel.scoring.stages import NAMES, names_of
from mlmodel.serving.observing.counters import Counters, start_folding
from mlmodel.serving.observing.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.scoring.stages import Batch, Stages
    from mlmodel.serving.observing.access import Log
    from mlmodel.serving.observing.spans import Spans
    from mlmodel.serving.observing.table import Part

__all__ = ["Observer", "Watch", "server_timing"]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is to be noted.

    Attributes:
        timing: answers of models have the header ``Server-Timing`` (RST-150).
        metrics: requests are counted, and ``/metrics`` is there (RST-153).
        part: where the counts stand that processes share; None for this process alone.
        access: where each request is written (RST-155).
        spans: what begins and ends spans (RST-157).

    """

    timing: bool = False
    metrics: bool = False
    part: Part | None = None
    access: Log | None = None
    spans: Spans | None = None


class Observer:
    """Notes requests, of any protocol; one for all of a process.

    Args:
        models: the names of all of them; no other name is ever a label.
        watch: what is to be noted.

    Attributes:
        on: something is to be noted.
        tells: method and path are to be told.
        writes: there is an access log.
        counters: the counts, where they are switched on.

    """

    def __init__(self, models: Sequence[str], watch: Watch | None = None) -> None:
        watch = watch or Watch()
        self._models = frozenset(models)
        self.timing, self._access, self.spans = watch.timing, watch.access, watch.spans
        self.counters: Counters | None = None
        if watch.metrics:
            part = watch.part
            self.counters = (
                Counters(models) if part is None else Counters(models, part.own, part.all)
            )
            if part is not None:  # other processes tell what is counted here
                start_folding(self.counters)
        self.writes = self._access is not None
        self.tells = self.writes or self.spans is not None
        self.on = self.timing or self.tells or self.counters is not None

    def known(self, model: str | None) -> str:
        """Return the name of a model that the server has; empty for any other."""
        return model if model is not None and model in self._models else ""

    def whole(self, model: str | None) -> float:
        """Note that a request for a model is whole, and return the time."""
        if self.counters is not None and model is not None:
            self.counters.begin(model)
        return perf_counter()

    def note(
        self,
        stages: Stages,
        seen: tuple[str, str, int],
        under_way: bool,
        received: int,
        sent: int,
        method: str = "",
        path: str = "",
        client: str = "",
    ) -> tuple[float, ...]:
        """Note an answer; return how long its stages took, in seconds.

        Args:
            stages: what was noted on the way.
            seen: the model, empty where none was asked that the server has; the protocol; the
                status of HTTP, or the number of gRPC's code.
            under_way: it was noted by :meth:`whole`.
            received: bytes of the body.
            sent: bytes of the answer.
            method: that of HTTP; needed where :attr:`tells` is true, as what follows.
            path: without the query, which may hold what is nobody's business.
            client: the address of a call over gRPC; needed where :attr:`writes` is true.

        """
        times = stages.durations(perf_counter())
        counters, refusal = self.counters, stages.refusal
        if counters is not None:
            counters.end(seen, (under_way, received, sent, *times))
            if refusal is not None:
                counters.count_error(seen[0], *refusal)
            if stages.batch is not None:
                self._count_batch(stages.batch)
        if self.tells:
            entry = Entry(*seen, received, sent, method, path, client)
            if self._access is not None:
                self._access.write(stages, entry, sum(times))
            if self.spans is not None and stages.span is not None:
                self.spans.end(stages, entry, times)
        return times

    def _count_batch(self, batch: Batch) -> None:
        if self.counters is not None and batch.counts:
            self.counters.batch(batch.model, batch.requests, batch.rows)

    def drop(self, stages: Stages) -> None:
        """Forget a request that was answered already, but not what was predicted with it."""
        if stages.batch is not None:
            self._count_batch(stages.batch)
        if self.spans is not None and stages.span is not None:
            self.spans.drop(stages)


def server_timing(times: tuple[float, ...]) -> bytes:
    """Return the value of Server-Timing: the stages that were reached, in milliseconds."""
    return _TIMINGS[len(times)] % tuple([1000 * seconds for seconds in times])


#: How the header is written where so many stages were reached.
_TIMINGS = [
    ", ".join(f"{name};dur=%.3f" for name in names_of((0.0,) * reached)).encode()
    for reached in range(len(NAMES) + 2)  # one more where requests are put together
]
