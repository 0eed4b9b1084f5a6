"""Requests that are predicted together, as they are seen from outside (RST-183)."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from mlmodel.models import ModelSignature
from mlmodel.scoring.engine import Engine
from mlmodel.serving.app import Application
from mlmodel.serving.batching import Batches
from mlmodel.serving.http.messages import Request, Response, head
from mlmodel.serving.models import Hosted
from mlmodel.serving.observing.access import Log
from mlmodel.serving.observing.observer import Watch
from mlmodel.serving.observing.spans import Spans
from mlmodel.types import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE, LONG = 60.0, 1000.0
SIGNATURE = ModelSignature(Schema([ColSpec("double", "a")]))
STAGES = ["receive", "wait", "decode", "enforce", "predict", "encode"]
GATHERED = [*STAGES[:4], "gather", *STAGES[4:]]


def twice(data: Any, _params: Any) -> Any:
    if (data["a"] < 0).any():
        raise ValueError("what no client sees")
    return data["a"].to_numpy() * 2


class Seen:
    """A server with the models ``m``, with batches of ``most`` rows, and ``n``, without any."""

    def __init__(self, form: str = "json", most: int = 8, predict: Any = twice) -> None:
        self.lines: list[str] = []
        self.exporter, provider = InMemorySpanExporter(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.turns = threading.BoundedSemaphore(1)
        self.batches = Batches("m", predict, self.turns, most, LONG)
        hosted = Hosted()
        for name, call in (("m", self.batches.call), ("n", predict)):
            engine = Engine(call, SIGNATURE)
            hosted.add(name, lambda engine=engine: engine, engine=engine)  # type: ignore[misc]
        log, spans = Log(form, self.lines.append), Spans(provider)
        watch = Watch(timing=True, metrics=True, access=log, spans=spans)
        self.app = Application(hosted, watch=watch)

    def ask(self, *rows: float, model: str = "m", over: bool = False) -> Response:
        body = json.dumps({"inputs": {"a": list(rows)}}).encode()
        given = {b"content-type": b"application/json"}
        asked = Request("POST", f"/models/{model}/invocations".encode(), given, body=body)
        asked.over = over
        self.app.pace(asked)
        return self.app.answer(asked)

    def together(self, *asked: Callable[[], Response]) -> list[Response]:
        """Return answers to requests that come one after the other, while there is no turn."""
        with ThreadPoolExecutor(len(asked)) as pool:
            self.turns.acquire()
            answers = []
            for number, ask in enumerate(asked, 1):
                answers.append(pool.submit(ask))
                end = time.monotonic() + PATIENCE
                while self.batches.running + self.batches.waiting < number:
                    assert time.monotonic() < end
                    time.sleep(0.001)
            time.sleep(0.05)
            self.turns.release()
            return [one.result() for one in answers]

    def metrics(self) -> dict[str, dict[Any, float]]:
        answer = self.app.answer(Request("GET", b"/metrics", {}))
        found: dict[str, dict[Any, float]] = {}
        for family in read_prometheus(answer.body.decode()):
            for sample in family.samples:
                key = tuple(value for _, value in sorted(sample.labels.items()))
                found.setdefault(sample.name, {})[key] = sample.value
        return found


@pytest.fixture
def seen() -> Seen:
    return Seen()


def timing(response: Response) -> dict[str, float]:
    text = head(response, b"", version="1.1", keep_alive=True).decode("latin-1")
    line = re.search("Server-Timing: (.*)\r\n", text)
    assert line is not None
    return {name: float(value) for name, value in re.findall(r"([a-z]+);dur=([\d.]+)", line[1])}


def test_those_that_were_asked_together(seen: Seen) -> None:
    """RST-183: each says with how many, and how long it waited; the prediction counts once."""
    answers = seen.together(lambda: seen.ask(1), lambda: seen.ask(2, 3), lambda: seen.ask(4))
    assert [json.loads(one.body)["predictions"] for one in answers] == [[2], [4, 6], [8]]
    for told in map(json.loads, seen.lines):
        assert (told["batch"]["requests"], told["batch"]["rows"]) == (3, 4)
        assert 0.04 <= told["batch"]["waited"] <= told["seconds"]
    for times in map(timing, answers):
        assert list(times) == GATHERED
        assert times["gather"] >= 40
    found = seen.metrics()
    for name, total in (("requests", 3), ("rows", 4)):
        assert found[f"mlmodel_batch_{name}_count"] == {("m",): 1}
        assert found[f"mlmodel_batch_{name}_sum"] == {("m",): total}
    assert found["mlmodel_batch_rows_bucket"]["2.0", "m"] == 0
    assert found["mlmodel_batch_rows_bucket"]["4.0", "m"] == 1
    assert found["mlmodel_stage_seconds_count"]["m", "gather"] == 3
    assert found["mlmodel_stage_seconds_sum"]["m", "gather"] >= 0.12
    assert found["mlmodel_stage_seconds_sum"]["m", "predict"] < 0.12
    whole = sum(value for (model, _), value in found["mlmodel_stage_seconds_sum"].items()
                if model == "m")  # fmt: skip
    assert found["mlmodel_request_seconds_sum"]["m",] == pytest.approx(whole)


def test_the_spans_of_a_batch(seen: Seen) -> None:
    """RST-183, RST-157."""
    seen.together(lambda: seen.ask(1), lambda: seen.ask(2, 3))
    for whole in (one for one in seen.exporter.get_finished_spans() if one.parent is None):
        assert whole.context is not None
        assert whole.attributes is not None
        assert whole.attributes["mlmodel.batch.requests"] == 2
        assert whole.attributes["mlmodel.batch.rows"] == 3
        inside = [
            one
            for one in seen.exporter.get_finished_spans()
            if one.parent is not None and one.parent.span_id == whole.context.span_id
        ]
        assert [one.name for one in inside] == [f"mlmodel.{stage}" for stage in GATHERED[2:]]


def test_one_that_was_asked_alone(seen: Seen) -> None:
    """RST-183: a prediction of one; so is what has as many rows as a batch by itself."""
    seen.ask(1)
    seen.ask(*range(8))
    assert [json.loads(line)["batch"]["rows"] for line in seen.lines] == [1, 8]
    assert {json.loads(line)["batch"]["requests"] for line in seen.lines} == {1}
    assert seen.metrics()["mlmodel_batch_rows_sum"] == {("m",): 9}


def test_what_can_be_put_together_with_nothing(seen: Seen) -> None:
    """RST-183: another model, a request with no row, and one that the rules refuse: as ever."""
    answers = [seen.ask(1, model="n"), seen.ask(), seen.ask("x")]  # type: ignore[arg-type]
    assert [one.status for one in answers] == [200, 200, 400]
    assert [list(timing(one)) for one in answers] == [STAGES, STAGES, STAGES[:3]]
    assert not any("batch" in line for line in seen.lines)
    found = seen.metrics()
    assert "mlmodel_batch_rows_count" not in found
    assert not [stage for _, stage in found["mlmodel_stage_seconds_count"] if stage == "gather"]


def test_those_that_failed_together(seen: Seen) -> None:
    """RST-183, RST-172: what counts is the prediction that each was answered by."""
    answers = seen.together(lambda: seen.ask(1), lambda: seen.ask(-1), lambda: seen.ask(2))
    assert [one.status for one in answers] == [200, 500, 200]
    assert {json.loads(line)["batch"]["requests"] for line in seen.lines} == {1}
    found = seen.metrics()
    assert found["mlmodel_batch_requests_count"] == {("m",): 3}
    assert found["mlmodel_batch_requests_sum"] == {("m",): 3}


def test_a_model_that_is_not_row_wise() -> None:
    """RST-183, RST-172: once its requests are asked alone, nothing of batches is told."""
    seen = Seen(predict=lambda data, _params: np.array([data["a"].sum()]))
    seen.together(lambda: seen.ask(1), lambda: seen.ask(2))
    seen.ask(3)
    assert ["batch" in line for line in seen.lines] == [True, True, False]
    assert seen.metrics()["mlmodel_batch_requests_count"] == {("m",): 2}


@pytest.mark.parametrize("gone", [0, 1])
def test_a_client_that_is_answered_already(gone: int) -> None:
    """RST-183: its answer is dropped; the prediction still counts, once."""
    seen = Seen()
    answers = seen.together(
        lambda: seen.ask(1, over=gone == 0), lambda: seen.ask(2, over=gone == 1)
    )
    assert [one.status for one in answers] == [200, 200]
    assert len(seen.lines) == 1
    assert seen.metrics()["mlmodel_batch_requests_sum"] == {("m",): 2}


@pytest.mark.parametrize("form", ["text", "bare"])
def test_the_line_of_text(form: str) -> None:
    """RST-183, RST-155: three words more."""
    seen = Seen(form)
    seen.together(lambda: seen.ask(1), lambda: seen.ask(2, 3))
    for line in seen.lines:
        assert re.search(r" model=m batch=2 batch-rows=3 batch-wait=\d+\.\d{3}ms\n?$", line), line
