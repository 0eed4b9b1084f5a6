"""The protocol over HTTP: method, path, headers and body in, status, headers and body out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import orjson

from mlmodel.errors import (
    MalformedRequest,
    MethodNotAllowed,
    MlmodelError,
    NotFound,
    UnsupportedMediaType,
    shown,
)
from mlmodel.scoring import media
from mlmodel.scoring.answers import JSON, error_document, unexpected_error, warning_header
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.v2.http_answers import LENGTH, OCTETS, write_response
from mlmodel.scoring.v2.inference import infer
from mlmodel.scoring.v2.metadata import model_metadata, server_metadata
from mlmodel.scoring.v2.repository import index
from mlmodel.scoring.v2.requests import read_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlmodel.scoring.v2.registry import Registry

__all__ = ["HttpAnswer", "Work", "handle", "refusal", "work_of"]

_MODEL = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(/ready|/infer)?")
_REPOSITORY = re.compile(r"/v2/repository/models/([^/]+)/(load|unload)")


class HttpAnswer(NamedTuple):
    """An answer: its status, its headers (``Content-Type`` among them), its body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Work(NamedTuple):
    """What a request lets work: the model of this name, or the repository (None)."""

    model: str | None


class _Request(NamedTuple):
    """A request on its way: ``headers`` by names in lower case, ``warn`` as that of infer."""

    headers: Mapping[str, str]
    body: bytes
    registry: Registry
    repository: bool
    warn: Callable[[str], object]


def handle(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    registry: Registry,
    *,
    terse: bool = False,
    repository: bool = False,
) -> HttpAnswer:
    """Answer one request; never raises.

    Args:
        method: such as ``GET``.
        path: of the request line, without query, percent-encoded as it came (a server that has
            it decoded quotes it again).
        headers: by name, in letters of either case.
        body: the whole body; content encodings are undone.
        registry: the models.
        terse: errors say name and rule only (ERR-008).
        repository: the repository extension is switched on.

    """
    told: list[str] = []
    lowered = {name.lower(): value for name, value in headers.items()}
    request = _Request(lowered, body, registry, repository, told.append)
    try:
        allowed, answer = _route(path, request)
        found = answer() if method in allowed else _not_allowed(method, allowed, terse=terse)
    except MlmodelError as error:
        return refusal(error, terse=terse)
    except Exception as error:  # noqa: BLE001 - the boundary: no exception reaches a client
        return refusal(unexpected_error(error), terse=terse)
    if told:
        said = "ENF-080" if terse else told[0]
        found = found._replace(headers=(*found.headers, warning_header(said)))
    return found._replace(body=b"") if method == "HEAD" else found


def work_of(method: str, path: str, *, repository: bool = False) -> Work | None:
    """Return what a request lets work, None where its answer takes next to no time.

    Arguments are as those of :func:`handle`; whether there is such a model is not asked.
    """
    if method not in _WRITE:
        return None
    plain = path.removesuffix("/")
    if repository and plain.startswith("/v2/repository/"):
        return Work(None)
    matched = _MODEL.fullmatch(plain)
    return Work(unquote(matched[1])) if matched is not None and matched[3] == "/infer" else None


def _route(path: str, request: _Request) -> tuple[Sequence[str], Callable[[], HttpAnswer]]:
    """Return the methods of a path, and what answers it (OIP-050)."""
    plain = path.removesuffix("/")
    fixed = _FIXED.get(plain)
    if fixed is not None:
        return _READ, lambda: fixed(request)
    if request.repository and plain == "/v2/repository/index":
        return _WRITE, lambda: _index(request)
    matched = _REPOSITORY.fullmatch(plain) if request.repository else None
    if matched is not None:
        change = {"load": request.registry.load, "unload": request.registry.unload}[matched[2]]
        name = unquote(matched[1])
        return _WRITE, lambda: _changed(change, name)
    matched = _MODEL.fullmatch(plain)
    if matched is None:
        raise NotFound(
            f"The server has nothing at {shown(path)}; a model is asked at "
            "/v2/models/NAME/infer (OIP-050)."
        )
    named = unquote(matched[1]), None if matched[2] is None else unquote(matched[2])
    ask = _OF_MODELS[matched[3]]
    return _WRITE if matched[3] == "/infer" else _READ, lambda: ask(request, *named)


_READ, _WRITE = ("GET", "HEAD"), ("POST",)


def _not_allowed(method: str, allowed: Sequence[str], *, terse: bool) -> HttpAnswer:
    return refusal(
        MethodNotAllowed(
            f"The method {shown(method)} is not one of this path; send {allowed[0]} (OIP-050)."
        ),
        ("Allow", ", ".join(allowed)),
        terse=terse,
    )


def refusal(error: MlmodelError, *others: tuple[str, str], terse: bool = False) -> HttpAnswer:
    """Return the answer for an error, in the protocol's form (OIP-052)."""
    document = error_document(error, terse=terse)
    said = {"error": document.pop("message"), **document}
    body = orjson.dumps(said, default=str, option=orjson.OPT_NON_STR_KEYS)
    return HttpAnswer(error.http_status, (("Content-Type", JSON), *others), body)


def _json(document: Any) -> HttpAnswer:
    return HttpAnswer(200, (("Content-Type", JSON),), orjson.dumps(document))


# -- the server --------------------------------------------------------------------------------


def _server(request: _Request) -> HttpAnswer:
    found = server_metadata(repository=request.repository)
    served = request.registry.served()
    if len(served) == 1:
        found["model"] = served[0].name  # who asks /invocations asks it without a name (RST-185)
    return _json(found)


def _live(_request: _Request) -> HttpAnswer:
    return _json({"live": True})


def _ready(request: _Request) -> HttpAnswer:
    for model in request.registry.served():
        model.ready()
    return _json({"ready": True})


_FIXED = {"/v2": _server, "/v2/health/live": _live, "/v2/health/ready": _ready}


# -- models ------------------------------------------------------------------------------------


def _metadata(request: _Request, name: str, version: str | None) -> HttpAnswer:
    return _json(model_metadata(request.registry.find(name, version)))


def _model_ready(request: _Request, name: str, version: str | None) -> HttpAnswer:
    request.registry.find(name, version).ready()
    return _json({"name": name, "ready": True})


def _infer(request: _Request, name: str, version: str | None) -> HttpAnswer:
    model = request.registry.find(name, version)
    engine = model.ready()
    length = request.headers.get(LENGTH)
    _check_media(request.headers.get("content-type"), length)
    asked = read_request(request.body, length, engine.matching)
    answer = infer(model, asked, warn=request.warn)
    return HttpAnswer(200, *write_response(answer, asked))


def _check_media(content_type: str | None, length: str | None) -> None:
    if not content_type:
        return
    name = media.parse(content_type).name
    if name == JSON or (name == OCTETS and length is not None):
        return
    advice = f"with the header {LENGTH}, or " if name == OCTETS else ""
    raise UnsupportedMediaType(
        f"The content type {shown(name)} is not one of this protocol: send it {advice}as "
        f"{JSON} (with curl it is -H 'Content-Type: {JSON}') (OIP-053)."
    )


_OF_MODELS = {None: _metadata, "/ready": _model_ready, "/infer": _infer}


# -- the repository ----------------------------------------------------------------------------


def _index(request: _Request) -> HttpAnswer:
    asked = json_body.loads(request.body) if request.body.strip() else {}
    ready = asked.get("ready", False) if type(asked) is dict else None
    if type(ready) is not bool:
        raise MalformedRequest('The body is empty, or an object such as {"ready": true} (OIP-059).')
    return _json(index(request.registry, ready=ready))


def _changed(change: Callable[[str], None], name: str) -> HttpAnswer:
    change(name)
    return _json({})
