"""The server's application: Flask for what is small and rare, a thin callable for scoring.

A Flask route costs more than scoring one row does, so calls of models and the Open Inference
Protocol are answered before Flask is asked; everything else, other methods of ``/invocations``
too, is Flask's. Our own server hands over whole requests (:meth:`Application.answer`); any other
calls it by WSGI.
"""

from __future__ import annotations

import io
import sys
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from flask import Flask, abort
from flask import Response as FlaskResponse

from mlmodel._base.version import __version__
from mlmodel.errors import (
    MalformedRequest,
    MethodNotAllowed,
    MlmodelError,
    NotFound,
    Unauthenticated,
)
from mlmodel.scoring import v2
from mlmodel.scoring.answers import (
    JSON,
    Answer,
    refused,
    unexpected,
    unexpected_error,
    warning_header,
)
from mlmodel.scoring.encodings import known_encoding, unpack
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.scoring.stages import CURRENT
from mlmodel.serving import names, requests
from mlmodel.serving.admission import Admission
from mlmodel.serving.entrance import is_preflight
from mlmodel.serving.http.messages import Request, Response
from mlmodel.serving.http.reader import too_large
from mlmodel.serving.models import Hosted, Steady
from mlmodel.serving.observing import over_http
from mlmodel.serving.observing.observer import Observer, Watch
from mlmodel.serving.observing.probes import Probes
from mlmodel.serving.pages import DOCUMENT, add_pages
from mlmodel.serving.routes import Call, Routes, is_v2
from mlmodel.serving.settings import MAX_BODY, THREADS
from mlmodel.serving.tokens import CHALLENGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from werkzeug.exceptions import HTTPException

    from mlmodel.scoring.stages import Stages
    from mlmodel.serving.about import About
    from mlmodel.serving.admission import Ticket
    from mlmodel.serving.http.crew import Pace

__all__ = ["Application"]

#: How much of a body of unknown length is read at once.
_CHUNK = 64 * 1024
#: Signs that stand in a path as they are.
_PLAIN = "/!$&'()*+,;=:@"
#: Headers that have places of their own in WSGI.
_OWN = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
_CLOSE = ("Connection", "close")
_JSON = (("Content-Type", JSON),)
_REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Application:
    """The application of one model or several.

    Args:
        served: the models, all of which are there already; or the engine of a single one.
        max_body: a larger body is refused, unread where its length is announced (RST-073).
        terse: errors say code and rule only (ERR-008).
        threads: how many requests are worked on at a time; more of them wait (RST-074).
        repository: models can be unloaded and loaded again by requests (OIP-062).
        watch: what is noted of requests; nothing but their ids if not given (RST-150 to RST-157).
        root: the path below which a proxy offers the server, without ``/`` at its end (RST-160); it
            has been taken off the requests that come here.
        about: what the page and the description for tools say; None where they are not (RST-181).

    Attributes:
        observer: notes requests; those over gRPC, too.
        preflight: what answers browsers that ask whether a page may ask (RST-163); None where no
            page of another origin may.
        settle: what is called where models were loaded or let go of by a request; the process that
            serves has the collector pass by them.
        probes: ``stopping`` is set there once the server drains (RST-156).

    """

    def __init__(
        self,
        served: Engine | Hosted,
        *,
        max_body: int = MAX_BODY,
        terse: bool = False,
        threads: int = THREADS,
        repository: bool = False,
        watch: Watch | None = None,
        root: str = "",
        about: About | None = None,
    ) -> None:
        self.models = _single(served) if isinstance(served, Engine) else served
        self.max_body = max_body
        self.terse = terse
        self.repository = repository
        self.root = root
        self.preflight: Callable[[Request], Response] | None = None
        self.settle: Callable[[], None] | None = None
        self.admission = Admission(threads, threads * max_body)
        self.observer = Observer(self.models.names, watch)
        self.probes = Probes(self.models, self.observer.counters, terse=terse)
        self.flask = _flask(single=len(self.models.names) == 1, terse=terse)
        self.probes.add_to(self.flask)
        self._routes = Routes(self.models.names, repository=repository)
        self._slow = Steady()
        self._about = about
        if self._about is not None:
            add_pages(self.flask, self._about, terse=terse)

    # For our own server. --------------------------------------------------------------------

    def pace(self, request: Request) -> Pace | None:
        """Return the pace of the model that a request calls; None where it calls none."""
        call = self._routes.call(request)
        if call is None:
            return self._slow if self._must_describe(request) else None
        if self.observer.on:
            request.came = self.observer.whole(call.model)
        return self._slow if call.model is None else self.models.pace(call.model)

    def _must_describe(self, request: Request) -> bool:
        """Return whether an answer takes a description of all models that is not made yet."""
        is_asked = request.method != "POST" and request.path == DOCUMENT
        return is_asked and self._about is not None and not self._about.is_made

    def answer(self, request: Request) -> Response:
        """Answer a whole request, with its id (RST-151); never raises."""
        if self.observer.on:
            stages = over_http.begin(self.observer, request)
            return self._noted(request, stages, self._answer(request))
        line = over_http.identify(request)
        CURRENT.set(request)
        response = self._answer(request)
        CURRENT.set(None)
        return response if response.lines else Response(*response[:4], line)

    def refuse(self, error: MlmodelError, request: Request | None = None) -> Response:
        """Return the answer for an error, in the form of the request (OIP-061)."""
        known = Request("-", b"-", {}) if request is None else request
        stages = over_http.begin(self.observer, known)
        refusal = self._refusal(error, request)
        # Who has no token is not told which models there are, and leaves no trace in their counts.
        call = None if isinstance(error, Unauthenticated) else self._routes.call(known)
        return over_http.end(self.observer, known, call, stages, refusal)

    def _noted(self, request: Request, stages: Stages, response: Response) -> Response:
        call = self._routes.call(request)
        return over_http.end(self.observer, request, call, stages, response)

    def _answer(self, request: Request) -> Response:
        try:
            call = self._routes.call(request)
            if call is not None and call.model is not None and not call.v2:
                return self._score(request, call.model)
            if self.preflight is not None and is_preflight(request):
                return self.preflight(request)
            return self._infer(request, call) if is_v2(request) else self._ask_flask(request)
        except MlmodelError as error:
            return self._refusal(error, request)
        except Exception as error:  # noqa: BLE001 - the boundary: no exception reaches a client
            return self._refusal(unexpected_error(error), request)

    def _refusal(self, error: MlmodelError, request: Request | None) -> Response:
        others = (CHALLENGE,) if isinstance(error, Unauthenticated) else ()
        if request is not None and is_v2(request):
            return Response(*v2.refusal(error, *others, terse=self.terse))
        status, content_type, body = refused(error, terse=self.terse)
        return Response(status, (("Content-Type", content_type), *others), body)

    def _infer(self, request: Request, call: Call | None) -> Response:
        """Answer a request of the Open Inference Protocol."""
        body = request.body
        if call is not None and b"content-encoding" in request.raw:
            body = unpack(request.header(b"content-encoding"), body, self.max_body)
        answer = v2.handle(
            _asked_as(request),
            request.path.decode("latin-1"),
            {key.decode("latin-1"): value.decode("latin-1") for key, value in request.raw.items()},
            body,
            self.models,
            terse=self.terse,
            repository=self.repository,
        )
        changed = call is not None and call.model is None and b"/models/" in request.path
        if changed and answer.status == HTTPStatus.OK and self.settle is not None:
            self.settle()
        return Response(*answer)

    def _score(self, request: Request, name: str) -> Response:
        engine = self.models.find(name).ready()
        body = request.body
        if b"content-encoding" in request.raw:
            body = unpack(request.header(b"content-encoding"), body, self.max_body)
        told: list[str] = []
        status, content_type, body = handle(
            request.header(b"content-type"),
            body,
            engine,
            terse=self.terse,
            warn=told.append,
            accept=request.header(b"accept"),
        )
        headers: tuple[tuple[str, str], ...] = (
            _JSON if content_type == JSON else (("Content-Type", content_type),)
        )
        if told:
            headers = (*headers, *map(warning_header, told))
        return Response(status, headers, body, False, request.id_line)  # noqa: FBT003

    def _ask_flask(self, request: Request) -> Response:
        """Let Flask answer a request."""
        got: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            got.update(status=int(status.split(maxsplit=1)[0]), headers=headers)

        parts = self.flask(_environ(request, self.root), start_response)
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
            status, headers, body, _, lines = self.refuse(error, _request(environ))
            # Nobody knows where the next request begins.
            start_response(_REASONS[status], [*headers, *_pairs(lines), _CLOSE])
            return [body]
        request = _request(environ)
        if request.method == "POST" and self.pace(request) is not None:
            response = self._called(environ, request)
        elif is_v2(request):
            response = self.answer(request)
        else:
            return self._small(environ, start_response, request)
        status, headers, body, _, lines = response
        if request.method == "HEAD":
            headers, body = (*headers, ("Content-Length", str(len(body)))), b""
        start_response(_REASONS[status], [*headers, *_pairs(lines)])
        return [body]

    def _small(
        self, environ: WSGIEnvironment, start_response: StartResponse, request: Request
    ) -> Iterable[bytes]:
        """Let Flask answer, with the id of the request; bodies of answers are small there."""
        stages = over_http.begin(self.observer, request)
        got: list[Any] = []
        parts = self.flask(environ, lambda *given: got.extend(given))  # type: ignore[arg-type]
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = int(got[0].split(maxsplit=1)[0]), got[1]
        ended = self._noted(request, stages, Response(status, (), body))
        start_response(got[0], [*headers, *_pairs(ended.lines)])
        return [body]

    def _called(self, environ: WSGIEnvironment, request: Request) -> Response:
        """Answer a request that calls a model, with its body and in its turn."""
        try:
            with self.admission.admit() as ticket:
                known_encoding(request.header(b"content-encoding"))
                since = perf_counter()
                request.body = self._body(environ, ticket)
                request.received = perf_counter() - since
                requests.check_whole(environ, request.body)
                if request.came:
                    request.came = perf_counter()
                with self.admission.turn:
                    return self.answer(request)
        except MlmodelError as error:
            return self.refuse(error, request)
        except Exception as error:  # noqa: BLE001 - the boundary: a sender that hangs up, too
            return self.refuse(unexpected_error(error), request)

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


def _single(engine: Engine) -> Hosted:
    """Return the one model of a server; nobody can have it loaded again."""
    hosted = Hosted()
    hosted.add(names.UNNAMED, lambda: engine, engine=engine)
    return hosted


def _asked_as(request: Request) -> str:
    """Return the method by which a request is answered.

    The body of an answer to HEAD is dropped by who sends it, which needs its length.
    """
    return "GET" if request.method == "HEAD" else request.method


def _environ(request: Request, root: str) -> WSGIEnvironment:
    """Return what WSGI calls a request (PEP 3333)."""
    path, _, query = request.target.partition(b"?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": _asked_as(request),
        "SCRIPT_NAME": root,
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
            key = key if key in _OWN else f"HTTP_{key}"
            environ[key] = value.decode("latin-1")
    return environ


def _request(environ: WSGIEnvironment) -> Request:
    """Return a request of WSGI without its body, its path encoded again."""
    given = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in _OWN and value)
    }
    raw = {name.encode(): value.encode("latin-1", "replace") for name, value in given.items()}
    path = quote_from_bytes(environ.get("PATH_INFO", "").encode("latin-1", "replace"), safe=_PLAIN)
    return Request(environ["REQUEST_METHOD"], path.encode(), raw)


def _pairs(lines: bytes) -> list[tuple[str, str]]:
    """Return lines of a head as names and values."""
    found = (line.partition(": ") for line in lines.decode("latin-1").split("\r\n") if line)
    return [(name, value) for name, _, value in found]


def _flask(*, single: bool, terse: bool) -> Flask:
    """Return the application for everything but scoring."""
    app = Flask("mlmodel.serving", static_folder=None)
    # A path with a "/" more at its end is the same one (RST-161); others are not changed.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False

    @app.get("/ping")
    @app.get("/health")
    def _health() -> FlaskResponse:
        return FlaskResponse("\n", mimetype="text/plain")

    @app.get("/version")
    def _version() -> FlaskResponse:
        return FlaskResponse(__version__, mimetype="text/plain")

    def _invocations(name: str = "") -> FlaskResponse:
        # What is scored was answered before Flask is asked; it says what other methods get.
        abort(404, name)

    options: dict[str, Any] = {"methods": ["POST"], "provide_automatic_options": True}
    app.add_url_rule("/models/<name>/invocations", view_func=_invocations, **options)
    if single:
        app.add_url_rule("/invocations", view_func=_invocations, **options)

    def _refuse(error: HTTPException) -> FlaskResponse:
        return _as_flask(_refusal(error, single=single, terse=terse), error)

    app.register_error_handler(404, _refuse)
    app.register_error_handler(405, _refuse)
    app.register_error_handler(Exception, lambda e: _as_flask(_fault(e, terse=terse), e))
    return app


def _refusal(error: HTTPException, *, single: bool, terse: bool) -> Answer:
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        refusal: MlmodelError = MethodNotAllowed(
            f"This path does not accept that method; it accepts {methods} (RST-072)."
        )
    else:
        refusal = NotFound(
            "There is nothing at this path; a model is scored at /invocations (RST-072)."
            if single
            else "There is nothing at this path; this server has several models, and each is "
            "scored at /models/NAME/invocations (RST-131)."
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
