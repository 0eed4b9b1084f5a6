"""A request's body, by its content type -> what it says (RST-001, RST-005, RST-080)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.errors import InvalidInput, MalformedRequest, UnsupportedMediaType, shown
from mlmodel.scoring import media
from mlmodel.scoring.codecs import CONTENT_TYPES, TABLE, numbers
from mlmodel.scoring.codecs.payload import Payload, Value_co
from mlmodel.scoring.invocations import foreign
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.media import JSON
from mlmodel.signature.cells.reader import MOST_WRONG, InexactParse, Reader

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from mlmodel.scoring.codecs import Form
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import AsGiven, Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["ENVELOPE_KEYS", "Checked", "Request", "read_body", "read_checked"]

#: The forms that are told by the content type alone, those of JSON that are told by a key, and
#: those that a body may have without being named.
_NAMED_FORMS = {(form.media, form.format): form for form in TABLE if form.key is None}
_KEYED_FORMS = {form.key: form for form in TABLE if form.key is not None}
_BARE_FORMS = [(form.fits, form) for form in TABLE if form.fits is not None]
#: The keys of the envelope, one of which stands in a body of the 2.x dialect.
ENVELOPE_KEYS = frozenset(_KEYED_FORMS)
_KEYS = ", ".join(_KEYED_FORMS)
_PARAMS = "params"


class Request(NamedTuple):
    """What a body says.

    ``data`` are the data, or the error that says how they contradict the signature. ``answer`` is
    the name of the form in which the request is answered (:mod:`mlmodel.scoring.writers`).
    ``rows`` is how many there are, None where they cannot be told apart.
    """

    data: Columns | Tensors | AsGiven | pd.DataFrame | InvalidInput
    params: dict[str, Json] | None
    answer: str
    rows: int | None


class Checked(NamedTuple):
    """What a model gets of a body, and how it is answered.

    ``data`` and ``params`` are as the engine delivers them. ``answer`` is that of the request.
    ``left_out`` is the sentence on parameters that are left out as undeclared (ENF-080), or None.
    """

    data: Any
    params: dict[str, object] | None
    answer: str
    left_out: str | None


def read_checked(content_type: str | None, body: bytes, engine: Engine) -> Checked:
    """Return what a model gets of a body: it is read, and held against the signature.

    Raises:
        UnsupportedMediaType: the content type is missing or not known.
        MalformedRequest: the body is not of the form, or a key appears twice in it.
        InvalidInput: data or parameters contradict the signature, with what is wrong of both.

    """
    request = read_body(content_type, body, engine.matching, params=engine.param_names)
    if isinstance(request.data, InvalidInput):
        raise engine.refusal(request.data, request.params)
    data, params = engine.checked(request.data, request.params)
    return Checked(data, params, request.answer, engine.told(request.params))


def read_body(
    content_type: str | None,
    body: bytes,
    matching: Matching,
    *,
    every: bool = False,
    params: Collection[str] = (),
) -> Request:
    """Return what a body says.

    Args:
        content_type: the header as it came, or None.
        body: the whole body.
        matching: of what the model declares.
        every: collect every violation of cells, else the first per rule and column (ENF-003).
        params: the names of the parameters that the model declares (RST-092).

    Raises:
        UnsupportedMediaType: the content type is missing or not known.
        MalformedRequest: the body is not of the form, or a key appears twice in it.

    """
    # The most frequent content type is not taken apart.
    form = None if content_type == JSON else _named_form(content_type)
    if form is None or form.reads is None:
        return _read_json(body, matching, params, form, every=every)
    # What is not JSON has no fast parse that could have changed a number.
    reader = Reader(exact=True, every=every, most=MOST_WRONG)
    return _decode_payload(form, Payload(form.reads(body), reader), matching)


def _named_form(content_type: str | None) -> Form[Any] | None:
    """Return the form that a content type names; None leaves it to the body, which is JSON."""
    if not content_type:
        raise UnsupportedMediaType(f"The request has no content type; {_send_one('RST-003')}")
    name, parameters = media.parse(content_type)
    given = parameters.get("format")
    if name == JSON and given is None:
        return None
    form = _NAMED_FORMS.get((name, given and given.lower()))
    if form is None and given is not None:
        raise UnsupportedMediaType(
            f"The format {shown(given)} of {shown(name)} is not known here; {_send_one('RST-080')}"
        )
    if form is None:
        raise UnsupportedMediaType(
            f"The content type {shown(name)} is not known here; "
            f"{foreign.advice_for_media(name)}{_send_one('RST-003')}"
        )
    return form


def _send_one(rule: str) -> str:
    return f"send one of {', '.join(CONTENT_TYPES)} ({rule})."


def _decode_payload(
    form: Form[Value_co],
    payload: Payload[Value_co],
    matching: Matching,
    params: dict[str, Json] | None = None,
) -> Request:
    data: Columns | Tensors | AsGiven | pd.DataFrame | InvalidInput
    try:
        data = form.decode(payload, matching)
    except InvalidInput as error:
        data = error
    return Request(data, params or payload.params, form.answer, payload.rows)


# -- JSON ------------------------------------------------------------------------------------------


def _read_json(
    body: bytes,
    matching: Matching,
    params: Collection[str],
    form: Form[Json] | None,
    *,
    every: bool,
) -> Request:
    if form is None and len(body) >= numbers.LONG:
        found = numbers.read(body, matching)
        if found is not None:
            return Request(found.data, None, _KEYED_FORMS[found.key].answer, found.rows)
    value = json_body.loads(body)
    form = form or _form_of(value, matching)
    request = None
    try:
        request = _open_body(value, form, Reader(every=every, most=MOST_WRONG), matching, params)
    except InexactParse as error:
        error.__traceback__ = None  # which holds the value
    if request is not None and not isinstance(request.data, InvalidInput):
        if json_body.has_repeated(body, value):
            del value, request  # which need not be there twice (RST-110)
            raise json_body.repeated_key(body)
        return request
    # What is told of a number that is refused is what was written.
    if request is None or json_body.may_have_rounded(body):
        del value, request
        return _read_exactly(body, matching, params, form, every=every)
    return request


def _read_exactly(
    body: bytes, matching: Matching, params: Collection[str], form: Form[Json], *, every: bool
) -> Request:
    value, literals = json_body.loads_exactly(body, literals=matching.may_round_twice)
    reader = Reader(exact=True, literals=literals, every=every, most=MOST_WRONG)
    return _open_body(value, form, reader, matching, params)


def _open_body(
    value: Json, form: Form[Json], reader: Reader, matching: Matching, declared: Collection[str]
) -> Request:
    """Decode a body of the form: what stands under its key, beside parameters, or all of it."""
    if type(value) is not dict or (form.key is None and form.opens is None):
        return _decode_payload(form, Payload(value, reader), matching)
    data: Json
    params: Json
    if form.opens is not None:
        data, params = form.opens(value, matching, declared)
    else:
        data, params = value[str(form.key)], value.get(_PARAMS)
    payload = Payload(data, reader)
    if params is None:
        return _decode_payload(form, payload, matching)
    if type(params) is not dict:
        raise MalformedRequest(f"params is an object of parameters, not {shown(params)} (RST-018).")
    payload.doubt(params)
    return _decode_payload(form, payload, matching, params)


def _form_of(value: Json, matching: Matching) -> Form[Json]:
    """Return the form of a body whose content type names none (RST-005, RST-081, RST-091)."""
    keys = [key for key in value if key in _KEYED_FORMS] if type(value) is dict else []
    if type(value) is dict and len(keys) == 1:
        if keys[0] == "inputs" and foreign.is_tensor_of_v2(value["inputs"], matching):
            raise MalformedRequest(foreign.OF_V2)
        form = _KEYED_FORMS[keys[0]]
        if len(value) == 1 or len(value) == 1 + (_PARAMS in value) + (form.ignores in value):
            return form
    fitting = () if keys else _BARE_FORMS
    bare = next((form for fits, form in fitting if fits(value, matching)), None)
    if bare is None:
        raise MalformedRequest(_wrong_keys(value, keys, matching))
    return bare


def _wrong_keys(value: Json, keys: list[str], matching: Matching) -> str:
    if type(value) is not dict:
        return (
            f"The body is an object with one of the keys {_KEYS}, or in the 1.x dialect a list of "
            f"records or an object with columns and data, not {json_body.kind_of(value)} "
            "(RST-005)."
        )
    ignored = {form.ignores for form in TABLE if form.key in keys}
    known = {*_KEYED_FORMS, _PARAMS, *ignored}
    unknown = [key for key in value if key not in known]
    if len(keys) > 1:
        what = f"it has {' and '.join(keys)}"
    elif unknown:
        what = f"it has {shown(unknown[0])}{_advice(value, keys, matching)}"
    else:
        what = "it has none of them"
    return f"The body must hold exactly one of {_KEYS}, and optionally params; {what} (RST-005)."


def _advice(body: dict[str, Json], keys: list[str], matching: Matching) -> str:
    if not keys and matching.has_tensors and not matching.names.isdisjoint(body):
        return ": send the tensors as an object under inputs"
    return foreign.advice_for_keys(body)
