"""Pages of other origins that may read the answers (CORS); none unless they are named.

What a browser asks and is told is in the Fetch standard, "HTTP-CORS protocol".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument, shown
from mlmodel.serving.entrance import is_preflight
from mlmodel.serving.http.messages import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.errors import MlmodelError
    from mlmodel.serving.http.crew import Pace
    from mlmodel.serving.http.host import Answers
    from mlmodel.serving.http.messages import Request

__all__ = ["ANY", "Shared", "checked_origins"]

#: Every origin.
ANY = "*"
_ORIGIN = re.compile(
    r"([a-z][a-z0-9+.-]*)://([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII
)
_OWN_PORTS = {("http", "80"), ("https", "443")}
#: What pages may send (RST-163), and for how many seconds browsers may remember it.
_METHODS = "GET, HEAD, POST"
_SENT = (
    "Accept, Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, "
    "X-Request-ID, traceparent, tracestate"
)
_SECONDS = "600"
#: What pages may read beside the body and what any page may (RST-164).
_READ = (
    "Allow, Inference-Header-Content-Length, MLmodel-Warning, Retry-After, Server-Timing, "
    "WWW-Authenticate, X-Request-ID"
)
_VARY = ("Vary", "Origin")


class Shared:
    """An application whose answers pages of some origins may read.

    Args:
        application: what answers.
        origins: right ones (:func:`checked_origins`), at least one.

    """

    def __init__(self, application: Answers, origins: Iterable[str]) -> None:
        self._application = application
        self._origins = {one.encode(): _headers(one) for one in origins}
        self._any = self._origins.get(ANY.encode())
        self._others = () if self._any else (_VARY,)

    def pace(self, request: Request) -> Pace | None:
        """Return the pace of the model that a request calls; None where it calls none."""
        return self._application.pace(request)

    def answer(self, request: Request) -> Response:
        """Answer a request; never raises."""
        answer = self._application.answer(request)
        return answer if is_preflight(request) else self._with(answer, request)

    def preflight(self, request: Request) -> Response:
        """Answer a browser that asks whether a page may send a request (RST-163)."""
        told = self._told(request)
        allowed = _PREFLIGHT if len(told) > len(self._others) else ()
        kept = tuple(one for one in told if one[0] != _EXPOSE)
        return Response(200, (*kept, *allowed), b"")

    def refuse(self, error: MlmodelError, request: Request | None = None) -> Response:
        """Return the answer for an error, in the form of the request if its head was read."""
        return self._with(self._application.refuse(error, request), request)

    def _with(self, response: Response, request: Request | None) -> Response:
        told = self._others if request is None else self._told(request)
        return response._replace(headers=(*response.headers, *told)) if told else response

    def _told(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the headers that let the page of a request read its answer."""
        origin = request.raw.get(b"origin")
        if origin is None:
            return self._others
        return self._any or self._origins.get(origin, self._others)


_EXPOSE = "Access-Control-Expose-Headers"
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", _METHODS),
    ("Access-Control-Allow-Headers", _SENT),
    ("Access-Control-Max-Age", _SECONDS),
)


def _headers(origin: str) -> tuple[tuple[str, str], ...]:
    told = (("Access-Control-Allow-Origin", origin), (_EXPOSE, _READ))
    return told if origin == ANY else (_VARY, *told)


def checked_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """Return origins as browsers write them.

    Raises:
        InvalidArgument: one is not an origin, or ``*`` does not stand alone (RST-162).

    """
    found = tuple(dict.fromkeys(map(_checked, origins)))
    if ANY in found and len(found) > 1:
        raise InvalidArgument(
            "The origin '*' is every origin; give it alone, or name the others alone (RST-162)."
        )
    return found


def _checked(origin: str) -> str:
    if origin == ANY:
        return ANY
    matched = _ORIGIN.fullmatch(origin.lower())
    if matched is None:
        raise InvalidArgument(
            f"{shown(origin)} is not an origin: give it as browsers write it, such as "
            "https://app.example.org or http://localhost:8080, without a path or '/' at its end "
            "(names with other letters than those of ASCII in their encoded form), or * for any "
            "(RST-162)."
        )
    scheme, host, port = matched.groups()
    own = port is None or (scheme, port) in _OWN_PORTS
    return f"{scheme}://{host}" if own else f"{scheme}://{host}:{port}"
