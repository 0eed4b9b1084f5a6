"""Real servers, seen from outside: several workers, crashes, walls, processes of the model's own."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest
from prometheus_client.parser import text_string_to_metric_families

import mlmodel.pyfunc
from mlmodel.sandbox.wall import lacking
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PATIENCE = 100


class Fragile(mlmodel.pyfunc.PythonModel):
    """Ends its process, or fails, where it is told to; else says which process it is in."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        import os

        told = model_input["do"].iloc[0]
        if told == "crash":
            os.abort()
        if told == "raise":
            raise ValueError("what no client sees")
        return [os.getpid()]


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "fragile"
    signature = ModelSignature(Schema([ColSpec("string", "do")]))
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    mlmodel.pyfunc.save_model(path, python_model=Fragile(), signature=signature)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return path


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def ask(self, path: str, body: str | None = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given["Content-Type"] = "application/json"
        connection.request("GET" if body is None else "POST", path, body, given)
        answer = connection.getresponse()
        found = answer.status, dict(answer.headers), answer.read().decode()
        connection.close()
        return found

    def do(self, told: str = "", **headers: str) -> Any:
        return self.ask("/invocations", json.dumps({"inputs": {"do": [told]}}), **headers)

    def metrics(self) -> dict[str, dict[Any, float]]:
        found: dict[str, dict[Any, float]] = {}
        for family in text_string_to_metric_families(self.ask("/metrics")[2]):
            for sample in family.samples:
                key = tuple(value for _, value in sorted(sample.labels.items()))
                found.setdefault(sample.name, {})[key] = sample.value
        return found

    def until(self, name: str, key: Any, value: float) -> dict[str, dict[Any, float]]:
        """Return the metrics once one of them is what it is to be: others' take a while to come."""
        for _ in range(PATIENCE * 10):
            found = self.metrics()
            if found.get(name, {}).get(key) == value:
                return found
            time.sleep(0.1)
        raise AssertionError(found.get(name))

    def end(self) -> str:
        """Return what the server has written to its log."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        return log


@contextmanager
def serving(model: Path, *options: str, **environment: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.match(r"mlmodel: ready at http://127\.0\.0\.1:(\d+)", line)
        assert found, (line, process.communicate())
        yield Server(process, int(found[1]))
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()


def scored(server: Server, times: int, **headers: str) -> set[str]:
    return {server.do(**headers)[2] for _ in range(times)}


def test_workers_count_together_and_nothing_is_lost(fragile: Path) -> None:
    """RST-154: when one is killed, and when all are replaced."""
    name, key = "mlmodel_requests_total", ("fragile", "rest", "200")
    with serving(fragile, "--trust", "-w", "2", "--metrics") as server:
        asked = 0
        seen: set[str] = set()
        while len(seen) < 2 and asked < 500:
            seen |= scored(server, 20)
            asked += 20
        assert len(seen) == 2
        server.until(name, key, asked)
        os.kill(json.loads(seen.pop())["predictions"][0], signal.SIGKILL)
        server.until("mlmodel_worker_starts_total", (), 3)
        found = server.until("mlmodel_workers", (), 2)
        assert found[name][key] == asked
        server.process.send_signal(signal.SIGHUP)
        server.until("mlmodel_worker_starts_total", (), 5)
        server.until("mlmodel_workers", (), 2)
        scored(server, 7)
        found = server.until(name, key, asked + 7)
        assert found["mlmodel_requests_under_way"] == {("fragile",): 0}
        server.end()


def test_the_log_of_a_fault(fragile: Path) -> None:
    """RST-151, RST-152, RST-155: where the model has processes of its own, too."""
    for options in ((), ("--isolate", "--threads", "1")):
        watched = ("--access-log", "--log-format", "json", "--server-timing", "--metrics")
        with serving(fragile, "--trust", *options, *watched) as server:
            assert server.do(x_request_id="good")[0] == 200
            status, headers, body = server.do("raise", x_request_id="bad-1")
            assert (status, headers["X-Request-ID"]) == (500, "bad-1")
            assert "predict;dur=" in headers["Server-Timing"]
            assert "the request id bad-1" in json.loads(body)["message"]
            found = server.metrics()["mlmodel_errors_total"]
            assert found == {("MODEL_FAILURE", "fragile", "ERR-010"): 1}
            log = server.end()
        told = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        mine = [one for one in told if one.get("request_id") == "bad-1"]
        assert [one["logger"] for one in mine] == ["mlmodel.scoring", "mlmodel.access"]
        assert "what no client sees" in log
        assert mine[0]["traceback"]
        assert mine[1]["error"] == "MODEL_FAILURE"


@pytest.mark.skipif(bool(lacking()), reason="the wall is not whole on this system")
def test_behind_the_wall(fragile: Path) -> None:
    """RST-154: workers that may open nothing count together, and write the log."""
    options = ("--trust", "--sandbox", "on", "-w", "2", "--metrics", "--access-log")
    with serving(fragile, *options) as server:
        seen = scored(server, 40, x_request_id="abc")
        found = server.until("mlmodel_requests_total", ("fragile", "rest", "200"), 40)
        assert found["mlmodel_workers"] == {(): 2}
        assert seen
        assert server.ask("/readyz")[0] == server.ask("/livez")[0] == 200
        log = server.end()
    assert len(re.findall(r"^\S+ \S+ INFO \[abc\] POST /invocations 200 ", log, re.MULTILINE)) == 40


def test_what_the_loop_refuses_is_seen(fragile: Path) -> None:
    """RST-151, RST-153, RST-155: what is no HTTP, and a body that is too large."""
    options = ("--trust", "--metrics", "--access-log", "--max-body", "100")
    with serving(fragile, *options) as server:
        import socket

        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
            connection.sendall(b"GET\r\n\r\n")
            answer = connection.makefile("rb").read()
        assert b"400 Bad Request" in answer
        assert b"X-Request-ID: " in answer
        status, headers, body = server.do("x" * 200, x_request_id="abc")
        assert (status, headers["X-Request-ID"]) == (413, "abc")
        assert json.loads(body)["request_id"] == "abc"
        found = server.metrics()["mlmodel_requests_total"]
        assert found["", "rest", "400"] == found["fragile", "rest", "413"] == 1
        log = server.end()
    assert " [abc] POST /invocations 413 " in log
    assert re.search(r" \[[0-9a-f]{20}\] - - 400 ", log)


def test_spans_are_sent(fragile: Path) -> None:
    """RST-157: as the variables say; those that wait are sent before the end."""
    with serving(fragile, "--trust", "--otel", OTEL_TRACES_EXPORTER="console") as server:
        assert server.do(x_request_id="abc")[0] == 200
        log = server.end()
    assert '"mlmodel.request_id": "abc"' in log
    assert '"mlmodel.predict"' in log


def test_spans_that_cannot_be_sent_are_told_before(fragile: Path) -> None:
    """RST-157."""
    base = [sys.executable, "-m", "mlmodel", "serve", "-m", str(fragile), "-p", "0", "--otel"]
    environment = {**os.environ, "OTEL_TRACES_EXPORTER": "no_such"}
    done = subprocess.run(
        [*base, "--trust"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment,
        check=False,
    )
    assert done.returncode == 2
    assert "no_such" in done.stderr
    if not lacking():
        walled = [*base, "--trust", "--sandbox", "on"]
        environment["OTEL_TRACES_EXPORTER"] = "none"
        done = subprocess.run(
            walled, capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False
        )
        assert done.returncode == 2
        assert "sandbox" in done.stderr
        assert "RST-157" in done.stderr
