"""Servers of several workers whose model cannot be loaded by all of them (RST-184)."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest

import mlmodel.pyfunc
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

PATIENCE = 100
READY = re.compile(r"mlmodel: ready at http://127\.0\.0\.1:(\d+)")


class Turning(mlmodel.pyfunc.PythonModel):
    """Answers with the version that it was loaded with, which a folder beside it says.

    There, a file ``one`` lets the next load go on, and then has the name that stands in it:
    with ``bad`` no load succeeds, with ``wait`` each waits. A file ``fail`` is taken by the load
    that finds it, which fails.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def load_context(self, context: Any) -> None:
        import time
        from pathlib import Path

        folder = Path(self.folder)
        if (folder / "one").exists():
            (folder / "one").rename(folder / (folder / "one").read_text())
        else:
            while (folder / "wait").exists():
                time.sleep(0.01)
            if (folder / "fail").exists():
                (folder / "fail").unlink()
                raise ValueError("turned bad once")
            if (folder / "bad").exists():
                raise ValueError("turned bad")
        self.version = float((folder / "version").read_text())

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return [self.version] * len(model_input)


class Server:
    """A running server and what it has written to its log."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port, self.said = process, port, ""
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line

    def ask(self) -> tuple[int, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        given = {"Content-Type": "application/json"}
        connection.request("POST", "/invocations", json.dumps({"inputs": {"a": [1.0]}}), given)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        connection.close()
        return answer.status, told["predictions"][0]

    def versions(self) -> set[float]:
        """Return what many requests are answered with, each on a connection of its own."""
        answers = [self.ask() for _ in range(60)]
        assert {status for status, _ in answers} == {200}
        return {version for _, version in answers}

    def workers(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return set(map(int, children.read_text().split()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "beside"
    made.mkdir()
    (made / "version").write_text("1")
    return made


@pytest.fixture
def model(tmp_path: Path, folder: Path) -> Path:
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        mlmodel.pyfunc.save_model(tmp_path / "m", python_model=Turning(folder), signature=signature)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return tmp_path / "m"


@contextmanager
def serving(model: Path, *options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "mlmodel", "serve", "--trust", "-m", str(model), "-p", "0"]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        found = READY.match(line := process.stdout.readline())
        assert found, (line, process.communicate())
        yield Server(process, int(found[1]))
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


def test_a_model_that_turns_bad_between_two_workers(
    model: Path, folder: Path, wait_for: Callable[..., None]
) -> None:
    """RST-184: all answers are the old model's again; later all are the new one's."""
    with serving(model, "--workers", "2") as server:
        before = server.workers()
        (folder / "version").write_text("2")
        (folder / "one").write_text("bad")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "could not load the model" in server.said)
        wait_for(lambda: server.workers() == before)
        assert server.versions() == {1.0}
        assert "had loaded it are ended (1); the old ones go on (RST-184)." in server.said
        # One in the place of a worker that ends loads it after all, and so do the others then.
        (folder / "bad").unlink()
        os.kill(min(before), signal.SIGKILL)
        wait_for(lambda: not before & server.workers() and len(server.workers()) == 2)
        assert server.versions() == {2.0}
        assert server.said.count("is loaded again") == 1


def test_old_workers_wait_for_as_many_new_ones(
    model: Path, folder: Path, wait_for: Callable[..., None]
) -> None:
    """RST-184: none ends before, so there is always something to go back to."""
    with serving(model, "--workers", "2") as server:
        before = server.workers()
        (folder / "version").write_text("2")
        (folder / "one").write_text("wait")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "is ready." in server.said)
        wait_for(lambda: len(server.workers()) == 4)
        assert before < server.workers()
        (folder / "wait").unlink()
        wait_for(lambda: not before & server.workers() and len(server.workers()) == 2)
        assert server.versions() == {2.0}


@pytest.mark.parametrize("fails", [False, True])
def test_a_model_that_is_to_be_loaded_once_more(
    model: Path, folder: Path, wait_for: Callable[..., None], *, fails: bool
) -> None:
    """RST-184: what had been loaded meanwhile ends, whatever comes of the load that goes on."""
    with serving(model, "--workers", "2") as server:
        before = server.workers()
        (folder / "version").write_text("2")
        (folder / "one").write_text("wait")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "is ready." in server.said)
        wait_for(lambda: len(server.workers()) == 4)
        (folder / "version").write_text("3")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "are ended (1); the old ones go on" in server.said)
        wait_for(lambda: len(server.workers()) == 3)
        assert server.versions() == {1.0}
        if fails:
            (folder / "fail").touch()
        (folder / "wait").unlink()
        wait_for(lambda: not before & server.workers() and len(server.workers()) == 2)
        assert server.versions() == {3.0}
        assert "could not load" not in server.said
