"""The 2.x protocol of ``/invocations``, without I/O: content type and body in, answer out.

The server, the command line and every other carrier of bytes call :func:`handle` or
:func:`score`; none of them parses, checks or predicts by itself.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from mlmodel.errors import (
    MalformedRequest,
    MlmodelError,
    ModelFailure,
    UnsupportedMediaType,
    shown,
)
from mlmodel.scoring import envelope, media
from mlmodel.scoring.answers import JSON, Answer, refused, unexpected
from mlmodel.scoring.codecs import MEDIA_TYPES, TABLE
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.scoring.encode import encode

if TYPE_CHECKING:
    from mlmodel.scoring.engine import Engine
    from mlmodel.signature.columns import Columns, Tensors

__all__ = ["Answer", "handle", "read", "score"]

_CLIENT_ERROR = 500
_log = logging.getLogger("mlmodel.scoring")


def handle(content_type: str | None, body: bytes, engine: Engine, *, terse: bool = False) -> Answer:
    """Answer one request; never raises.

    Args:
        content_type: the header as it came, or None.
        body: the whole body.
        engine: the model.
        terse: errors say code and rule only (ERR-008).

    """
    try:
        return Answer(200, JSON, score(content_type, body, engine))
    except MlmodelError as error:
        return refused(error, terse=terse)
    except Exception as error:  # noqa: BLE001 - the boundary: no exception reaches a client
        return unexpected(error, terse=terse)


def score(content_type: str | None, body: bytes, engine: Engine) -> bytes:
    """Return the body of the answer, ``{"predictions": ...}``.

    Raises:
        UnsupportedMediaType: the content type is missing or not known.
        MalformedRequest: the body is not of the form.
        InvalidInput: the data contradict the signature.
        ModelFailure: the model raised; its exception is the cause.
        UnserializablePrediction: the answer has no form in JSON.

    """
    data, params = engine.checked(*read(content_type, body, engine))
    return encode(_called(engine, data, params))


def read(
    content_type: str | None, body: bytes, engine: Engine
) -> tuple[Columns | Tensors, dict[str, Any] | None]:
    """Return the data and the parameters of a body, by its content type (RST-001)."""
    if not content_type:
        raise UnsupportedMediaType(
            f"The request has no content type; send one of {', '.join(MEDIA_TYPES)} (RST-003)."
        )
    name = media.parse(content_type).name
    if name == JSON:
        return envelope.read(body, engine)
    decode = TABLE.get((name, None))
    if decode is None:
        raise UnsupportedMediaType(
            f"The content type {shown(name)} is not known here; "
            f"send one of {', '.join(MEDIA_TYPES)} (RST-003)."
        )
    return decode(Payload(_text(body)), engine.plan), None


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(
            f"The body is no UTF-8: byte {error.start} belongs to no character (RST-002)."
        ) from None


def _called(engine: Engine, data: Any, params: dict[str, Any] | None) -> Any:
    try:
        return engine.call(data, params)
    except MlmodelError as error:
        # A flavor may refuse data by its own rules; anything else is the model's fault.
        if error.http_status < _CLIENT_ERROR:
            raise
        failure = error
    except Exception as error:  # noqa: BLE001 - a model may raise anything
        failure = error  # type: ignore[assignment]
    _log.error("The model raised an exception.", exc_info=failure)
    raise ModelFailure(
        "The model failed on this input; the server's log says why (ERR-010)."
    ) from failure
