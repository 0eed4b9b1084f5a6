"""One record as the whole body, without an envelope (RST-091 to RST-093)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import MalformedRequest, shown
from mlmodel.scoring.codecs.dataframe_records import from_records
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.signature.data.columns import AsGiven

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode", "fits_conversation", "fits_declared", "opened"]

#: What a model of language is asked with: a body that has one of these needs no envelope in MLflow.
_CONVERSATION = frozenset({"messages", "prompt", "input"})
_PARAMS = "params"


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors | AsGiven:
    """Read an object as one row; see :data:`mlmodel.scoring.codecs.Decoder`.

    Where nothing is declared the model gets the object itself (RST-093).
    """
    payload.rows = 1
    if matching.schema is None:
        payload.doubt(payload.value)
        return AsGiven(payload.value)
    return from_records(Payload([payload.value], payload.reader), matching, "The body")


def fits_conversation(value: object, matching: Matching) -> bool:
    """Return whether a body asks a model of language: it is answered bare, as MLflow does."""
    if type(value) is not dict or _CONVERSATION.isdisjoint(value):
        return False
    return matching.schema is None or (matching.has_names and not matching.has_tensors)


def fits_declared(value: object, matching: Matching) -> bool:
    """Return whether a body is one record of declared columns (RST-091)."""
    if type(value) is not dict or not matching.has_names or matching.has_tensors:
        return False
    return not matching.names.isdisjoint(value)


def opened(
    body: dict[str, Json], matching: Matching, declared: Collection[str]
) -> tuple[Json, Json]:
    """Return the record and the parameters, which stand in it by their names or under ``params``.

    Raises:
        MalformedRequest: a parameter stands in both places (RST-092).

    """
    beside = {name: body[name] for name in body if name in declared and name not in matching.names}
    params: Json = None
    if matching.schema is not None and _PARAMS not in matching.names:
        params = body.get(_PARAMS)
    record = {name: cell for name, cell in body.items() if name not in beside}
    if not beside:
        return record, params
    if type(params) is dict:
        twice = next((name for name in params if name in beside), None)
        if twice is not None:
            raise MalformedRequest(
                f"The parameter {shown(twice)} stands in the body and under params; it is not "
                "clear which of its values is meant (RST-092)."
            )
        return record, {**params, **beside}
    return record, beside if params is None else params
