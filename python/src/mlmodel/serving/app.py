"""The server's application: Flask for what is small and rare, a thin callable for scoring.

A Flask route costs more than scoring one row does, so ``POST /invocations`` is answered before
Flask is asked; everything else, other methods of ``/invocations`` too, is Flask's. Our own server
hands over whole requests (:meth:`Application.answer`); any other calls it by WSGI.
"""

from __future__ import annotations

import io
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from flask import Response as FlaskResponse

from mlmodel._base.version import __version__
from mlmodel.errors import (
    MalformedRequest,
    MethodNotAllowed,
    MlmodelError,
    NotFound,
)
from mlmodel.scoring.answers import JSON, Answer, refused, unexpected, warning_header
from mlmodel.scoring.encodings import known_encoding, unpack
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.serving import requests
from mlmodel.serving.admission import Admission
from mlmodel.serving.http.crew import Pace
from mlmodel.serving.http.messages import Request, Response
from mlmodel.serving.http.reader import too_large
from mlmodel.serving.settings import MAX_BODY, THREADS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from werkzeug.exceptions import HTTPException

    from mlmodel.scoring.engine import Engine
    from mlmodel.serving.admission import Ticket

__all__ = ["Application"]

#: How much of a body of unknown length is read at once.
_CHUNK = 64 * 1024
_PATH = "/invocations"
_TARGET = _PATH.encode()
_CLOSE = ("Connection", "close")
_JSON = (("Content-Type", JSON),)
_REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Application:
    """The application of one model.

    Args:
        engine: the model.
        max_body: a larger body is refused, unread where its length is announced (RST-073).
        terse: errors say code and rule only (ERR-008).
        threads: how many requests are worked on at a time; more of them wait (RST-074).

    """

    def __init__(
        self,
        engine: Engine,
        *,
        max_body: int = MAX_BODY,
        terse: bool = False,
        threads: int = THREADS,
    ) -> None:
        self.engine = engine
        self.max_body = max_body
        self.terse = terse
        self.admission = Admission(threads, threads * max_body)
        self.flask = _flask(terse=terse)
        self._pace = Pace()

    # For our own server. --------------------------------------------------------------------

    def pace(self, request: Request) -> Pace | None:
        """Return the pace of the model that a request calls; None where it calls none."""
        return self._pace if _scores(request) else None

    def answer(self, request: Request) -> Response:
        """Answer a whole request; never raises."""
        try:
            if _scores(request):
                return self._score(request)
            return self._ask_flask(request)
        except MlmodelError as error:
            return self.refuse(error)
        except Exception as error:  # noqa: BLE001 - the boundary: no exception reaches a client
            return _response(unexpected(error, terse=self.terse))

    def refuse(self, error: MlmodelError) -> Response:
        """Return the answer for an error."""
        return _response(refused(error, terse=self.terse))

    def _score(self, request: Request) -> Response:
        body = request.body
        if b"content-encoding" in request.raw:
            body = unpack(request.header(b"content-encoding"), body, self.max_body)
        told: list[str] = []
        status, content_type, body = handle(
            request.header(b"content-type"),
            body,
            self.engine,
            terse=self.terse,
            warn=told.append,
            accept=request.header(b"accept"),
        )
        headers = _JSON if content_type == JSON else (("Content-Type", content_type),)
        return Response(status, (*headers, *map(warning_header, told)) if told else headers, body)

    def _ask_flask(self, request: Request) -> Response:
        """Let Flask answer a request."""
        got: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            got.update(status=int(status.split(maxsplit=1)[0]), headers=headers)

        parts = self.flask(_environ(request), start_response)
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        kept = [(name, value) for name, value in got["headers"] if name != "Content-Length"]
        return Response(got["status"], tuple(kept), body)

    # For servers of WSGI. -------------------------------------------------------------------

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            requests.check(environ)
        except MalformedRequest as error:
            status, headers, body, _ = self.refuse(error)
            # Nobody knows where the next request begins.
            start_response(_REASONS[status], [*headers, _CLOSE])
            return [body]
        if environ["PATH_INFO"] == _PATH and environ["REQUEST_METHOD"] == "POST":
            status, headers, body, _ = self._scored(environ)
            start_response(_REASONS[status], list(headers))
            return [body]
        return self.flask(environ, start_response)

    def _scored(self, environ: WSGIEnvironment) -> Response:
        try:
            with self.admission.admit() as ticket:
                request = Request("POST", _TARGET, _raw_headers(environ))
                known_encoding(request.header(b"content-encoding"))
                request.body = self._body(environ, ticket)
                requests.check_whole(environ, request.body)
                with self.admission.turn:
                    return self._score(request)
        except MlmodelError as error:
            return self.refuse(error)
        except Exception as error:  # noqa: BLE001 - the boundary: a sender that hangs up, too
            return _response(unexpected(error, terse=self.terse))

    def _body(self, environ: WSGIEnvironment, ticket: Ticket) -> bytes:
        announced = environ.get("CONTENT_LENGTH")
        stream = environ["wsgi.input"]
        if announced:
            length = int(announced)
            if length > self.max_body:
                raise too_large(self.max_body, f"of {length} bytes")
            ticket.hold(length)
            return bytes(stream.read(length))
        parts: list[bytes] = []
        size = 0
        # No more than one byte beyond the limit: the server waits for all that is asked for.
        while part := stream.read(min(_CHUNK, self.max_body - size + 1)):
            size += len(part)
            if size > self.max_body:
                raise too_large(self.max_body)
            ticket.hold(len(part))
            parts.append(part)
        return b"".join(parts)


def _scores(request: Request) -> bool:
    if request.method != "POST":
        return False
    return request.target == _TARGET or (b"?" in request.target and request.path == _TARGET)


def _environ(request: Request) -> WSGIEnvironment:
    """Return what WSGI calls a request (PEP 3333)."""
    path, _, query = request.target.partition(b"?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.raw.items():
        # One with an underscore would pass for another.
        if b"_" not in name:
            key = name.decode("latin-1").upper().replace("-", "_")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            environ[key] = value.decode("latin-1")
    return environ


def _raw_headers(environ: WSGIEnvironment) -> dict[bytes, bytes]:
    """Return the headers that scoring reads."""
    places = {
        b"content-type": "CONTENT_TYPE",
        b"content-encoding": "HTTP_CONTENT_ENCODING",
        b"accept": "HTTP_ACCEPT",
    }
    return {
        name: environ[place].encode("latin-1") for name, place in places.items() if place in environ
    }


def _response(answer: Answer) -> Response:
    return Response(answer.status, (("Content-Type", answer.content_type),), answer.body)


def _flask(*, terse: bool) -> Flask:
    """Return the application for everything but scoring."""
    app = Flask("mlmodel.serving", static_folder=None)

    @app.get("/ping")
    @app.get("/health")
    def _health() -> FlaskResponse:
        return FlaskResponse("\n", mimetype="text/plain")

    @app.get("/version")
    def _version() -> FlaskResponse:
        return FlaskResponse(__version__, mimetype="text/plain")

    def _invocations() -> FlaskResponse:  # pragma: no cover - answered before Flask is asked
        raise AssertionError

    app.add_url_rule(
        _PATH, view_func=_invocations, methods=["POST"], provide_automatic_options=True
    )

    def _refuse(error: HTTPException) -> FlaskResponse:
        return _as_flask(_refusal(error, terse=terse), error)

    app.register_error_handler(404, _refuse)
    app.register_error_handler(405, _refuse)
    app.register_error_handler(Exception, lambda e: _as_flask(_fault(e, terse=terse), e))
    return app


def _refusal(error: HTTPException, *, terse: bool) -> Answer:
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        refusal: MlmodelError = MethodNotAllowed(
            f"This path does not accept that method; it accepts {methods} (RST-072)."
        )
    else:
        refusal = NotFound(
            "There is nothing at this path; a model is scored at /invocations (RST-072)."
        )
    return refused(refusal, terse=terse)


def _fault(error: Any, *, terse: bool) -> Answer:
    if getattr(error, "code", None) in {400, 404, 405, 414}:
        return refused(MalformedRequest("The request is not valid HTTP (RST-072)."), terse=terse)
    return unexpected(error, terse=terse)


def _as_flask(answer: Answer, error: Any) -> FlaskResponse:
    response = FlaskResponse(answer.body, status=answer.status, content_type=answer.content_type)
    methods = getattr(error, "valid_methods", None)
    if methods:
        response.headers["Allow"] = ", ".join(sorted(methods))
    return response
