"""The protocol over gRPC without a server: a call's name and message in, a message or an error out.

What carries it (:mod:`mlmodel.serving.grpc`) is told an error's code and what goes with it by
:func:`failure`; it never parses or asks a model by itself.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from mlmodel.scoring.answers import error_document
from mlmodel.scoring.v2.inference import infer, infer_columns
from mlmodel.scoring.v2.metadata import model_metadata, server_metadata
from mlmodel.scoring.v2.protobuf import (
    message,
    parsed,
    read_request,
    write_metadata,
    write_response,
)
from mlmodel.scoring.v2.quick import plain_columns
from mlmodel.scoring.v2.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.errors import MlmodelError
    from mlmodel.scoring.v2.registry import Registry
    from mlmodel.scoring.v2.service import Tell

__all__ = [
    "METHODS",
    "PREDICTS",
    "SERVICE",
    "STREAM",
    "Failure",
    "failure",
    "handle",
    "handle_in_stream",
    "message",
]

SERVICE = "inference.GRPCInferenceService"
#: The one method that takes and answers several messages, and the other one that asks a model.
STREAM, PREDICTS = "ModelStreamInfer", "ModelInfer"

#: How much of an error goes into a call's metadata, of which clients take some 8 KiB (GRP-012).
_MOST_MESSAGE, _MOST_DETAILS = 3000, 3000


class Failure(NamedTuple):
    """An error as gRPC says it: the name of its status code, its message, and JSON for programs."""

    code: str
    message: str
    details: str


def failure(error: MlmodelError, *, terse: bool = False) -> Failure:
    """Return what a call that failed is ended with (GRP-011, GRP-012).

    ``details`` is ASCII: an object with ``error_code`` and as many of the ``details`` as there is
    room for.
    """
    document = error_document(error, terse=terse)
    text = document["message"]
    while len(quote(text)) > _MOST_MESSAGE:
        text = text[: len(text) * 3 // 4] + "…"
    kept = document["details"]
    while True:
        told = {"error_code": document["error_code"], "details": kept}
        if "request_id" in document:
            told["request_id"] = document["request_id"]
        # Python writes what is not ASCII as escapes, and takes any number of columns' names.
        details = json.dumps(told, default=str)
        if len(details) <= _MOST_DETAILS:
            return Failure(error.grpc_code, text, details)
        kept = kept[: len(kept) // 2]


def _said(held: str, error: MlmodelError, terse: bool) -> Any:
    text = failure(error, terse=terse).message
    made = message("ModelStreamInferResponse")(
        error_message=text if terse else f"{error.code}: {text}"
    )
    made.infer_response.id = held
    return made


def _answer(
    given: Any, registry: Registry, warn: Callable[[str], object] | None, target: Any = None
) -> Any:
    model = registry.find(given.model_name, given.model_version or None)
    matching = model.ready().matching
    columns = plain_columns(given, matching)
    if columns is not None:
        return write_response(infer_columns(model, columns, given.id or None), given, target)
    request = read_request(given, matching)
    return write_response(infer(model, request, warn=warn), given, target)


# -- the methods -------------------------------------------------------------------------------


def _live(body: bytes, _registry: Registry, _warn: Any) -> Any:
    parsed("ServerLiveRequest", body)
    return message("ServerLiveResponse")(live=True)


def _ready(body: bytes, registry: Registry, _warn: Any) -> Any:
    parsed("ServerReadyRequest", body)
    ready = all(model.engine is not None for model in registry.served())
    return message("ServerReadyResponse")(ready=ready)


def _model_ready(body: bytes, registry: Registry, _warn: Any) -> Any:
    given = parsed("ModelReadyRequest", body)
    model = registry.find(given.name, given.version or None)
    return message("ModelReadyResponse")(ready=model.engine is not None)


def _server(body: bytes, _registry: Registry, _warn: Any) -> Any:
    parsed("ServerMetadataRequest", body)
    return message("ServerMetadataResponse")(**server_metadata())


def _metadata(body: bytes, registry: Registry, _warn: Any) -> Any:
    given = parsed("ModelMetadataRequest", body)
    return write_metadata(model_metadata(registry.find(given.name, given.version or None)))


def _streamed(body: bytes, registry: Registry, _warn: Any) -> Any:
    made = message("ModelStreamInferResponse")()
    given = parsed("ModelInferRequest", body)
    # The answer has no place for what was left out, and a stream's metadata come too late.
    _answer(given, registry, None, made.infer_response)
    return made


def _infer(body: bytes, registry: Registry, warn: Any) -> Any:
    return _answer(parsed("ModelInferRequest", body), registry, warn)


#: Name -> what answers it, from the encoded message, the models and what tells what is left out.
METHODS: dict[str, Callable[[bytes, Registry, Tell], Any]] = {
    "ServerLive": _live,
    "ServerReady": _ready,
    "ModelReady": _model_ready,
    "ServerMetadata": _server,
    "ModelMetadata": _metadata,
    "ModelInfer": _infer,
}

_SERVICE = Service(
    SERVICE, "GRP-001", METHODS, partial(message, "ModelInferRequest"), _streamed, _said
)
handle, handle_in_stream = _SERVICE.handle, _SERVICE.handle_in_stream
