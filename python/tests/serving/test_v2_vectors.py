"""The vectors of V2 through the application: by our own server on a socket, and by WSGI."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults

import pytest

from conformance.harnesses.python.ops import score_v2
from conformance.runner.compare import differences
from conformance.runner.http_answers import body_of, v2_result
from mlmodel.serving.app import Application
from mlmodel.serving.http.host import Limits
from mlmodel.serving.http.loop import Loop
from mlmodel.serving.models import Hosted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmodel.errors import MlmodelError
    from mlmodel.serving.http.crew import Pace
    from mlmodel.serving.http.messages import Request, Response

VECTORS = Path(__file__).resolve().parents[3] / "conformance" / "vectors" / "v1" / "scoring-v2"
LIMITS = Limits(max_body=10**8, most_bytes=10**9, threads=2, waiting=3, grace_seconds=60)
PATIENCE = 100
#: (case, way) -> why the carrier cannot carry it.
NOT_CARRIED = {
    ("length-5", "socket"): "HTTP drops spaces around the value of a header",
    ("encoded-name", "wsgi"): "WSGI's paths are decoded, so a slash in a name is one of the path",
}


class Swapped:
    """Answers by the application that the case at hand has."""

    application: Application

    def pace(self, request: Request) -> Pace | None:
        return self.application.pace(request)

    def answer(self, request: Request) -> Response:
        return self.application.answer(request)

    def refuse(self, error: MlmodelError, request: Request | None) -> Response:
        return self.application.refuse(error, request)


class Wire:
    """A server that runs, and whose application is swapped."""

    def __init__(self) -> None:
        self.swapped = Swapped()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.loop = Loop([listener], self.swapped, LIMITS)
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()

    def ask(self, application: Application, request: dict[str, Any]) -> Any:
        self.swapped.application = application
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        body = body_of(request)
        headers = {name: value.encode() for name, value in request["headers"].items()}
        connection.request(request["method"], request["path"], body or None, headers)
        answer = connection.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return found


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    found = Wire()
    yield found
    found.loop.stop()
    found.thread.join(PATIENCE)


def by_wsgi(application: Application, request: dict[str, Any]) -> Any:
    got: list[Any] = []
    body = body_of(request)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request["method"],
        "PATH_INFO": unquote_to_bytes(request["path"]).decode("latin-1"),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in request["headers"].items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    setup_testing_defaults(environ)
    parts = application(environ, lambda status, headers: got.extend((status, headers)))
    return int(got[0].split()[0]), got[1], b"".join(parts)


@pytest.mark.thorough
@pytest.mark.parametrize("way", ["socket", "wsgi"])
@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.stem)
def test_vectors(path: Path, way: str, wire: Wire) -> None:
    """RST-135: every vector of scoring-v2 holds over both carriers."""
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    carried = [case for case in cases if (case["id"], way) not in NOT_CARRIED]
    assert carried
    found = {case["id"]: wrong(case, by_wsgi if way == "wsgi" else wire.ask) for case in carried}
    assert {case: what for case, what in found.items() if what} == {}


def wrong(case: dict[str, Any], ask: Callable[[Application, Any], Any]) -> list[str]:
    """Return what is wrong with the answer to a case."""
    try:
        found = _differences(case, ask)
    except Exception:  # noqa: BLE001 - whatever it is, the other cases are asked
        found = [traceback.format_exc()]
    return [case["description"], *found] if found else []


def _differences(case: dict[str, Any], ask: Callable[[Application, Any], Any]) -> list[str]:
    given = case["input"]
    hosted = Hosted()
    score_v2.fill(hosted, given)
    application = Application(hosted, repository=given.get("repository", False))
    for before in given.get("before", ()):
        ask(application, before)
    status, headers, body = ask(application, given["request"])
    if given["request"]["method"] == "HEAD":
        assert body == b""
        length = dict(headers)["Content-Length"]
        status, headers, body = ask(application, {**given["request"], "method": "GET"})
        assert length == str(len(body))
    if not f"{given['request']['path']}/".startswith("/v2/"):
        # It is not a path of the protocol, so the error is told as RST-072 says.
        assert (status, json.loads(body)["error_code"]) == (404, "NOT_FOUND")
        return []
    return differences(case["expected"], v2_result(status, headers, body))
