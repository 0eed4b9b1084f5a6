"""Bodies of requests read by a client, for protocols that hold typed values alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidInput, NotAcceptable
from mlmodel.scoring.invocations.bodies import read_body
from mlmodel.scoring.writers import WRITERS, NotATable, as_table
from mlmodel.signature.data.columns import AsGiven
from mlmodel.signature.enforce.matching import Matching

if TYPE_CHECKING:
    from mlmodel.signature.types.schema import Schema

__all__ = ["read", "written"]


def read(
    content_type: str, body: bytes, declared: Schema | None
) -> tuple[Any, dict[str, Any] | None]:
    """Return the data of a request's body at the declared types, and its parameters.

    Raises:
        UnsupportedMediaType, MalformedRequest: as for any request.
        InvalidInput: the data contradict what is declared.

    """
    request = read_body(content_type, body, Matching(declared))
    if isinstance(request.data, InvalidInput):
        raise request.data
    data = request.data.value if isinstance(request.data, AsGiven) else request.data
    return data, request.params


def written(predictions: Any, form: str) -> bytes:
    """Return predictions in a form by its short name.

    Raises:
        NotAcceptable: they are not a table, which the form is.
        UnserializablePrediction: a part of them has no form.

    """
    writer = WRITERS["enveloped" if form == "json" else form]
    try:
        return writer.write(as_table(predictions, None) if writer.is_table else predictions)
    except NotATable as error:
        raise NotAcceptable(
            f"The model's answer {error}, and {form} holds nothing else; json does (RST-125)."
        ) from None
