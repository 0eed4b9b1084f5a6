"""The paths that describe a server: a page, its description for tools (RST-175 to RST-181)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from mlmodel.errors import MlmodelError
from mlmodel.scoring.answers import JSON, refused
from mlmodel.serving import page

if TYPE_CHECKING:
    from flask import Flask

    from mlmodel.serving.about import About

__all__ = ["DOCUMENT", "add_pages", "wants_html"]

#: The path of the description for tools, which may take long to make.
DOCUMENT = b"/openapi.json"
_HTML = "text/html"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_pages(app: Flask, about: About, *, terse: bool = False) -> None:
    """Add the paths to an application."""

    @app.get("/")
    def _server() -> Response:
        return _page(page.MODEL) if _asks_for_html() else _data(about.server(), vary=True)

    @app.get("/models/<name>")
    def _model(name: str) -> Response:
        try:
            found = about.model(name)
        except MlmodelError as error:
            answer = refused(error, terse=terse)
            return Response(answer.body, answer.status, content_type=answer.content_type)
        return _page(page.MODEL, of_model=True) if _asks_for_html() else _data(found, vary=True)

    @app.get("/docs")
    def _docs() -> Response:
        return _page(page.DOCS)

    @app.get(DOCUMENT.decode())
    def _document() -> Response:
        return _data(about.document())


def wants_html(accept: str | None) -> bool:
    """Return whether a page is asked for: it is, unless JSON is liked better (RST-178)."""
    given = parse_accept_header(accept, MIMEAccept)
    return given.best_match([_HTML, JSON], _HTML) == _HTML


def _asks_for_html() -> bool:
    return wants_html(request.headers.get("Accept"))


def _page(view: str, *, of_model: bool = False) -> Response:
    # As many steps up as there are parts below the root, whatever proxy is before it.
    steps = request.path.count("/") - 1
    text, policy = page.html(view, root="../" * steps or "./", of_model=of_model)
    answer = _data(text.encode(), f"{_HTML}; charset=utf-8", vary=view == page.MODEL)
    answer.headers["Content-Security-Policy"] = policy
    return answer


def _data(body: bytes, content_type: str = JSON, *, vary: bool = False) -> Response:
    answer = Response(body, content_type=content_type, headers=_HEADERS)
    if vary:
        answer.headers["Vary"] = "Accept"
    answer.set_etag(hashlib.sha256(body).hexdigest()[:32])
    answer.make_conditional(request)
    answer.headers.pop("Date", None)  # it is the server's to say
    return answer
