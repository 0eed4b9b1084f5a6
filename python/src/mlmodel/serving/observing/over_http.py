"""Requests over HTTP as they are noted: what begins and ends with each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.scoring.stages import CURRENT, Stages
from mlmodel.serving.entrance import PLACES
from mlmodel.serving.http.messages import Response
from mlmodel.serving.observing.ids import HEADER, line_of
from mlmodel.serving.observing.observer import server_timing
from mlmodel.serving.routes import is_v2

if TYPE_CHECKING:
    from mlmodel.serving.http.messages import Request
    from mlmodel.serving.observing.observer import Observer
    from mlmodel.serving.routes import Call

__all__ = ["begin", "end", "identify"]

_TRACE = (b"traceparent", b"tracestate")
#: What a span may be called by: a path may hold anything.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_PLACES = frozenset(place.encode() for place in PLACES)


def identify(request: Request) -> bytes:
    """Give a request its id, unless it has one; return the line of the head (RST-151)."""
    line = request.id_line
    if not line:
        line = request.id_line = line_of(request.raw.get(HEADER))
    return line


def begin(observer: Observer, request: Request) -> Stages:
    """Begin to work on a request in this thread, and to note it."""
    identify(request)
    stages = Stages(request.request_id, request.received, request.came)
    if observer.spans is not None:
        given = (key for key in _TRACE if key in request.raw)
        carrier = {key.decode(): request.header(key) or "" for key in given}
        stages.span = observer.spans.begin(_span_name(request), carrier)
    CURRENT.set(stages)
    return stages


def end(
    observer: Observer, request: Request, call: Call | None, stages: Stages, response: Response
) -> Response:
    """Note the answer; return it with the lines that are its own (RST-150, RST-151)."""
    # And not what stood there: a call that ended its thread's work with an exit has left it.
    CURRENT.set(None)
    lines = request.id_line
    status, headers, body, close, _ = response
    if request.over:
        # It was refused meanwhile: nobody gets this answer, and it is not counted.
        observer.drop(stages)
        return Response(status, headers, body, close, lines)
    request.over = True
    if call is None:
        model, v2 = "", is_v2(request)
    else:
        model, v2 = observer.known(call.model), call.v2
    told = (request.method, request.path.decode("latin-1")) if observer.tells else ()
    seen = model, "v2" if v2 else "rest", status
    times = observer.note(stages, seen, request.came != 0, len(request.body), len(body), *told)
    if observer.timing and model:
        lines = b"%bServer-Timing: %b\r\n" % (lines, server_timing(times))
    return Response(status, headers, body, close, lines)


def _span_name(request: Request) -> str:
    first = request.path.split(b"/", 2)[1:2]
    known = first[0] if first and first[0] in _PLACES else b""
    return f"{request.method if request.method in _METHODS else 'HTTP'} /{known.decode()}"
