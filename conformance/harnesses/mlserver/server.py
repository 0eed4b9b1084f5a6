"""One MLServer, of which the model is exchanged through the repository extension of V2."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from conformance.harnesses.refusals import refusal
from conformance.runner.grpc_call import Channel, Reply
from conformance.runner.http_answers import body_of
from conformance.runner.served import NAME, Served
from conformance.runner.server import exchange, free_port

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Server"]

#: Seconds: for one request (less than the runner waits for a case), and to be ready.
_TIMEOUT, _START = 25.0, 100.0
_PAUSE, _FAREWELL = 0.1, 5.0
#: Statuses of calls that MLServer gives none of: they are those of the client's library.
_NO_ANSWER = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"})


class Server:
    """A server that is started when it is first asked, and again when it has ended.

    Args:
        work: a folder for the models, the repository and the log.

    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self._repository = work / "repository"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = self._grpc_port = 0
        self._channel: Channel | None = None
        self._serves: Served | None = None
        self._refused = ""
        self._loaded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(
        self, served: Served, request: dict[str, Any]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request to a server that has this model and no other.

        Raises:
            RuntimeError: the server does not start, or does not load the model.
            UnsentError: HTTP cannot carry the request.
            OSError: it does not answer.

        """
        self._serve(served)
        try:
            return self._send(
                request["method"], request["path"], request["headers"], body_of(request)
            )
        except (OSError, http.client.HTTPException):
            self._end()  # one that hangs is not asked again
            raise

    def call(self, served: Served, service: str, method: str, bodies: Sequence[bytes]) -> Reply:
        """Make a call over gRPC of a server that has this model and no other.

        Raises:
            RuntimeError: the server does not start, does not load the model, or does not answer.
            FloodError: its answer has no end.

        """
        self._serve(served)
        self._channel = self._channel or Channel(f"127.0.0.1:{self._grpc_port}", _TIMEOUT)
        reply = self._channel.call(service, method, bodies)
        if reply.code in _NO_ANSWER:
            self._end()  # one that hangs is not asked again
            raise RuntimeError(f"{reply.code}: {reply.message}")
        return reply

    def _serve(self, served: Served) -> None:
        """Let there be a server that has this model and no other."""
        if self._process is None or self._process.poll() is not None:
            self._begin()
        if served != self._serves:
            self._exchange_model(served)
        if not self._loaded:
            raise RuntimeError(self._refused)

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        return exchange("127.0.0.1", self._port, method, path, headers, body, _TIMEOUT)

    def _exchange_model(self, served: Served) -> None:
        """Unload the model that is there, and load another under the same name."""
        if self._loaded:
            self._of_repository("unload")
        folder = self._repository / NAME
        folder.mkdir(exist_ok=True)
        settings = {
            "name": NAME,
            "implementation": "mlserver_mlflow.MLflowRuntime",
            "parameters": {
                "uri": str(_with_outputs(served).write(self._work / "models")),
                **_hint(served),
            },
        }
        (folder / "model-settings.json").write_text(json.dumps(settings))
        self._serves = served
        status, body = self._of_repository("load")
        self._loaded = status == HTTPStatus.OK
        self._refused = f"The model is not loaded: {refusal(status, {}, body)['said']}"

    def _of_repository(self, what: str) -> tuple[int, bytes]:
        path = f"/v2/repository/models/{NAME}/{what}"
        status, _, body = self._send("POST", path, {}, b"")
        return status, body

    def _begin(self) -> None:
        self._serves, self._loaded = None, False
        self._repository.mkdir(exist_ok=True)
        self._port, self._grpc_port = free_port(), free_port()
        settings = {
            "host": "127.0.0.1",
            "http_port": self._port,
            "grpc_port": self._grpc_port,
            "metrics_endpoint": None,
            "parallel_workers": 0,
            "load_models_at_startup": False,
        }
        (self._repository / "settings.json").write_text(json.dumps(settings))
        command = [sys.executable, "-m", "mlserver.cli.main", "start", str(self._repository)]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}
        with (self._work / "log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - MLServer's own command
                command,
                cwd=self._work,
                env={**os.environ, **quiet},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            with suppress(OSError, http.client.HTTPException):
                if self._send("GET", "/v2/health/live", {}, b"")[0] == HTTPStatus.OK:
                    return
            time.sleep(_PAUSE)
        self._end()
        words = (self._work / "log").read_bytes()[-1000:].decode("utf-8", "replace")
        raise RuntimeError(f"MLServer did not start. Its last words: {words}")

    def _end(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _hint(served: Served) -> dict[str, str]:
    """Return what MLServer is told of a model without inputs in its signature.

    It hands such a model its own request object, unless the settings say what the data are.
    """
    declares = (json.loads(served.signature) or {}).get("inputs")
    return {} if declares else {"content_type": "np"}


def _with_outputs(served: Served) -> Served:
    """Return the model with outputs in its signature, which MLServer does not load without.

    They say what the model answers: ``echo`` what it is given, ``first-column`` its first column.
    MLServer's metadata alone tell of them.
    """
    lists = json.loads(served.signature)
    if not lists or not lists.get("inputs") or "outputs" in lists:
        return served
    number = None if served.model == "echo" else 1
    return Served(json.dumps({**lists, "outputs": lists["inputs"][:number]}), served.model)
