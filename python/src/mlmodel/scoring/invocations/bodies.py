"""A request's body, by its content type -> what it says (RST-001, RST-080)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import MalformedRequest, UnsupportedMediaType, shown
from mlmodel.scoring import media
from mlmodel.scoring.codecs import CONTENT_TYPES, TABLE
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.scoring.invocations import envelope
from mlmodel.scoring.invocations.envelope import Request
from mlmodel.scoring.media import JSON
from mlmodel.signature.cells.reader import Reader

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Tally
    from mlmodel.scoring.declared import Declared

__all__ = ["Request", "read"]

#: The forms that are told by the content type alone.
_FORMS = {(form.media, form.format): form for form in TABLE if form.key is None}


def read(
    content_type: str | None, body: bytes, declared: Declared, tally: Tally | None = None
) -> Request:
    """Return what a body says.

    Args:
        content_type: the header as it came, or None.
        body: the whole body.
        declared: what the model declares; an engine is one.
        tally: learns how many rows there are. Where one is given, every wrong cell is found, else
            the first per rule and column (ENF-003).

    Raises:
        UnsupportedMediaType: the content type is missing or not known.
        MalformedRequest: the body is not of the form.
        InvalidInput: the data contradict the signature.

    """
    if not content_type:
        raise UnsupportedMediaType(f"The request has no content type; {_known('RST-003')}")
    name, parameters = media.parse(content_type)
    given = parameters.get("format")
    if name == JSON and given is None:
        return envelope.read(body, declared, None, tally)
    form = _FORMS.get((name, given and given.lower()))
    if form is None and given is not None:
        raise UnsupportedMediaType(
            f"The format {shown(given)} of {shown(name)} is not known here; {_known('RST-080')}"
        )
    if form is None:
        raise UnsupportedMediaType(
            f"The content type {shown(name)} is not known here; {_known('RST-003')}"
        )
    if name == JSON:
        return envelope.read(body, declared, form, tally)
    reader = Reader(every=tally is not None, null="an empty cell")
    return Request(form.decode(Payload(_text(body), reader, tally=tally), declared.plan))


def _known(rule: str) -> str:
    return f"send one of {', '.join(CONTENT_TYPES)} ({rule})."


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(
            f"The body is not UTF-8: byte {error.start} belongs to no character (RST-002)."
        ) from None
