"""Calls over gRPC as they are seen from outside (RST-151 to RST-157)."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_client import PATIENCE, SERVICE, Client, infer_request, message
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mlmodel.errors import InvalidArgument
from mlmodel.models import ModelSignature
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.stages import CURRENT
from mlmodel.scoring.v2.registry import Models
from mlmodel.serving.grpc import Limits, serve
from mlmodel.serving.grpc.observed import Observed
from mlmodel.serving.observing.access import Log
from mlmodel.serving.observing.observer import Observer, Watch
from mlmodel.serving.observing.spans import Spans
from mlmodel.types import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE = ModelSignature(Schema([ColSpec("double", "a")]))
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Running:
    """A server with the model ``m``; ``seen`` are the ids that the model saw."""

    def __init__(self, *, timed: bool, terse: bool = False) -> None:
        self.lines: list[str] = []
        self.seen: list[str] = []
        self.exporter, made = InMemorySpanExporter(), TracerProvider()
        made.add_span_processor(SimpleSpanProcessor(self.exporter))
        watch = Watch(metrics=True, access=Log("json", self.lines.append), spans=Spans(made))
        self.observer = Observer(["m"], watch)
        models = Models()
        models.add("m", lambda: Engine(self.predict, SIGNATURE))
        models.load("m")
        limits = Limits(predict_seconds=PATIENCE) if timed else Limits()
        self.server = serve(models, "127.0.0.1:0", limits, observer=self.observer, terse=terse)
        self.client = Client(self.server.port)

    def predict(self, data: Any, _params: Any) -> Any:
        noted = CURRENT.get()
        assert noted is not None
        self.seen.append(noted.request_id)
        if (data["a"] < 0).any():
            raise ValueError("what no client sees")
        return data

    def ask(self, request: Any, *metadata: tuple[str, str]) -> Any:
        """Return trailing metadata and the error, if there is one."""
        ask = self.client.channel.unary_unary(f"/{SERVICE}/ModelInfer")
        body = request.SerializeToString()
        try:
            _, call = ask.with_call(body, timeout=PATIENCE, metadata=metadata)
        except grpc.RpcError as error:
            return dict(error.trailing_metadata()), error  # type: ignore[attr-defined]
        return dict(call.trailing_metadata()), None

    def requests(self) -> dict[tuple[str, str, int], float]:
        counters = self.observer.counters
        assert counters is not None
        return {tuple(one): count for *one, count in counters.sums().requests()}  # type: ignore[misc]


@pytest.fixture(params=[False, True])
def running(request: Any) -> Iterator[Running]:
    """With a bound on the time of predictions, these are made by other threads."""
    made = Running(timed=request.param)
    yield made
    made.client.channel.close()
    made.server.stop(PATIENCE)


def test_a_call_has_an_id(running: Running) -> None:
    """RST-151: in its trailing metadata, the client's or one of ours; the model's thread has it."""
    told, _ = running.ask(infer_request(a=[1.0]), ("x-request-id", "abc"))
    assert told == {"x-request-id": "abc"}
    assert running.seen == ["abc"]
    for given in ("a b", "x" * 129, ""):
        told, _ = running.ask(infer_request(a=[1.0]), ("x-request-id", given))
        assert re.fullmatch("[0-9a-f]{20}", told["x-request-id"])


def test_errors_and_the_log_have_it(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    """RST-152."""
    ids = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            noted = CURRENT.get()
            ids.append((record.getMessage(), noted and noted.request_id))

    handler = Handler()
    logging.getLogger("mlmodel.scoring").addHandler(handler)
    told, error = running.ask(infer_request(a=[-1.0]), ("x-request-id", "abc"))
    logging.getLogger("mlmodel.scoring").removeHandler(handler)
    assert ids == [("The model raised an exception.", "abc")]
    assert told["x-request-id"] == json.loads(told["mlmodel-error"])["request_id"] == "abc"
    assert "with the request id abc" in error.details()
    told, error = running.ask(infer_request(b=[-1.0]), ("x-request-id", "abc"))
    assert sorted(told) == ["mlmodel-error", "x-request-id"]


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_access_log_says_where_a_call_came_from(form: str, address: str) -> None:
    """GRP-070: of calls that are refused and of those of a stream too, as of all others."""
    lines: list[str] = []
    observer = Observer(["m"], Watch(access=Log(form, lines.append)))
    models = Models()
    models.add("m", lambda: Engine(lambda data, _: data, SIGNATURE))
    models.load("m")
    host = address.removesuffix(":0")
    try:
        server = serve(models, address, observer=observer)
    except InvalidArgument:  # this machine has no addresses of that kind
        pytest.skip(f"{host} cannot be listened at")
    with grpc.insecure_channel(f"{host}:{server.port}") as channel:
        ask = channel.unary_unary(f"/{SERVICE}/ModelInfer")
        ask(infer_request(a=[1.0]).SerializeToString(), timeout=PATIENCE)
        with pytest.raises(grpc.RpcError):
            ask(infer_request(b=[1.0]).SerializeToString(), timeout=PATIENCE)
        stream = channel.stream_stream(f"/{SERVICE}/ModelStreamInfer")
        bodies = [infer_request(a=[1.0]).SerializeToString()] * 2
        assert len(list(stream(iter(bodies), timeout=PATIENCE))) == 2
    server.stop(PATIENCE)
    assert len(lines) == 4
    marked = re.escape(f"client={host}:" if form == "text" else f'"client":"{host}:')
    assert all(re.search(rf"{marked}[0-9]+\b", line) for line in lines), lines


def test_no_address_is_asked_for_without_an_access_log() -> None:
    """GRP-070: it costs a call a microsecond."""
    asked: list[str] = []
    observed = Observed(Observer(["m"], Watch(metrics=True)))

    class Context:
        def invocation_metadata(self) -> tuple[()]:
            return ()

        def set_trailing_metadata(self, _: Any) -> None:
            pass

        def peer(self) -> str:
            asked.append("peer")
            return "unix:"

    assert observed.begin("/s/m", Context(), scores=True).client == ""
    assert not asked
    log = Watch(access=Log("text", [].append))
    call = Observed(Observer(["m"], log)).begin("/s/m", Context(), scores=True)
    assert (call.client, asked) == ("unix", ["peer"])


def test_calls_are_counted_and_written(running: Running) -> None:
    """RST-153, RST-155: with stages, under one model; those that ask none without."""
    running.ask(infer_request(a=[1.0]))
    running.ask(infer_request(b=[1.0]))
    running.ask(infer_request("other", a=[1.0]))
    running.client.call("ServerLive")
    bad = running.client.failure("ModelReady", message("inference.ModelReadyRequest")(name="x"))
    assert bad.code() is grpc.StatusCode.NOT_FOUND
    running.server.stop(PATIENCE)  # what notes a call ends after its client has its answer
    assert running.requests() == {
        ("m", "grpc", 0): 1,
        ("m", "grpc", 3): 1,
        ("", "grpc", 5): 2,
        ("", "grpc", 0): 1,
    }
    counters = running.observer.counters
    assert counters is not None
    sums = counters.sums()
    assert sums.under_way("m") == 0
    assert [sum(found.buckets) for _, found in sums.stages("m")] == [2, 2, 2, 2, 1, 1]
    assert sum(sums.whole("m").buckets) == 2
    told = [json.loads(line) for line in running.lines]
    assert [(one["status"], one["model"]) for one in told] == [
        ("OK", "m"), ("INVALID_ARGUMENT", "m"), ("NOT_FOUND", ""), ("OK", ""), ("NOT_FOUND", ""),
    ]  # fmt: skip
    assert told[1]["rules"] == ["ENF-004"]
    assert told[0]["path"] == f"/{SERVICE}/ModelInfer"
    assert told[0]["received"] == infer_request(a=[1.0]).ByteSize()


def test_each_message_of_a_stream_is_counted(running: Running) -> None:
    """RST-153: an error in it ends nothing, and is counted as what it is."""
    requests = [infer_request(a=[1.0]), infer_request(b=[1.0]), infer_request(a=[2.0])]
    path = f"{SERVICE}/ModelStreamInfer"
    kind = "inference.ModelStreamInferResponse"
    assert len(list(running.client.stream(path, requests, kind))) == 3
    running.server.stop(PATIENCE)
    assert running.requests() == {("m", "grpc", 0): 2, ("m", "grpc", 3): 1}
    assert len({json.loads(line)["request_id"] for line in running.lines}) == 1
    counters = running.observer.counters
    assert counters is not None
    assert counters.sums().under_way("m") == 0


def test_terse_errors_in_a_stream_are_counted_as_what_they_are() -> None:
    """RST-153 (ERR-008)."""
    made = Running(timed=False, terse=True)
    path = f"{SERVICE}/ModelStreamInfer"
    (answer,) = made.client.stream(
        path, [infer_request(b=[1.0])], "inference.ModelStreamInferResponse"
    )
    assert answer.error_message == "INVALID_INPUT"
    made.client.channel.close()
    made.server.stop(PATIENCE)
    assert made.requests() == {("m", "grpc", 3): 1}


@pytest.mark.thorough
def test_a_span_is_part_of_the_caller_s_trace(running: Running) -> None:
    """RST-157."""
    running.ask(infer_request(a=[1.0]), ("traceparent", TRACE))
    running.server.stop(PATIENCE)
    *stages, whole = running.exporter.get_finished_spans()
    assert whole.name == f"/{SERVICE}/ModelInfer"
    assert f"{whole.context.trace_id:032x}" == TRACE[3:35]
    assert [one.name for one in stages][-2:] == ["mlmodel.predict", "mlmodel.encode"]
