"""Real servers with tokens, and with models that change (RST-165 to RST-169)."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel.sandbox.wall import lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

#: However slow the machine, a live server has answered by then.
PATIENCE = 100
READY = re.compile(r"mlmodel: ready at http://127\.0\.0\.1:(\d+)")
ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
FIRST, SECOND = "first-s3cret", "second-s3cret"


def save(folder: Path, factor: float) -> Path:
    """Save a model that multiplies."""
    model = LinearRegression().fit(ROWS, ROWS["a"] * factor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLMODEL_CHECK_FIDELITY", "false")
        mlmodel.save(model, folder, example=ROWS)
    return folder


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

    def ask(self, connection: http.client.HTTPConnection | None = None, token: str = "") -> Any:
        """Return the status of an answer, and what the model makes of 1."""
        one = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        given = {"Content-Type": "application/json"}
        given |= {"Authorization": f"Bearer {token}"} if token else {}
        one.request("POST", "/invocations", json.dumps({"inputs": {"a": [1.0]}}), given)
        answer = one.getresponse()
        told = json.loads(answer.read())
        if connection is None:
            one.close()
        return answer.status, round(told["predictions"][0]) if answer.status == 200 else None


@contextmanager
def serving(model: Path, *options: str, **variables: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
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


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("models") / "m", 1)


def test_tokens_are_changed_without_a_stop(
    model: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-166, RST-167: of a file that is wrong the log tells, and the old tokens stay."""
    file = tmp_path / "tokens"
    file.write_text(FIRST + "\n")
    with serving(model, "--token-file", str(file), MLMODEL_SERVE_TOKEN="fixed-s3cret") as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        assert server.ask()[0] == server.ask(token="wrong-s3cret")[0] == 401
        assert server.ask(token=FIRST)[0] == server.ask(token="fixed-s3cret")[0] == 200
        processes = [server.process.pid, *map(int, children.read_text().split())]
        for pid in processes:
            assert b"s3cret" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        file.write_text("not a token\n")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "is ready" in server.said and "RST-166" in server.said)
        assert server.ask(token=FIRST)[0] == 200
        file.write_text(f"{SECOND}\n")
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.ask(token=SECOND)[0] == 200)
        wait_for(lambda: server.ask(token=FIRST)[0] == 401)
        assert server.ask(token="fixed-s3cret")[0] == 200
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        server.reading.join(PATIENCE)
        assert "s3cret" not in server.said
        assert "not a token" not in server.said


def test_a_server_does_not_start_open(model: Path, tmp_path: Path) -> None:
    """RST-166, RST-160, RST-162: before the model is loaded, with exit code 2."""
    empty = tmp_path / "tokens"
    empty.write_text("# none\n")
    base = [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0"]
    for options, variable, rule in (
        (["--token-file", str(empty)], None, "RST-166"),
        (["--token-file", str(tmp_path / "none")], FIRST, "RST-166"),
        ([], "", "RST-166"),
        (["--root-path", "/v2"], None, "RST-160"),
        (["--cors-origin", "null"], None, "RST-162"),
        (["--reload", "-m", "x=s3://bucket/model"], None, "RST-168"),
    ):
        given = {} if variable is None else {"MLMODEL_SERVE_TOKEN": variable}
        done = subprocess.run(
            [*base, *options],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, **given},
        )
        assert (done.returncode, rule in done.stderr) == (2, True), (options, done.stderr)
        assert "s3cret" not in done.stderr


def test_a_model_that_changes_under_load(tmp_path: Path, wait_for: Callable[..., None]) -> None:
    """RST-168, RST-169: no answer but 200 and no connection lost, on connections that are kept.

    The folder is overwritten, replaced as a whole, spoiled for a while, and a link to it is turned.
    """
    folders = [save(tmp_path / str(factor), factor) for factor in (1, 2, 3, 4)]
    place, link = tmp_path / "now", tmp_path / "link"
    shutil.copytree(folders[0], place)
    link.symlink_to(place)
    seen: list[Any] = []
    over = threading.Event()
    with serving(link, "--reload", "--workers", "2") as server:

        def load() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
            while not over.is_set():
                try:
                    seen.append(server.ask(connection))
                except (OSError, http.client.HTTPException, ValueError) as error:
                    seen.append(repr(error))
                    return

        clients = [threading.Thread(target=load) for _ in range(4)]
        for client in clients:
            client.start()

        def answers(factor: int) -> bool:
            return seen[-40:].count((200, factor)) == 40

        try:
            wait_for(lambda: answers(1))
            shutil.copytree(folders[1], place, dirs_exist_ok=True)
            wait_for(lambda: answers(2))
            place.rename(tmp_path / "old")
            folders[2].rename(place)
            wait_for(lambda: answers(3))
            # The clients may all be connected to one worker: what the other has is not seen.
            wait_for(lambda: server.said.rpartition("is loaded again")[2].count("is ready.") == 2)
            pickle = next(path for path in place.iterdir() if path.suffix in {".pkl", ".skops"})
            content = pickle.read_bytes()
            pickle.write_bytes(content[: len(content) // 2])
            wait_for(lambda: "could not load the model" in server.said)
            assert server.ask()[1] == 3
            (tmp_path / "next").symlink_to(folders[3])
            (tmp_path / "next").replace(link)
            wait_for(lambda: answers(4))
        finally:
            over.set()
            for client in clients:
                client.join(PATIENCE)
        assert {one if isinstance(one, str) else one[0] for one in seen} == {200}
        assert server.process.poll() is None


@pytest.mark.skipif(bool(lacking()), reason="this system has no such sandbox")
def test_a_link_that_is_turned_behind_the_wall(
    tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-169: the new worker's wall is around the new folder."""
    link = tmp_path / "link"
    link.symlink_to(save(tmp_path / "1", 1))
    with serving(link, "--reload", "--sandbox", "on") as server:
        assert server.ask() == (200, 1)
        (tmp_path / "next").symlink_to(save(tmp_path / "2", 2))
        (tmp_path / "next").replace(link)
        wait_for(lambda: server.ask() == (200, 2))
