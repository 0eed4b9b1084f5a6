"""A server whose workers are behind the wall (TRU-080)."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

import mlmodel
from mlmodel.sandbox.wall import lacking

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(lacking()), reason=f"this system cannot {lacking()}"),
]
PATIENCE = 100
TRIES = ("write", "connect", "start", "report", "variable", "nothing")


class Hostile(mlmodel.pyfunc.PythonModel):
    """Tries what it is told to; answers how that went."""

    def load_context(self, context: Any) -> None:
        """Send the parent a pickle that would write, wherever it may be listening."""
        marker = os.environ.get("MARKER", "")
        data = f"cos\nsystem\n(S'touch {marker}'\ntR.".encode()
        for number in range(3, 20):
            try:
                os.write(number, len(data).to_bytes(4, "big") + data)
            except OSError:
                continue

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        do, what = model_input[0]
        try:
            return [getattr(self, do)(what)]
        except OSError as error:
            return [error.strerror]

    def nothing(self, _what: str) -> Any:
        return "nothing"

    def write(self, what: str) -> Any:
        Path(what).write_text("x")

    def connect(self, what: str) -> Any:
        import socket

        socket.create_connection(("127.0.0.1", int(what)))

    def start(self, _what: str) -> Any:
        return os.posix_spawn("/bin/true", ["true"], {})

    def variable(self, what: str) -> Any:
        return os.environ.get(what)


class Tame(Hostile):
    """The same, and loads without a try."""

    def load_context(self, context: Any) -> None: ...


def saved(model: Any, path: Path) -> Path:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    mlmodel.pyfunc.save_model(path, python_model=model)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    with (path / "MLmodel").open("a") as file:
        file.write("env_vars: [MARKER]\n")
    return path


def serve(model: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0", *options]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


def ask(port: int, do: str, what: object = "") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    body = json.dumps({"inputs": [[do, str(what)]]})
    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["predictions"][0]


def ping(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/ping")
    return connection.getresponse().status


@pytest.mark.parametrize(("way", "workers"), [("on", "2"), ("off", "1")])
def test_a_worker_can_answer_and_do_nothing_else(way: str, workers: str, tmp_path: Path) -> None:
    """TRU-080 to TRU-082; without the wall all of it is done."""
    model, marker = saved(Tame(), tmp_path / "model"), tmp_path / "marker"
    server = serve(model, "--trust", "--sandbox", way, "-w", workers, SECRET="secret", MARKER="m")
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert "ready at" in line, (line, server.communicate())
        port = int(line.rsplit(":", 1)[1])
        assert ping(port) == 200
        assert ask(port, "nothing") == "nothing"
        refused = "Operation not permitted"
        walled = way == "on"
        assert (ask(port, "write", marker) == refused) == walled
        assert marker.exists() != walled
        assert (ask(port, "connect", port) == refused) == walled
        assert (ask(port, "start") == refused) == walled
        assert ask(port, "variable", "SECRET") == (None if walled else "secret")
        assert ask(port, "variable", "MARKER") == "m"  # its env_vars name it, and it is trusted
        assert ping(port) == 200
    finally:
        server.terminate()
        _, said = server.communicate(timeout=PATIENCE)
    assert (server.returncode, "Traceback" in said) == (0, False), said


class Halting(Tame):
    """Begins a report and does not end it."""

    def load_context(self, context: Any) -> None:
        import time

        for number in range(3, 20):
            try:
                os.write(number, b"\0\0\0\0")
            except OSError:
                continue
        time.sleep(1000)


def test_half_a_report_holds_nobody(tmp_path: Path) -> None:
    """TRU-084."""
    model = saved(Halting(), tmp_path / "model")
    server = serve(model, "--trust", "--sandbox", "on")
    _, said = server.communicate(timeout=PATIENCE)
    assert (server.returncode, "TRU-084" in said) == (1, True), said


def test_what_a_worker_reports_is_not_unpickled(tmp_path: Path) -> None:
    """TRU-084."""
    marker = tmp_path / "marker"
    model = saved(Hostile(), tmp_path / "model")
    server = serve(model, "--trust", "--sandbox", "on", MARKER=str(marker))
    _, said = server.communicate(timeout=PATIENCE)
    assert (server.returncode, "MODEL_FAILURE" in said, "TRU-084" in said) == (1, True, True), said
    assert not marker.exists()


def test_an_untrusted_model_is_walled_unasked(tmp_path: Path) -> None:
    """TRU-080: an error of its loading is told as ever."""
    model = saved(Tame(), tmp_path / "model")
    server = serve(model, MLMODEL_TRUST_STORE=str(tmp_path / "empty"))
    _, said = server.communicate(timeout=PATIENCE)
    assert (server.returncode, said.partition(": ")[2][:15]) == (3, "UNTRUSTED_MODEL")
