"""JSON bodies: the envelope of the 2.x dialect (RST-005), or a bare form of 1.x (RST-080)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.errors import InvalidInput, MalformedRequest, shown
from mlmodel.scoring.codecs import TABLE
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.media import JSON
from mlmodel.signature.cells.reader import InexactParse, Reader

if TYPE_CHECKING:
    from mlmodel.scoring.codecs import Form
    from mlmodel.scoring.codecs.payload import Tally
    from mlmodel.scoring.declared import Declared
    from mlmodel.signature.data.columns import Columns, Tensors

__all__ = ["Request", "read"]

_FORMS: dict[str, Form] = {
    form.key: form for form in TABLE if form.media == JSON and form.key is not None
}
_BARE_FORMS = [(form.fits, form) for form in TABLE if form.fits is not None]
_KEYS = ", ".join(_FORMS)
_PARAMS = "params"


class Request(NamedTuple):
    """What a body says: the data, the parameters, and whether the answer is bare (RST-085)."""

    data: Columns | Tensors
    params: dict[str, Any] | None = None
    bare: bool = False


def read(
    body: bytes, declared: Declared, form: Form | None = None, tally: Tally | None = None
) -> Request:
    """Return what a JSON body says.

    Args:
        body: the whole body.
        declared: what the model declares.
        form: what the content type names; None leaves it to the body.
        tally: see :func:`mlmodel.scoring.invocations.bodies.read`.

    Raises:
        MalformedRequest: it is not JSON or of none of the forms, or a key stands twice.
        InvalidInput: the data contradict the signature; what is wrong with the parameters is
            told as well.

    """
    value = json_body.loads(body)
    form = form or _form(value)
    every = tally is not None
    try:
        return _read(body, declared, form, Payload(value, Reader(every=every), tally=tally))
    except InexactParse:
        value, literals = json_body.loads_exactly(body)
        reader = Reader(exact=True, literals=literals, every=every)
        return _read(body, declared, form, Payload(value, reader, tally=tally))


def _read(body: bytes, declared: Declared, form: Form, payload: Payload) -> Request:
    params = None if form.key is None else _opened(payload, form.key)
    try:
        data = form.decode(payload, declared.plan)
    except InvalidInput as error:
        raise declared.refusal(error, params) from None
    json_body.check_pairs(body, payload.pairs)
    return Request(data, params, form.bare)


def _opened(payload: Payload, key: str) -> dict[str, Any] | None:
    """Make the envelope's payload that of the form under its key; return the parameters."""
    envelope = payload.value
    payload.pairs = len(envelope)
    payload.value = envelope[key]
    params: dict[str, Any] | None = envelope.get(_PARAMS)
    if params is None:
        return None
    if type(params) is not dict:
        raise MalformedRequest(f"params is an object of parameters, not {shown(params)} (RST-018).")
    payload.count(params)
    return params


def _form(value: Any) -> Form:
    """Return the form of a body whose content type names none (RST-005, RST-081)."""
    keys = [key for key in value if key in _FORMS] if type(value) is dict else []
    if len(keys) == 1 and len(value) <= 1 + (_PARAMS in value):
        return _FORMS[keys[0]]
    bare = None if keys else next((form for fits, form in _BARE_FORMS if fits(value)), None)
    if bare is None:
        raise MalformedRequest(_wrong_keys(value, keys))
    return bare


def _wrong_keys(value: Any, keys: list[str]) -> str:
    if type(value) is not dict:
        return (
            f"The body is an object with one of the keys {_KEYS}, or in the 1.x dialect a list of "
            f"records or an object with columns and data, not {json_body.kind_of(value)} (RST-005)."
        )
    unknown = [key for key in value if key not in _FORMS and key != _PARAMS]
    if len(keys) > 1:
        what = f"it has {' and '.join(keys)}"
    elif unknown:
        what = f"it has {shown(unknown[0])}"
    else:
        what = "it has none of them"
    return f"The body holds exactly one of {_KEYS}, and optionally params; {what} (RST-005)."
