"""Real servers on loopback, each at a free port, ended by its own process id."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest

import mlmodel.pyfunc
from certificates import certificate, needs_openssl
from mlmodel.sandbox.wall import lacking
from mlmodel.serving.settings import WAITING
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

pytestmark = pytest.mark.slow


class Fragile(mlmodel.pyfunc.PythonModel):
    """Ends its process, or does not end, where it is told to; else says which process it is in."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        import os
        import time

        told = model_input["do"].iloc[0]
        if told == "crash":
            os.abort()
        if told == "hang":
            time.sleep(1000)
        if told == "raise":
            raise ValueError(told)
        return [os.getpid()]


class Waiter(mlmodel.pyfunc.PythonModel):
    """Waits while there is a file "wait" in the folder it is given; says which process it is in."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        import os
        import time
        from pathlib import Path

        folder = model_input["folder"].iloc[0]
        if folder:
            (Path(folder) / "begun").touch()
            while (Path(folder) / "wait").exists():
                time.sleep(0.01)
        return [os.getpid()]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "waiter"
    signature = ModelSignature(Schema([ColSpec("string", "folder")]))
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    mlmodel.pyfunc.save_model(path, python_model=Waiter(), signature=signature)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return path


#: However slow the machine, a live server has answered by then.
PATIENCE = 100


def command(model: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0", *options]


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def ask(self, folder: object = "") -> tuple[int, dict[str, Any]]:
        return self.post(json.dumps({"inputs": {"folder": [str(folder)]}}))

    def post(self, body: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        given = {"Content-Type": "application/json"}
        connection.request("POST", "/invocations", body, given)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def ping(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/ping")
        return connection.getresponse().status

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


@contextmanager
def serving(model: Path, *options: str, scheme: str = "http") -> Iterator[Server]:
    process = subprocess.Popen(
        command(model, "--trust", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"mlmodel: ready at {scheme}://127.0.0.1:"), (
            line,
            process.communicate(),
        )
        yield Server(process, int(line.rsplit(":", 1)[1]))
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


class Slow:
    """A request whose prediction goes on until it is let go."""

    def __init__(self, server: Server, folder: Path, wait_for: Callable[..., None]) -> None:
        self.answers: list[Any] = []
        self.file = folder / "wait"
        self.file.touch()
        self.thread = threading.Thread(target=lambda: self.answers.append(server.ask(folder)))
        self.thread.start()
        wait_for((folder / "begun").exists)

    def let_go(self) -> int:
        self.file.unlink()
        self.thread.join()
        return self.answers[0][0]


def test_slow_predictions_and_slow_bodies_hold_up_nobody(
    model: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-070, RST-074, RST-075: ready means that it answers; ping is answered throughout."""
    with serving(model) as server:
        assert server.ping() == 200
        slow = Slow(server, tmp_path, wait_for)
        dripping = [server.connect() for _ in range(3)]
        for connection in dripping:
            connection.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 1000\r\n\r\n{"
            )
        assert server.ping() == 200
        assert server.ask()[0] == 200
        assert slow.answers == []
        for connection in dripping:
            connection.close()
        assert slow.let_go() == 200
        assert server.ask()[0] == 200


HALF = (
    b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


def test_bodies_that_never_come(model: Path) -> None:
    """RST-074, RST-114: they take no thread, and have an end."""
    with serving(model, "--threads", "1", "--body-timeout", "4") as server:
        headless = server.connect()
        headless.sendall(HALF[:40])
        idle = []
        for _ in range(300):
            idle.append(server.connect())
            idle[-1].sendall(HALF)
        assert server.ask()[0] == 200
        assert all(server.ping() == 200 for _ in range(10))
        for connection in idle:
            answer = b""
            while part := connection.recv(2**16):
                answer += part
            assert answer.startswith(b"HTTP/1.1 408 "), answer
            assert b"RST-114" in answer
        # A head that does not come either ends the connection, without an answer.
        assert headless.recv(100) == b""
        assert server.ask()[0] == 200


def test_bodies_that_take_all_the_memory(model: Path, wait_for: Callable[..., None]) -> None:
    """RST-074: what finds no place is refused at once, unread; what is small finds one."""
    with serving(model, "--threads", "1", "--max-body", "1500") as server:
        holding = server.connect()
        holding.sendall(HALF + b" " * 900)

        def answer_to_another() -> bytes:
            with server.connect() as connection:
                connection.sendall(HALF)
                return connection.recv(2**16)

        wait_for(lambda: answer_to_another().startswith(b"HTTP/1.1 503 "))
        assert server.ask()[0] == 200
        holding.close()
        wait_for(lambda: server.post(" " * 1000)[0] == 400)


def test_more_requests_than_may_wait(
    model: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-074: one is worked on, as many wait as may, the others are refused at once."""
    with serving(model, "--threads", "1") as server:
        slow = Slow(server, tmp_path, wait_for)
        body = b'{"inputs": {"folder": [""]}}'
        whole = HALF[:-1].replace(b"1000", b"%d" % len(body)) + body
        waiting = [server.connect() for _ in range(WAITING)]
        for connection in waiting:
            connection.sendall(whole)
        wait_for(lambda: server.ask()[0] == 503)
        assert server.ask()[1]["error_code"] == "UNAVAILABLE"
        assert server.ping() == 200
        assert slow.let_go() == 200
        for connection in waiting:
            assert connection.recv(2**16).startswith(b"HTTP/1.1 200 ")


def test_a_prediction_that_takes_too_long(
    model: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-113."""
    with serving(model, "--timeout", "2") as server:
        slow = Slow(server, tmp_path, wait_for)
        assert server.ask()[0] == 200
        slow.thread.join()
        status, body = slow.answers[0]
        assert (status, body["error_code"]) == (504, "DEADLINE_EXCEEDED")
        assert server.ask()[0] == 200
        (tmp_path / "wait").unlink()
        assert server.ping() == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_begun_is_finished_and_no_process_left(
    model: Path, number: int, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-076."""
    with serving(model) as server:
        workers = server.workers()
        slow = Slow(server, tmp_path, wait_for)
        server.process.send_signal(number)
        # So that the signal has most likely reached the worker; it need not.
        time.sleep(0.5)
        assert slow.let_go() == 200
        assert server.process.wait(PATIENCE) == 0
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
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "")


def test_a_stop_while_the_model_loads(model: Path, wait_for: Callable[..., None]) -> None:
    """RST-076."""
    process = subprocess.Popen(
        command(model, "--trust"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_for(lambda: children.exists() and children.read_text().strip())
    time.sleep(0.05)
    process.terminate()
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (0, "")


def test_workers_end_with_a_killed_parent(model: Path, wait_for: Callable[..., None]) -> None:
    """RST-076: no process is left behind, however the parent ends."""
    with serving(model) as server:
        workers = server.workers()
        assert workers
        server.process.kill()
        server.process.wait()
        wait_for(lambda: all(map(gone, workers)))


def test_a_killed_worker_is_replaced(model: Path, wait_for: Callable[..., None]) -> None:
    """RST-115: its neighbour goes on, and the log says so."""
    with serving(model, "--workers", "2") as server:
        first, second = server.workers()
        os.kill(first, signal.SIGKILL)
        assert all(server.ask() == (200, {"predictions": [second]}) for _ in range(10))
        wait_for(lambda: len(server.workers()) == 2 and first not in server.workers())
        seen = {second}
        wait_for(lambda: seen.add(server.ask()[1]["predictions"][0]) or len(seen) == 2)
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        assert server.process.stderr is not None
        said = server.process.stderr.read()
        assert f"Worker {first} has ended unexpectedly (SIGKILL)" in said
        assert "Traceback" not in said


def test_the_only_worker_is_replaced(model: Path) -> None:
    """RST-115: what comes meanwhile waits for the new one."""
    with serving(model) as server:
        first = server.workers()
        os.kill(first[0], signal.SIGKILL)
        assert server.ask()[0] == 200
        assert server.workers() != first


def test_workers_are_replaced_on_sighup(model: Path, wait_for: Callable[..., None]) -> None:
    """RST-116: no request is refused meanwhile."""
    with serving(model, "--workers", "2") as server:
        before = set(server.workers())
        for _ in range(3):  # also while new ones load
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
        wait_for(
            lambda: (
                server.ask()[0] == 200
                and not before & set(server.workers())
                and len(server.workers()) == 2
            )
        )
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0


def test_a_worker_killed_while_another_loads(model: Path, wait_for: Callable[..., None]) -> None:
    """RST-115, RST-116: there are as many as there were, no more."""
    with serving(model) as server:
        first = server.workers()
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(server.workers()) == 2)
        os.kill(first[0], signal.SIGKILL)
        assert server.ask()[0] == 200
        wait_for(lambda: len(server.workers()) == 1)
        time.sleep(2)
        assert len(server.workers()) == 1
        assert server.ask()[0] == 200


def test_a_model_that_cannot_be_loaded_again(model: Path, wait_for: Callable[..., None]) -> None:
    """RST-116: the old one goes on."""
    with serving(model) as server:
        hidden = model.with_name("hidden")
        (model / "MLmodel").rename(hidden)
        try:
            before = server.workers()
            server.process.send_signal(signal.SIGHUP)
            assert server.process.stderr is not None
            said = ""
            while "could not load the model" not in said:
                said = server.process.stderr.readline()
                assert said
            assert server.ask() == (200, {"predictions": before})
            wait_for(lambda: server.workers() == before)
        finally:
            hidden.rename(model / "MLmodel")


def test_two_workers_both_answer(model: Path, wait_for: Callable[..., None]) -> None:
    with serving(model, "--workers", "2") as server:
        assert len(server.workers()) == 2
        seen = {server.ask()[1]["predictions"][0] for _ in range(60)}
        assert seen <= set(server.workers())
        wait_for(lambda: seen.add(server.ask()[1]["predictions"][0]) or len(seen) == 2)


def test_a_port_in_use_is_refused(model: Path) -> None:
    """RST-075."""
    with serving(model) as server:
        second = subprocess.run(
            [*command(model, "--trust"), "-p", str(server.port)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert second.returncode == 2
        assert f"Port {server.port} of 127.0.0.1 is in use" in second.stderr
        assert second.stderr.count("\n") == 1
        assert server.ping() == 200


def test_a_model_that_is_not_trusted_is_refused(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """RST-075."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "empty"))
    refused = subprocess.run(
        command(model), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert refused.returncode == 3
    assert refused.stderr.startswith("mlmodel: UNTRUSTED_MODEL: ")
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """RST-075."""
    refused = subprocess.run(
        command(tmp_path / "none"), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("mlmodel: MODEL_NOT_FOUND: ")


def test_limits_and_terse_errors(model: Path) -> None:
    """RST-073, ERR-008."""
    with serving(model, "--max-body", "1000", "--terse-errors") as server:
        status, body = server.post("x" * 1001)
        assert (status, body["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
        status, body = server.post('{"inputs": {"folder": [1]}}')
        assert (status, body) == (
            400,
            {
                "error_code": "INVALID_INPUT",
                "message": "INVALID_INPUT",
                "details": [{"rule": "ENF-050"}],
                "request_id": body["request_id"],
            },
        )
        # Announced and never sent: the answer does not wait for it.
        connection = server.connect()
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000000\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
        connection.close()
        # Of unknown length, and without end.
        connection = server.connect()
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"7d0\r\n" + b"x" * 2000 + b"\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
        connection.close()


def test_one_connection_takes_many_requests_without_delay(
    model: Path, wait_for: Callable[..., None]
) -> None:
    """Keep-alive, and no stall of a small answer behind Nagle's algorithm."""
    body, kind = '{"inputs": {"folder": [""]}}', {"Content-Type": "application/json"}
    with serving(model) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)

        def took() -> float:
            started = time.monotonic()
            connection.request("POST", "/invocations", body, kind)
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()
            return time.monotonic() - started

        # The stall is of 40 ms and for ever; a busy machine has better moments.
        wait_for(lambda: sorted(took() for _ in range(20))[10] < 0.03)


def test_requests_on_the_wire_that_are_not_http(model: Path) -> None:
    """RST-104, RST-105: refused with 400 or 431, or answered once and closed, never kept open."""
    post = b"POST /invocations HTTP/1.1\r\n"
    host, length, chunked = (
        b"Host: x\r\n",
        b"Content-Length: 27\r\n",
        b"Transfer-Encoding: chunked\r\n",
    )
    kind = b"Content-Type: application/json\r\n"
    body = b'{"inputs": {"folder": [""]}}'[:27]
    chunks = b"1b\r\n" + body + b"\r\n0\r\n\r\n"
    head = post + host + kind
    ping = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
    refused = [
        head + length + b"Content-Length: 5\r\n\r\n" + body,
        head + b"Content-Length: 27, 27\r\n\r\n" + body,
        *(
            head + b"Content-Length: " + n + b"\r\n\r\n" + body
            for n in (b"+27", b"0x1b", b"2_7", b"")
        ),
        head + b"Content-Length : 27\r\n\r\n" + body,
        head + b"X: a\r\n b\r\n" + length + b"\r\n" + body,
        head + b"X: a\rb\r\n" + length + b"\r\n" + body,
        *(head + name + b": 1\r\n" + length + b"\r\n" + body for name in (b"X\xff", b"X\0", b"")),
        post + kind + length + b"\r\n" + body,
        post + host + host + kind + length + b"\r\n" + body,
        *(
            head + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + chunks
            for coding in (b"gzip, chunked", b"chunked, chunked", b"identity", b"xchunked")
        ),
        head + b"X: " + b"y" * 2_000_000 + b"\r\n" + length + b"\r\n" + body,
        head + b"".join(b"X%d: y\r\n" % n for n in range(2000)) + length + b"\r\n" + body,
    ]
    closed = [
        head + length + chunked + b"\r\n0\r\n\r\n" + ping,
        head + chunked + length + b"\r\n" + chunks + ping,
        *(
            head + chunked + b"\r\n" + size + b"\r\n" + body + b"\r\n0\r\n\r\n" + ping
            for size in (
                b"+1b",
                b"-1b",
                b"0x1b",
                b"0_1b",
                b" 1b",
                b"",
                b"1b;a\nb",
                b"f" * 17,
                b"1c",
            )
        ),
        head + chunked + b"\r\n1b\n" + body + b"\r\n0\r\n\r\n" + ping,
        head + chunked + b"\r\n1b\r\n" + body + b"\n0\r\n\r\n" + ping,
    ]
    with serving(model) as server:
        for requests, first in ((refused, (b"400", b"431")), (closed, (b"200", b"400"))):
            answers = []
            for request in requests:
                with server.connect() as connection:
                    connection.settimeout(PATIENCE)
                    answer = b""
                    try:
                        connection.sendall(request)
                        while part := connection.recv(2**16):
                            answer += part
                    except OSError:  # closed before all of it was sent
                        pass
                    assert answer.count(b"HTTP/1.1 ") <= 1, request[:200]
                    assert not answer or answer.split()[1] in first, (request[:200], answer)
                    answers.append(answer)
            assert any(answers)
        assert server.ask()[0] == 200


@needs_openssl
def test_encrypted_connections(model: Path, tmp_path: Path) -> None:
    """RST-140."""
    both = certificate(tmp_path)
    with serving(model, "--tls-cert", str(both), scheme="https") as server:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        connection = http.client.HTTPSConnection(
            "localhost", server.port, timeout=PATIENCE, context=trusting
        )
        # The body takes many records, and as many reads.
        body = json.dumps({"inputs": {"folder": [""], "more": "x" * 3_000_000}})
        for _ in range(3):
            connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert json.loads(answer.read())["predictions"] == server.workers()
        connection.close()
        with server.connect() as plain:
            plain.sendall(HALF)
            answer = b""
            with suppress(ConnectionResetError):
                answer = plain.recv(100)
            assert b"HTTP" not in answer
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with server.connect() as sock, pytest.raises((ssl.SSLError, ConnectionError)):
            old.wrap_socket(sock)


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_a_certificate_that_is_none(model: Path, tmp_path: Path, content: str) -> None:
    """RST-140."""
    path = tmp_path / "cert.pem"
    path.write_text(content)
    refused = subprocess.run(
        command(model, "--trust", "--tls-cert", str(path)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "INVALID_ARGUMENT: The certificate" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_socket_of_the_file_system(model: Path, tmp_path: Path) -> None:
    """RST-141."""
    path = tmp_path / "mlmodel.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    process = subprocess.Popen(
        command(model, "--trust", "--uds", str(path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"mlmodel: ready at http+unix:{path}\n"
        assert path.stat().st_mode & 0o777 == 0o660
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(path))
            connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        other = tmp_path / "file"
        other.touch()
        for taken in (path, other, tmp_path / "none" / "x"):
            refused = subprocess.run(
                command(model, "--trust", "--uds", str(taken)),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            assert (refused.returncode, "RST-141" in refused.stderr) == (2, True)
        assert other.exists()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert not path.exists()


@pytest.mark.parametrize("sandbox", ["off", "on"])
def test_a_model_in_processes_of_its_own(
    sandbox: str, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-142: a crash or a hang costs its request; the worker and the others go on."""
    if sandbox == "on" and lacking():
        pytest.skip(f"this system cannot {lacking()}")
    path = tmp_path / "fragile"
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    signature = ModelSignature(Schema([ColSpec("string", "do")]))
    mlmodel.pyfunc.save_model(path, python_model=Fragile(), signature=signature)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    options = ("--isolate", "--threads", "2", "--timeout", "20", "--sandbox", sandbox)
    with serving(path, *options) as server:

        def ask(what: str) -> tuple[int, Any]:
            status, body = server.post(json.dumps({"inputs": {"do": [what]}}))
            return status, body.get("error_code", body.get("predictions"))

        workers = server.workers()
        seen = {ask("nothing")[1][0] for _ in range(20)}
        assert seen.isdisjoint(workers)
        assert ask("raise") == (500, "MODEL_FAILURE")
        assert ask("nothing")[1][0] in seen
        hanging: list[Any] = []
        thread = threading.Thread(target=lambda: hanging.append(ask("hang")))
        thread.start()
        for _ in range(3):
            assert ask("crash") == (500, "MODEL_FAILURE")
            assert ask("nothing")[0] == 200
        assert server.ping() == 200
        thread.join()
        assert hanging[0][0] in {500, 504}
        wait_for(lambda: not {ask("nothing")[1][0] for _ in range(5)} & seen)
        assert server.workers() == workers
