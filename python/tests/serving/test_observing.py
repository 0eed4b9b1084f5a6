"""What is seen of a server from outside, by a running application (RST-150 to RST-157)."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from mlmodel.errors import DeadlineExceeded, InternalError, InvalidArgument, MissingDependency
from mlmodel.models import Model, ModelSignature
from mlmodel.pyfunc import PyFuncModel
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.stages import CURRENT
from mlmodel.serving import wsgi
from mlmodel.serving.app import Application
from mlmodel.serving.http.messages import Request, Response, head
from mlmodel.serving.http.reader import Heads, Reader
from mlmodel.serving.logs import set_up
from mlmodel.serving.models import Hosted
from mlmodel.serving.observing.access import Log
from mlmodel.serving.observing.counters import Counters
from mlmodel.serving.observing.layout import leave, size_of
from mlmodel.serving.observing.observer import Watch
from mlmodel.serving.observing.spans import Spans, provider
from mlmodel.serving.observing.table import Part, Table
from mlmodel.types import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY = b'{"inputs": {"a": [1.5]}}'
V2_BODY = b'{"inputs": [{"name": "a", "datatype": "FP64", "shape": [1], "data": [1.5]}]}'
SIGNATURE = ModelSignature(Schema([ColSpec("double", "a")]))
STAGES = ["receive", "wait", "decode", "enforce", "predict", "encode"]


def predict(data: Any, _params: Any) -> Any:
    if (data["a"] < 0).any():
        raise ValueError("what no client sees")
    logging.getLogger("the.model").warning("I am asked")
    return data["a"].to_numpy()


def application(*names: str, **watch: Any) -> Application:
    hosted = Hosted()
    for name in names or ("m",):
        hosted.add(name, lambda: Engine(predict, SIGNATURE), engine=Engine(predict, SIGNATURE))
    return Application(hosted, repository=True, watch=Watch(**watch))


def request(path: str, body: bytes = b"", method: str = "POST", **headers: str) -> Request:
    raw = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Request(method, path.encode(), {b"content-type": b"application/json", **raw}, body=body)


def ask(app: Application, asked: Request) -> Response:
    app.pace(asked)
    return app.answer(asked)


def heads(response: Response) -> dict[str, str]:
    lines = head(response, b"", version="1.1", keep_alive=True).decode("latin-1").split("\r\n")
    return dict(line.split(": ", 1) for line in lines[1:] if line)


def metrics(app: Application, accept: str = "") -> dict[str, dict[Any, float]]:
    """Return the samples of each name, by the values of their labels in the order of the names."""
    answer = app.answer(request("/metrics", method="GET", accept=accept))
    assert answer.status == 200, answer
    kind = dict(answer.headers)["Content-Type"]
    read = read_openmetrics if kind.startswith("application/openmetrics") else read_prometheus
    found: dict[str, dict[Any, float]] = {}
    for family in read(answer.body.decode()):
        for sample in family.samples:
            key = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[key] = sample.value
    return found


# -- ids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("watch", [{}, {"timing": True, "metrics": True}])
@pytest.mark.parametrize(
    ("path", "body", "method"),
    [
        ("/invocations", BODY, "POST"),
        ("/invocations", b"{", "POST"),
        ("/v2/models/m/infer", V2_BODY, "POST"),
        ("/v2/models/m/infer", b"{", "POST"),
        ("/v2/health/live", b"", "GET"),
        ("/ping", b"", "GET"),
        ("/ping", b"", "HEAD"),
        ("/nothing", b"", "GET"),
        ("/ping", b"", "DELETE"),
    ],
)
def test_every_answer_has_an_id(path: str, body: bytes, method: str, watch: Any) -> None:
    """RST-151: the client's, or one of ours that is never given twice."""
    app = application(**watch)
    ours = {heads(ask(app, request(path, body, method)))["X-Request-ID"] for _ in range(3)}
    assert len(ours) == 3
    theirs = ask(app, request(path, body, method, x_request_id="Root=1-67891233-abc"))
    assert heads(theirs)["X-Request-ID"] == "Root=1-67891233-abc"
    if theirs.status >= 400:
        assert json.loads(theirs.body)["request_id"] == "Root=1-67891233-abc"


@pytest.mark.parametrize(
    "given",
    [
        "", " ", "a b", "a\r\nX-Evil: 1", "a\n", "a\0", "a, b", "é", "-a", 'a"', "a;b", "a\x1b[2J",
        "a\x9b", "a" * 129, "<script>", "{}", "%0d%0a", "\u2028", "a\t", "../x",
    ],
)  # fmt: skip
def test_an_id_that_could_be_more_is_dropped(given: str) -> None:
    """RST-151: and the request is answered."""
    answer = ask(application(), request("/invocations", BODY, x_request_id=given))
    assert answer.status == 200
    assert re.fullmatch(r"[0-9a-f]{20}", heads(answer)["X-Request-ID"])
    assert head(answer, b"", version="1.1", keep_alive=True).count(b"\r\n") == 5


def test_the_longest_id_is_kept() -> None:
    answer = ask(application(), request("/invocations", BODY, x_request_id="a" * 128))
    assert heads(answer)["X-Request-ID"] == "a" * 128


def test_a_copy_of_a_process_gives_other_ids() -> None:
    """RST-151: an application that was made before a server of WSGI copied itself."""
    app = application()
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=lambda: send.send(heads(ask(app, request("/x")))))
    child.start()
    theirs = receive.recv()["X-Request-ID"]
    child.join()
    assert theirs[:12] != heads(ask(app, request("/x")))["X-Request-ID"][:12]


def test_a_refusal_of_the_connection_has_the_id_of_its_request() -> None:
    """RST-151: what the loop refuses by itself, in the middle of a call or before there is one."""
    app = application(metrics=True)
    asked = request("/v2/models/m/infer", V2_BODY, x_request_id="a1")
    app.pace(asked)
    refused = app.refuse(DeadlineExceeded("late"), asked)
    assert heads(refused)["X-Request-ID"] == json.loads(refused.body)["request_id"] == "a1"
    late = app.answer(asked)  # its thread goes on, and nobody gets what it says
    assert late.status == 200
    assert metrics(app)["mlmodel_requests_total"] == {("m", "v2", "504"): 1}
    assert metrics(app)["mlmodel_requests_under_way"] == {("m",): 0}
    nothing = app.refuse(InternalError("x"), None)
    assert heads(nothing)["X-Request-ID"] == json.loads(nothing.body)["request_id"]


# -- the log -------------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[Callable[..., io.StringIO]]:
    """Sets the log up, with nothing that writes it but a stream."""
    root = logging.getLogger()
    before = root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in ("", "mlmodel", "mlmodel.serving")}

    def start(level: str = "info", form: str = "text") -> io.StringIO:
        stream = io.StringIO()
        root.handlers[:] = [logging.StreamHandler(stream)]
        set_up(level, form)
        return stream

    yield start
    root.handlers[:] = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("watch", [{}, {"timing": True}])
@pytest.mark.parametrize("path", ["/invocations", "/v2/models/m/infer"])
def test_a_fault_of_the_model_can_be_looked_up(log: Any, form: str, watch: Any, path: str) -> None:
    """RST-152: the answer says the model failed, and its id stands beside the traceback."""
    written = log(form=form)
    body = (V2_BODY if "v2" in path else BODY).replace(b"1.5", b"-1.5")
    answer = ask(application(**watch), request(path, body, x_request_id="abc"))
    said = json.loads(answer.body)
    assert answer.status == 500
    assert said["request_id"] == "abc"
    message = said["error" if "v2" in path else "message"]
    assert "The model failed" in message
    assert "with the request id abc" in message
    assert "what no client sees" not in answer.body.decode()
    first, _, traceback = written.getvalue().partition("\n")
    if form == "text":
        assert first == "[abc] The model raised an exception."
        assert traceback.endswith("ValueError: what no client sees\n")
    else:
        told = json.loads(first)
        assert not traceback
        assert told["request_id"] == "abc"
        assert told["traceback"].endswith("ValueError: what no client sees")


def test_what_a_model_logs_has_the_id(log: Any) -> None:
    """RST-152: its own lines; and those of nobody have none."""
    written = log()
    ask(application(), request("/invocations", BODY, x_request_id="abc"))
    logging.getLogger("the.model").warning("by itself")
    assert written.getvalue() == "[abc] I am asked\nby itself\n"
    assert CURRENT.get() is None


def test_a_record_of_json_is_one_line(log: Any) -> None:
    """RST-155: whatever stands in it."""
    written = log("error", "json")
    logging.getLogger("mlmodel.serving").warning("not told")
    logging.getLogger("mlmodel.serving").error("a\r\n\x1b[2J\u2028\x9b%s", "\ud800")
    assert written.getvalue().isascii()
    assert len(written.getvalue().splitlines()) == 1
    assert json.loads(written.getvalue())["message"] == "a\r\n\x1b[2J\u2028\x9b\ud800"


def test_the_level_is_that_of_our_records(log: Any) -> None:
    written = log("debug")
    logging.getLogger("mlmodel.scoring").debug("ours")
    logging.getLogger("other").info("theirs")
    assert written.getvalue() == "ours\n"


EVIL = "/models/a\r\n2026 INFO [x] GET / 200\x1b[2J\x9b\x85 \u00e9/invocations?secret=1"


@pytest.mark.parametrize("form", ["text", "json", "bare"])
def test_the_access_log(form: str) -> None:
    """RST-155: one line for each answer; nothing of a request ends it; no query."""
    lines: list[str] = []
    app = application(access=Log(form, lines.append))
    ask(app, request("/invocations?secret=1", BODY, x_request_id="a1"))
    ask(app, request("/invocations", b"{", x_request_id="a2"))
    ask(app, Request("GE\x1bT", EVIL.encode("latin-1"), {b"x-request-id": b"a3"}))
    ask(app, request("/v2/models/m/infer", V2_BODY))
    ask(app, request("/ping", method="GET"))
    app.refuse(InternalError("x (RST-104)."), None)
    assert len(lines) == 6
    for line in lines:
        assert line.isascii()
        assert line.rstrip("\n").isprintable()
        assert "secret" not in line
    if form == "json":
        told = [json.loads(line) for line in lines]
        assert [one["status"] for one in told] == [200, 400, 404, 200, 200, 500]
        assert [one["model"] for one in told] == ["m", "m", "", "m", "", ""]
        assert [one["protocol"] for one in told] == ["rest", "rest", "rest", "v2", "rest", "rest"]
        assert (told[0]["received"], told[0]["path"]) == (len(BODY), "/invocations")
        assert (told[1]["error"], told[1]["rules"]) == ("MALFORMED_REQUEST", ["RST-004"])
        return
    words = [line.rstrip("\n").split(" ") for line in lines]
    skip = 3 if form == "text" else 0
    assert [one[skip] for one in words[:3]] == ["[a1]", "[a2]", "[a3]"]
    assert [one[skip + 3] for one in words] == ["200", "400", "404", "200", "200", "500"]
    assert words[1][-2:] == ["error=MALFORMED_REQUEST", "rules=RST-004"]
    assert {len(one) for one in words} == {skip + 9, skip + 11}


def test_the_access_log_of_an_application_of_wsgi(caplog: pytest.LogCaptureFixture) -> None:
    """RST-155: records of a logger, which belongs to who runs the server."""
    caplog.set_level(logging.INFO, "mlmodel.access")
    app = wsgi(PyFuncModel(Model(), lambda data, _: data), access_log=True, server_timing=True)
    status, headers, _ = ask_wsgi(app, "/invocations", b'{"inputs": [1]}')
    assert (status, ask_wsgi(app, "/ping")[0]) == ("200 OK", "200 OK")
    assert "predict;dur=" in headers["Server-Timing"]
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith(f"[{headers['X-Request-ID']}] POST /invocations 200 ")
    assert " GET /ping 200 " in second


def ask_wsgi(app: Any, path: str, body: bytes = b"", **environ: str) -> Any:
    got: list[Any] = []
    given = {
        "REQUEST_METHOD": "POST" if body else "GET",
        "PATH_INFO": path,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "SERVER_NAME": "x",
        "SERVER_PORT": "1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        **environ,
    }
    answer = b"".join(app(given, lambda *told: got.extend(told)))
    return got[0], dict(got[1]), answer


# -- timings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "stages"),
    [
        ("/invocations", BODY, STAGES),
        ("/models/m/invocations", BODY, STAGES),
        ("/v2/models/m/infer", V2_BODY, STAGES),
        ("/invocations", BODY.replace(b"1.5", b"-1"), STAGES),
        ("/invocations", b"{", STAGES[:3]),
        ("/invocations", BODY.replace(b'"a"', b'"b"'), STAGES[:3]),
        ("/v2/models/m/infer", V2_BODY.replace(b'"a"', b'"b"'), STAGES[:4]),
        ("/models/other/invocations", BODY, []),
        ("/ping", b"", []),
    ],
)
def test_the_stages_of_an_answer(path: str, body: bytes, stages: list[str]) -> None:
    """RST-150: those that the request reached; of calls of a model alone."""
    app = application(timing=True)
    told = heads(ask(app, request(path, body))).get("Server-Timing", "")
    found = re.findall(r"([a-z]+);dur=(\d+\.\d{3})(?:, |$)", told)
    assert [name for name, _ in found] == stages
    assert "Server-Timing" not in heads(ask(application(metrics=True), request(path, body)))


def test_each_stage_is_measured() -> None:
    """RST-150: what takes long is told where it was, and the rest is not."""
    app = application(timing=True)
    held = threading.Event()
    slow = Engine(lambda data, _: held.wait(0.3), SIGNATURE)
    app.models.add("m", lambda: slow, engine=slow)
    asked = request("/invocations", BODY)
    asked.received = 0.7
    told = heads(ask(app, asked))["Server-Timing"]
    times = {name: float(value) for name, value in re.findall(r"([a-z]+);dur=([\d.]+)", told)}
    assert times["receive"] == 700
    assert times["predict"] >= 290


def test_a_body_in_pieces_takes_time_to_arrive() -> None:
    """RST-150: what the reader notes."""
    reader = Reader(1000, lambda _: None, lambda _: None, Heads())
    reader.feed(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1")
    threading.Event().wait(0.05)
    reader.feed(b"2")
    assert reader.complete[0].received >= 0.04
    reader.feed(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n12")
    assert reader.complete[1].received < reader.complete[0].received


# -- metrics -------------------------------------------------------------------------------------

_OPEN = "application/openmetrics-text"


@pytest.mark.parametrize("accept", ["", f"{_OPEN};version=1.0.0;q=0.5,text/plain;q=0.3"])
def test_requests_are_counted(accept: str) -> None:
    """RST-153: by model, protocol and status; errors by rule; sizes and stages."""
    app = application("m", "n", metrics=True)
    for _ in range(3):
        ask(app, request("/models/m/invocations", BODY))
    ask(app, request("/models/m/invocations", BODY.replace(b"1.5", b'"x", "y"')))
    ask(app, request("/models/n/invocations", BODY.replace(b"1.5", b"-1")))
    ask(app, request("/v2/models/n/infer", V2_BODY))
    ask(app, request("/models/other/invocations", BODY))
    ask(app, request("/v2/models/other/infer", V2_BODY))
    ask(app, request("/ping", method="GET"))
    found = metrics(app, accept)
    assert found["mlmodel_requests_total"] == {
        ("m", "rest", "200"): 3,
        ("m", "rest", "400"): 1,
        ("n", "rest", "500"): 1,
        ("n", "v2", "200"): 1,
        ("", "rest", "404"): 1,
        ("", "v2", "404"): 1,
        ("", "rest", "200"): 1,
    }
    assert found["mlmodel_errors_total"] == {
        ("INVALID_INPUT", "m", "ENF-049"): 1,
        ("MODEL_FAILURE", "n", "ERR-010"): 1,
        ("MODEL_NOT_FOUND", "", "OIP-051"): 2,
    }
    assert found["mlmodel_requests_under_way"] == {("m",): 0, ("n",): 0}
    assert found["mlmodel_request_seconds_count"] == {("m",): 4, ("n",): 2}
    assert found["mlmodel_request_body_bytes_sum"][("m",)] == 4 * len(BODY) + 5
    stages = found["mlmodel_stage_seconds_count"]
    assert [stages["m", name] for name in STAGES] == [4, 4, 4, 3, 3, 3]
    assert [stages["n", name] for name in STAGES] == [2, 2, 2, 2, 2, 2]
    buckets = found["mlmodel_response_body_bytes_bucket"]
    assert buckets["+Inf", "m"] == 4
    assert found["mlmodel_workers"] == {(): 1}
    assert found["mlmodel_model_ready"] == {("m",): 1, ("n",): 1}


def test_a_model_that_is_not_there_is_no_label() -> None:
    """RST-153: whatever a client asks for, there are no more series than before."""
    app = application(metrics=True)
    for number in range(50):
        ask(app, request(f"/models/x{number}/invocations", BODY))
        ask(app, request(f"/v2/models/x{number}/infer", V2_BODY))
        ask(app, request(f"/{number}", method="GET"))
        ask(app, request("/ping", method=f"M{number}"))
    found = metrics(app)
    assert sorted(found["mlmodel_requests_total"]) == [
        ("", "rest", "404"), ("", "rest", "405"), ("", "v2", "404"),
    ]  # fmt: skip
    assert found["mlmodel_request_seconds_count"] == {("m",): 0}


@pytest.mark.parametrize(
    ("accept", "is_open"),
    [
        (_OPEN, True),
        ("*/*", False),
        ("text/plain", False),
        (f"{_OPEN};q=0", False),
        (f"{_OPEN};q=0.1, text/plain", False),
        (f"{_OPEN.upper()}; Q=1", True),
        (f"{_OPEN};version=9.9\x01", True),
        (f"{_OPEN};version=x;q=zzz", True),
        (f"{_OPEN};escaping=evil", True),
        ("," * 5000, False),
    ],
)
def test_the_form_of_the_metrics(accept: str, is_open: bool) -> None:
    """RST-153: as Accept prefers; nothing of it is given back, and nothing of it is a fault."""
    answer = application(metrics=True).answer(request("/metrics", method="GET", accept=accept))
    kind = dict(answer.headers)["Content-Type"]
    assert answer.status == 200
    assert kind.startswith(_OPEN if is_open else "text/plain; version=0.0.4") or not is_open
    assert answer.body.endswith(b"# EOF\n") == is_open
    assert "evil" not in kind
    assert "9.9" not in kind


def test_where_nobody_asks_for_metrics_there_are_none() -> None:
    """RST-153."""
    assert application().answer(request("/metrics", method="GET")).status == 404
    answer = application(metrics=True).answer(request("/metrics", method="POST"))
    assert answer.status == 405


def test_requests_under_way() -> None:
    """RST-153: those that are worked on, and those that wait."""
    app = application(metrics=True)
    begun, go = threading.Event(), threading.Event()

    def hold(data: Any, _: Any) -> Any:
        begun.set()
        assert go.wait(60)
        return np.zeros(1)

    slow = Engine(hold, SIGNATURE)
    app.models.add("m", lambda: slow, engine=slow)
    app.pace(request("/invocations", BODY))
    thread = threading.Thread(target=lambda: ask(app, request("/invocations", BODY)))
    thread.start()
    assert begun.wait(60)
    assert metrics(app)["mlmodel_requests_under_way"] == {("m",): 2}
    go.set()
    thread.join()
    assert metrics(app)["mlmodel_requests_under_way"] == {("m",): 1}


@pytest.mark.thorough
def test_no_count_is_lost_between_threads() -> None:
    """RST-153."""
    app = application(metrics=True)

    def work() -> None:
        for _ in range(400):
            ask(app, request("/invocations", BODY))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    metrics(app)
    for thread in threads:
        thread.join()
    found = metrics(app)
    assert found["mlmodel_requests_total"]["m", "rest", "200"] == 1600
    assert found["mlmodel_request_seconds_count"] == {("m",): 1600}
    assert found["mlmodel_requests_under_way"] == {("m",): 0}


def test_processes_count_together() -> None:
    """RST-154: and what one has counted stays when it ends, and when another takes its place."""
    table = Table(3, size_of(1))
    first = application(metrics=True, part=Part(table, 0))
    second = application(metrics=True, part=Part(table, 1))
    for app in (first, first, second):
        ask(app, request("/invocations", BODY))
        ask(app, request("/invocations", BODY.replace(b"1.5", b"-1")))
    second.pace(request("/invocations", BODY))
    second.observer.counters.fold()  # type: ignore[union-attr]
    found = metrics(first)
    assert found["mlmodel_requests_total"]["m", "rest", "200"] == 3
    assert found["mlmodel_errors_total"] == {("MODEL_FAILURE", "m", "ERR-010"): 3}
    assert found["mlmodel_requests_under_way"] == {("m",): 1}
    assert (found["mlmodel_workers"], found["mlmodel_worker_starts_total"]) == ({(): 2}, {(): 2})
    leave(Part(table, 1).own, 1)
    found = metrics(first)
    assert found["mlmodel_requests_total"]["m", "rest", "200"] == 3
    assert found["mlmodel_requests_under_way"] == {("m",): 0}
    assert found["mlmodel_workers"] == {(): 1}
    third = application(metrics=True, part=Part(table, 1))
    ask(third, request("/invocations", BODY))
    third.observer.counters.fold()  # type: ignore[union-attr]
    found = metrics(first)
    assert found["mlmodel_requests_total"]["m", "rest", "200"] == 4
    assert (found["mlmodel_workers"], found["mlmodel_worker_starts_total"]) == ({(): 2}, {(): 3})


def test_what_one_process_has_counted_is_told_by_another_soon() -> None:
    """RST-154: without being asked itself."""
    table = Table(2, size_of(1))
    first = application(metrics=True, part=Part(table, 0))
    second = application(metrics=True, part=Part(table, 1))
    ask(first, request("/invocations", BODY))
    for _ in range(600):
        found = metrics(second)["mlmodel_request_seconds_count"]
        if found == {("m",): 1}:
            break
        time.sleep(0.1)
    assert found == {("m",): 1}


def test_no_label_is_taken_from_memory_that_is_not_ours() -> None:
    """RST-154: a rule that is none, a model, a protocol and an error that are not there."""
    counters = Counters(["m"])
    counters.count_error("m", InternalError, ["ERR-006"])
    counters.end(("m", "rest", 200), (0, 1, 1, 0.0, 0.0, 0.1))
    own = memoryview(bytearray(size_of(1) * 8))
    words = own.cast("Q")
    start = size_of(1) - 3 * 1024
    evil = int.from_bytes(b'a"\n{}', "big")
    rows = [
        (evil, 2 << 56),
        (0, 2 << 56 | 9999),
        (0, 1 << 56 | 7 << 16 | 200),
        (0, 2 << 56 | 77 << 32),
    ]
    for place, row in enumerate(rows):
        words[start + 3 * place : start + 3 * place + 2] = memoryview(
            b"".join(word.to_bytes(8, sys.byteorder) for word in row)
        ).cast("Q")
    sums = Counters(["m"], own).sums()
    assert list(sums.requests()) == []
    assert [(model, rule) for model, _, rule, _ in sums.errors()] == [("", "")]


@pytest.mark.thorough
def test_a_table_that_a_model_has_written_to_breaks_nothing() -> None:
    """RST-154: a model behind the wall shares a process with what counts, and may write anything."""
    for seed in range(20):
        table = Table(2, size_of(1))
        evil = Part(table, 1).own
        evil[:] = np.random.default_rng(seed).bytes(len(evil))
        app = application(metrics=True, part=Part(table, 0))
        ask(app, request("/invocations", BODY))
        assert app.answer(request("/metrics", method="GET")).status == 200
        after = application(metrics=True, part=Part(table, 1))
        ask(after, request("/invocations", BODY))
        assert after.answer(request("/metrics", method="GET")).status == 200


def test_there_is_an_end_to_what_is_counted() -> None:
    """RST-153: rules beyond the table are left out, and what is in it goes on."""
    counters = Counters(["m"])
    for number in range(3000):
        counters.count_error("m", InternalError, [f"AAA-{number % 1000:03d}", f"BBB-{number:03d}"])
    counters.end(("m", "rest", 200), (0, 1, 1, 0.0, 0.0, 0.1))
    assert sum(1 for _ in counters.sums().errors()) <= 1023
    assert counters.sums().whole("m").sum == pytest.approx(0.1)


def test_what_the_metrics_need_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingDependency, match=r"prometheus-client.*metrics"):
        wsgi(PyFuncModel(Model(), lambda data, _: data), metrics=True)


# -- probes --------------------------------------------------------------------------------------


def test_live_and_ready() -> None:
    """RST-156."""
    app = application("m", "n")

    def status(path: str, method: str = "GET") -> int:
        return app.answer(request(path, method=method)).status

    assert (status("/livez"), status("/readyz"), status("/livez", "HEAD")) == (200, 200, 200)
    assert status("/readyz", "POST") == 405
    app.models.unload("n")
    refused = app.answer(request("/readyz", method="GET"))
    assert (status("/livez"), status("/ping"), refused.status) == (200, 200, 503)
    assert json.loads(refused.body)["error_code"] == "UNAVAILABLE"
    app.models.load("n")
    assert status("/readyz") == 200
    app.probes.stopping = True
    assert (status("/livez"), status("/readyz")) == (200, 503)


# -- spans ---------------------------------------------------------------------------------------


@pytest.fixture
def sent() -> tuple[InMemorySpanExporter, Spans]:
    exporter, made = InMemorySpanExporter(), TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter, Spans(made)


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/invocations", BODY, "POST /invocations"),
        ("/v2/models/m/infer", V2_BODY, "POST /v2"),
        ("/models/m/invocations", BODY, "POST /models"),
    ],
)
def test_the_spans_of_a_request(sent: Any, path: str, body: bytes, name: str) -> None:
    """RST-157: a part of the caller's trace, with a span for each stage in it."""
    exporter, spans = sent
    app = application(spans=spans)
    asked = request(path, body, traceparent=TRACE, x_request_id="a1")
    assert ask(app, asked).status == 200
    *stages, whole = exporter.get_finished_spans()
    assert whole.name == name
    assert f"{whole.context.trace_id:032x}" == TRACE[3:35]
    assert f"{whole.parent.span_id:016x}" == TRACE[36:52]
    assert whole.attributes["mlmodel.request_id"] == "a1"
    assert whole.attributes["mlmodel.model"] == "m"
    assert whole.attributes["http.response.status_code"] == 200
    assert [one.name for one in stages] == [f"mlmodel.{stage}" for stage in STAGES[2:]]
    for one in stages:
        assert one.parent.span_id == whole.context.span_id
        assert whole.start_time <= one.start_time <= one.end_time <= whole.end_time
    assert not trace.get_current_span().is_recording()


def test_the_spans_of_errors(sent: Any) -> None:
    """RST-157: no name from a request; a traceparent that is not one begins a trace of its own."""
    exporter, spans = sent
    app = application(spans=spans)
    for given in ("x", "00-0-0-01", TRACE + "\u00e9", "0" * 5000):
        ask(app, request("/invocations", BODY.replace(b"1.5", b"-1"), traceparent=given))
        whole = exporter.get_finished_spans()[-1]
        assert whole.parent is None
        assert whole.status.status_code is trace.StatusCode.ERROR
        assert whole.attributes["error.type"] == "MODEL_FAILURE"
    ask(app, Request("EVIL", b"/evil/../x", {}))
    assert exporter.get_finished_spans()[-1].name == "HTTP /"
    app.refuse(InternalError("x"), None)
    assert exporter.get_finished_spans()[-1].name == "HTTP /"
    asked = request("/invocations", BODY)
    app.refuse(DeadlineExceeded("late"), asked)
    app.answer(asked)
    assert not trace.get_current_span().is_recording()


def test_exporters_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """RST-157."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert provider().resource.attributes["service.name"] == "mlmodel"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    assert provider().resource.attributes["service.name"] == "mine"
    for name in ("no_such_exporter", "a b"):
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", name)
        with pytest.raises(MissingDependency, match=r"RST-157"):
            provider()


@pytest.mark.parametrize(
    ("variables", "entry"),
    [
        ({}, "otlp_proto_http"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "otlp_proto_grpc"),
        (
            {
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            "otlp_proto_http",
        ),
        ({"OTEL_TRACES_EXPORTER": "zipkin_json"}, "zipkin_json"),
    ],
)
def test_which_exporter_is_taken(
    variables: dict[str, str], entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RST-157: as the SDK itself reads the variables."""
    asked = []

    class Made:
        def load(self) -> Any:
            return InMemorySpanExporter

    def found(**given: str) -> list[Made]:
        asked.append(given)
        return [Made()]

    monkeypatch.setattr("mlmodel.serving.observing.spans.entry_points", found)
    for name in ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    provider().shutdown()
    assert asked == [{"group": "opentelemetry_traces_exporter", "name": entry}]


@pytest.mark.thorough
def test_an_exporter_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """RST-157."""

    class Broken:
        def load(self) -> Any:
            raise ValueError("no place")

    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "broken")
    monkeypatch.setattr("mlmodel.serving.observing.spans.entry_points", lambda **_: [Broken()])
    with pytest.raises(InvalidArgument, match="no place"):
        provider()
