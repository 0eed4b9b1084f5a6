"""The server's application: Flask for what is small and rare, a thin callable for scoring.

A Flask route costs more than scoring one row does, so ``POST /invocations`` is answered before
Flask is asked; everything else, other methods of ``/invocations`` too, is Flask's.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response

from mlmodel._base.version import __version__
from mlmodel.errors import (
    MalformedRequest,
    MethodNotAllowed,
    MlmodelError,
    NotFound,
    PayloadTooLarge,
    UnsupportedMediaType,
    shown,
)
from mlmodel.scoring.answers import Answer, refused, unexpected, warning_header
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.serving import requests
from mlmodel.serving.admission import Admission
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
_CLOSE = ("Connection", "close")
_REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Application:
    """The WSGI application of one model.

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

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            requests.check(environ)
        except MalformedRequest as error:
            status, content_type, body = refused(error, terse=self.terse)
            # Nobody knows where the next request begins.
            start_response(_REASONS[status], [("Content-Type", content_type), _CLOSE])
            return [body]
        if environ["PATH_INFO"] == _PATH and environ["REQUEST_METHOD"] == "POST":
            told: list[str] = []
            status, content_type, body = self._scored(environ, told)
            headers = [("Content-Type", content_type), *map(warning_header, told)]
            start_response(_REASONS[status], headers)
            return [body]
        return self.flask(environ, start_response)

    def _scored(self, environ: WSGIEnvironment, told: list[str]) -> Answer:
        """Answer one request; ``told`` gets what is said beside the answer (RST-089)."""
        try:
            with self.admission.admit() as ticket:
                _check_encoding(environ)
                body = self._body(environ, ticket)
                requests.check_whole(environ, body)
                content_type, terse = environ.get("CONTENT_TYPE"), self.terse
                with self.admission.turn:
                    return handle(content_type, body, self.engine, terse=terse, warn=told.append)
        except MlmodelError as error:
            return refused(error, terse=self.terse)
        except Exception as error:  # noqa: BLE001 - the boundary: a sender that hangs up, too
            return unexpected(error, terse=self.terse)

    def _body(self, environ: WSGIEnvironment, ticket: Ticket) -> bytes:
        announced = environ.get("CONTENT_LENGTH")
        stream = environ["wsgi.input"]
        if announced:
            length = _length(announced)
            if length > self.max_body:
                raise self._too_large(f"of {length} bytes")
            ticket.hold(length)
            return bytes(stream.read(length))
        parts: list[bytes] = []
        size = 0
        # No more than one byte beyond the limit: the server waits for all that is asked for.
        while part := stream.read(min(_CHUNK, self.max_body - size + 1)):
            size += len(part)
            if size > self.max_body:
                raise self._too_large("")
            ticket.hold(len(part))
            parts.append(part)
        return b"".join(parts)

    def _too_large(self, what: str) -> PayloadTooLarge:
        return PayloadTooLarge(
            f"The body {what + ' ' if what else ''}is larger than this server takes, "
            f"which is {self.max_body} bytes (RST-073)."
        )


def _check_encoding(environ: WSGIEnvironment) -> None:
    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding.lower() != "identity":
        raise UnsupportedMediaType(
            f"The content encoding {shown(encoding)} is not known here; send the body unencoded "
            "(RST-002)."
        )


def _length(announced: str) -> int:
    if not (announced.isascii() and announced.isdigit()):
        raise MalformedRequest(f"The content length {shown(announced)} is not a number (RST-004).")
    return int(announced)


def _flask(*, terse: bool) -> Flask:
    """Return the application for everything but scoring."""
    app = Flask("mlmodel.serving", static_folder=None)

    @app.get("/ping")
    @app.get("/health")
    def _health() -> Response:
        return Response("\n", mimetype="text/plain")

    @app.get("/version")
    def _version() -> Response:
        return Response(__version__, mimetype="text/plain")

    def _invocations() -> Response:  # pragma: no cover - answered before Flask is asked
        raise AssertionError

    app.add_url_rule(
        _PATH, view_func=_invocations, methods=["POST"], provide_automatic_options=True
    )

    def _refuse(error: HTTPException) -> Response:
        return _as_response(_answer(error, terse=terse), error)

    app.register_error_handler(404, _refuse)
    app.register_error_handler(405, _refuse)
    app.register_error_handler(Exception, lambda e: _as_response(_fault(e, terse=terse), e))
    return app


def _answer(error: HTTPException, *, terse: bool) -> Answer:
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


def _as_response(answer: Answer, error: Any) -> Response:
    response = Response(answer.body, status=answer.status, content_type=answer.content_type)
    methods = getattr(error, "valid_methods", None)
    if methods:
        response.headers["Allow"] = ", ".join(sorted(methods))
    return response
