"""Real servers on loopback, each at a free port, ended by its own process id."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest

import mlmodel.pyfunc
from mlmodel.serving.admission import WAITING
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

pytestmark = pytest.mark.slow


class Sleeper(mlmodel.pyfunc.PythonModel):
    """Sleeps as long as its input says; says which process it is in."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        import os
        import time

        time.sleep(float(model_input["seconds"].iloc[0]))
        return [os.getpid()]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "sleeper"
    signature = ModelSignature(Schema([ColSpec("double", "seconds")]))
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    mlmodel.pyfunc.save_model(path, python_model=Sleeper(), signature=signature)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return path


def command(model: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0", *options]


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def ask(
        self, seconds: float, timeout: float = 30, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        return self.post(json.dumps({"inputs": {"seconds": [seconds]}}), timeout, **headers)

    def post(self, body: str, timeout: float = 30, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        given = {"Content-Type": "application/json", **headers}
        connection.request("POST", "/invocations", body, given)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def ping(self) -> float:
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/ping")
        assert connection.getresponse().status == 200
        return time.monotonic() - started

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


@contextmanager
def serving(model: Path, *options: str) -> Iterator[Server]:
    process = subprocess.Popen(
        command(model, "--trust", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("mlmodel: ready at http://127.0.0.1:"), (line, process.communicate())
        yield Server(process, int(line.rsplit(":", 1)[1]))
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


def wait_for(condition: Any, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def test_slow_predictions_and_slow_bodies_hold_up_nobody(model: Path) -> None:
    """RST-070, RST-074, RST-075: ready means that it answers; ping is answered throughout."""
    with serving(model) as server:
        assert server.ping() < 2
        slow = threading.Thread(target=server.ask, args=(3,))
        slow.start()
        dripping = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
        for connection in dripping:
            connection.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 1000\r\n\r\n{"
            )
        time.sleep(0.3)
        assert server.ping() < 1
        assert server.ask(0)[0] == 200
        for connection in dripping:
            connection.close()
        slow.join()
        assert server.ask(0)[0] == 200


def test_more_bodies_that_never_come_than_there_are_threads(model: Path) -> None:
    """RST-074: ping is answered, and what finds no place is refused at once."""
    with serving(model, "--threads", "4") as server:
        half = (
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        headless = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        headless.sendall(half[:40])
        idle = []
        for _ in range(4 + WAITING + 20):
            idle.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            idle[-1].sendall(half)
            if len(idle) in {9, 100}:
                # More than there are threads to work: the others are worked on.
                assert server.ask(0)[0] == 200
        assert wait_for(lambda: server.ask(0)[0] == 503)
        assert server.ask(0)[1]["error_code"] == "UNAVAILABLE"
        assert all(server.ping() < 2 for _ in range(10))
        for connection in idle:
            connection.close()
        assert wait_for(lambda: server.ask(0)[0] == 200)
        # Headers that do not come either end the connection, with or without an answer.
        assert not headless.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_begun_is_finished_and_no_process_left(model: Path, number: int) -> None:
    """RST-076."""
    with serving(model) as server:
        workers = server.workers()
        answers: list[Any] = []
        slow = threading.Thread(target=lambda: answers.append(server.ask(1.5)))
        slow.start()
        time.sleep(0.5)
        server.process.send_signal(number)
        slow.join()
        assert answers[0][0] == 200
        assert server.process.wait(20) == 0
        assert all(map(gone, workers))


def test_ctrl_c_of_the_whole_group_is_no_failure(model: Path) -> None:
    """RST-076: a terminal's Ctrl-C reaches the workers as well."""
    process = subprocess.Popen(
        command(model, "--trust", "--workers", "2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert "ready" in process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")


def test_a_stop_while_the_model_loads(model: Path) -> None:
    """RST-076."""
    process = subprocess.Popen(
        command(model, "--trust"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    assert wait_for(lambda: children.exists() and children.read_text().strip())
    time.sleep(0.05)
    process.terminate()
    _, said = process.communicate(timeout=15)
    assert (process.returncode, said) == (0, "")


def test_workers_end_with_a_killed_parent(model: Path) -> None:
    """RST-076: no process is left behind, however the parent ends."""
    with serving(model) as server:
        workers = server.workers()
        assert workers
        server.process.kill()
        server.process.wait()
        assert wait_for(lambda: all(map(gone, workers)))


def test_a_killed_worker_ends_the_server_with_an_error(model: Path) -> None:
    with serving(model) as server:
        os.kill(server.workers()[0], signal.SIGKILL)
        assert server.process.wait(10) == 70
        assert server.process.stderr is not None
        said = server.process.stderr.read()
        assert said.startswith("mlmodel: INTERNAL_ERROR: A worker process ended unexpectedly")
        assert "Traceback" not in said


def test_two_workers_both_answer(model: Path) -> None:
    with serving(model, "--workers", "2") as server:
        assert len(server.workers()) == 2
        seen = {server.ask(0)[1]["predictions"][0] for _ in range(60)}
        assert seen <= set(server.workers())
        assert wait_for(lambda: seen.add(server.ask(0)[1]["predictions"][0]) or len(seen) == 2)


def test_a_port_in_use_is_refused(model: Path) -> None:
    """RST-075."""
    with serving(model) as server:
        second = subprocess.run(
            [*command(model, "--trust"), "-p", str(server.port)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode == 2
        assert f"Port {server.port} of 127.0.0.1 is in use" in second.stderr
        assert second.stderr.count("\n") == 1
        assert server.ping() < 2


def test_a_model_that_is_not_trusted_is_refused(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """RST-075."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "empty"))
    refused = subprocess.run(
        command(model), capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 3
    assert refused.stderr.startswith("mlmodel: UNTRUSTED_MODEL: ")
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """RST-075."""
    refused = subprocess.run(
        command(tmp_path / "none"), capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("mlmodel: MODEL_NOT_FOUND: ")


def test_limits_and_terse_errors(model: Path) -> None:
    """RST-073, ERR-008."""
    with serving(model, "--max-body", "1000", "--terse-errors") as server:
        status, body = server.post("x" * 1001)
        assert (status, body["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert server.post('{"inputs": {"seconds": ["x"]}}') == (
            400,
            {
                "error_code": "INVALID_INPUT",
                "message": "INVALID_INPUT",
                "details": [{"rule": "ENF-049"}],
            },
        )
        # Announced and never sent: the answer does not wait for it.
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000000\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
        connection.close()
        # Of unknown length, and without end.
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"7d0\r\n" + b"x" * 2000 + b"\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
        connection.close()


def test_one_connection_takes_many_requests_without_delay(model: Path) -> None:
    """Keep-alive, and no stall of a small answer behind Nagle's algorithm."""
    with serving(model) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        times = []
        for _ in range(20):
            started = time.monotonic()
            connection.request(
                "POST",
                "/invocations",
                '{"inputs": {"seconds": [0]}}',
                {"Content-Type": "application/json"},
            )
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()
            times.append(time.monotonic() - started)
        assert sorted(times)[10] < 0.03
