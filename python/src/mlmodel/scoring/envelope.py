"""The 2.x envelope of JSON requests: one form under its key, and parameters (RST-005)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidInput, MalformedRequest, shown
from mlmodel.scoring import jsonbody
from mlmodel.scoring.codecs import JSON, TABLE
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.signature.cells import Doubt, Reader

if TYPE_CHECKING:
    from mlmodel.scoring.codecs import Decoder
    from mlmodel.scoring.engine import Engine
    from mlmodel.signature.columns import Columns, Tensors

__all__ = ["read"]

_DECODERS: dict[str, Decoder] = {
    key: decode for (media, key), decode in TABLE.items() if media == JSON and key is not None
}
_FORMS = ", ".join(_DECODERS)
_PARAMS = "params"


def read(body: bytes, engine: Engine) -> tuple[Columns | Tensors, dict[str, Any] | None]:
    """Return the data and the parameters of a JSON body.

    Raises:
        MalformedRequest: it is no JSON or no envelope, or a key stands twice.
        InvalidInput: the data contradict the signature; what is wrong with the parameters is
            told as well.

    """
    value = jsonbody.loads(body)
    try:
        return _read(body, value, engine, Reader())
    except Doubt:
        value, literals = jsonbody.loads_exactly(body)
        return _read(body, value, engine, Reader(exact=True, literals=literals))


def _read(
    body: bytes, value: Any, engine: Engine, reader: Reader
) -> tuple[Columns | Tensors, dict[str, Any] | None]:
    key, params = _opened(value)
    payload = Payload(value[key], reader)
    if params is not None:
        payload.count(params)
    try:
        data = _DECODERS[key](payload, engine.plan)
    except InvalidInput as error:
        raise engine.refusal(error, params) from None
    jsonbody.check_pairs(body, payload.pairs + len(value))
    return data, params


def _opened(value: Any) -> tuple[str, dict[str, Any] | None]:
    """Return the key of the form, and the parameters."""
    if type(value) is not dict:
        raise MalformedRequest(
            f"The body is an object with one of the keys {_FORMS}, not {shown(value)} (RST-005)."
        )
    keys = [key for key in value if key in _DECODERS]
    params = value.get(_PARAMS)
    if len(keys) != 1 or len(value) > 1 + (_PARAMS in value):
        raise MalformedRequest(_wrong_keys(value, keys))
    if params is not None and type(params) is not dict:
        raise MalformedRequest(f"params is an object of parameters, not {shown(params)} (RST-018).")
    return keys[0], params


def _wrong_keys(value: dict[str, Any], keys: list[str]) -> str:
    unknown = [key for key in value if key not in _DECODERS and key != _PARAMS]
    if len(keys) > 1:
        what = f"it has {' and '.join(keys)}"
    elif unknown:
        what = f"it has {shown(unknown[0])}"
    else:
        what = "it has none of them"
    return f"The body holds exactly one of {_FORMS}, and optionally params; {what} (RST-005)."
