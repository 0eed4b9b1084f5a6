"""The counts of a server in the forms that Prometheus reads (RST-153)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from mlmodel._base.version import __version__
from mlmodel.serving.observing.entry import status_of
from mlmodel.serving.observing.layout import COUNTS, SECONDS, SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlmodel.scoring.v2 import Registry
    from mlmodel.serving.observing.counters import Counters, Histogram, Sums

__all__ = ["exposition"]

_OPEN, _PLAIN = "application/openmetrics-text", "text/plain"
_QUALITY = re.compile(r";\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|\Z)", re.IGNORECASE)
_LONGEST_ACCEPT = 2000


def exposition(counters: Counters, models: Registry, accept: str | None) -> tuple[str, bytes]:
    """Return content type and text: OpenMetrics where the client prefers it, else Prometheus' own.

    Nothing of the header gets into the answer.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(counters.sums(), models))
    if _prefers_open(accept or ""):
        text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
        return openmetrics.CONTENT_TYPE_LATEST, text
    return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)


def _prefers_open(accept: str) -> bool:
    best = {_OPEN: 0.0, _PLAIN: 0.0}
    for one in accept[:_LONGEST_ACCEPT].split(","):
        media = one.partition(";")[0].strip().lower()
        if media in best:
            given = _QUALITY.search(one)
            best[media] = max(best[media], 1.0 if given is None else float(given[1]))
    return best[_OPEN] > 0 and best[_OPEN] >= best[_PLAIN]


class _Collector:
    """What the exposition asks for its families."""

    def __init__(self, sums: Sums, models: Registry) -> None:
        self._sums, self._models = sums, models

    def collect(self) -> Iterator[Any]:
        """Give each family once."""
        sums = self._sums
        yield _info()
        yield _gauge("mlmodel_workers", "Worker processes that serve.", sums.processes)
        starts = CounterMetricFamily("mlmodel_worker_starts", "Worker processes that were started.")
        starts.add_metric([], sums.starts)
        yield starts
        yield self._ready()
        yield self._requests()
        yield self._errors()
        yield from self._times()
        yield self._sizes("mlmodel_request_body_bytes", "Size of bodies as they came.", "bodies")
        yield self._sizes("mlmodel_response_body_bytes", "Size of answers.", "answers")
        yield from self._batches()

    def _ready(self) -> Any:
        family = GaugeMetricFamily(
            "mlmodel_model_ready", "1 where the model is loaded, else 0.", labels=["model"]
        )
        for one in self._models.served():
            family.add_metric([one.name], float(one.engine is not None))
        return family

    def _requests(self) -> Any:
        family = CounterMetricFamily(
            "mlmodel_requests",
            "Requests that were answered; without a model those that call none.",
            labels=["model", "protocol", "status"],
        )
        for model, protocol, status, count in self._sums.requests():
            family.add_metric([model, protocol, status_of(protocol, status)], count)
        return family

    def _errors(self) -> Any:
        family = CounterMetricFamily(
            "mlmodel_errors",
            "Errors by name and rule; one that names several rules counts once for each.",
            labels=["model", "error", "rule"],
        )
        for model, error, rule, count in self._sums.errors():
            family.add_metric([model, error, rule], count)
        return family

    def _times(self) -> Iterator[Any]:
        under_way = GaugeMetricFamily(
            "mlmodel_requests_under_way", "Requests that wait or are worked on.", labels=["model"]
        )
        whole = HistogramMetricFamily(
            "mlmodel_request_seconds", "From the first byte to the answer.", labels=["model"]
        )
        stages = HistogramMetricFamily(
            "mlmodel_stage_seconds", "How long each stage took.", labels=["model", "stage"]
        )
        for model in self._sums.models:
            under_way.add_metric([model], self._sums.under_way(model))
            _add(whole, [model], self._sums.whole(model), SECONDS)
            for stage, found in self._sums.stages(model):
                _add(stages, [model, stage], found, SECONDS)
        yield from (under_way, whole, stages)

    def _sizes(self, name: str, what: str, which: str) -> Any:
        family = HistogramMetricFamily(name, what, labels=["model"])
        for model in self._sums.models:
            _add(family, [model], getattr(self._sums, which)(model), SIZES)
        return family

    def _batches(self) -> Iterator[Any]:
        """Give the sizes of predictions, of models for whose requests there are batches."""
        requests = HistogramMetricFamily(
            "mlmodel_batch_requests", "Requests that a prediction was made for.", labels=["model"]
        )
        rows = HistogramMetricFamily(
            "mlmodel_batch_rows", "Rows that a prediction was made for.", labels=["model"]
        )
        for model in self._sums.models:
            for family, found in zip((requests, rows), self._sums.batches(model), strict=True):
                if any(found.buckets):
                    _add(family, [model], found, COUNTS)
        yield from (requests, rows)


def _add(family: Any, labels: list[str], found: Histogram, bounds: Sequence[float]) -> None:
    total, buckets = 0.0, []
    for bound, count in zip((*map(str, bounds), "+Inf"), found.buckets, strict=True):
        total += count
        buckets.append((bound, total))
    family.add_metric(labels, buckets=buckets, sum_value=found.sum)


def _gauge(name: str, what: str, value: float) -> Any:
    family = GaugeMetricFamily(name, what)
    family.add_metric([], value)
    return family


def _info() -> Any:
    family = InfoMetricFamily("mlmodel", "The server.")
    family.add_metric([], {"version": __version__})
    return family
