"""Answers of the protocol -> predictions: what a client reads (RST-188)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.inputs import model_input
from mlmodel.scoring.v2.kinds import KIND, restored
from mlmodel.scoring.v2.messages import InferRequest, InferResponse
from mlmodel.scoring.v2.requests import objects_under, parts_of, read_tensors
from mlmodel.signature.cells.reader import InexactParse, Reader
from mlmodel.signature.enforce.matching import Matching
from mlmodel.signature.enforce.plan import Plan

if TYPE_CHECKING:
    from mlmodel.scoring.json.body import Json

__all__ = ["predictions_of", "read_reply"]

_NOTHING = Matching(None)
_PLAN = Plan(None)


def read_reply(body: bytes, json_length: str | None) -> InferResponse:
    """Return what the body of an answer says.

    Raises:
        MalformedRequest: it is not an answer of the protocol.

    """
    document, raw = parts_of(body, json_length)
    value = json_body.loads(document)
    try:
        return _read(value, raw, Reader())
    except InexactParse:
        value, literals = json_body.loads_exactly(document)
        return _read(value, raw, Reader(exact=True, literals=literals))


def _read(value: Json, raw: memoryview | None, reader: Reader) -> InferResponse:
    if type(value) is not dict:
        raise MalformedRequest(
            f"The answer is an object with the key outputs, not {json_body.kind_of(value)} "
            "(OIP-040)."
        )
    tensors = read_tensors(objects_under(value, "outputs"), "outputs", raw, reader)
    if reader.violations:
        raise MalformedRequest(f"The answer is not valid: {reader.violations[0].message}")
    parameters = value.get("parameters")
    return InferResponse(
        str(value.get("model_name")),
        tensors,
        parameters=parameters if isinstance(parameters, dict) else {},
    )


def predictions_of(response: InferResponse) -> Any:
    """Return predictions as the model answered them, as far as the answer tells.

    Returns:
        A DataFrame, an array or a dict of arrays by the hint of the answer, and a series, a list or
        a single value where the server tells (RST-186). Without a hint several tensors are a dict.

    Raises:
        MalformedRequest: an element is not what its hint says, or there are no outputs.

    """
    if not response.outputs:
        raise MalformedRequest("The answer has no outputs (OIP-040).")
    hint = response.parameters.get(hints.CONTENT_TYPE)
    known = hint if hint in {hints.PANDAS, hints.NUMPY, hints.DICT} else None
    if known == hints.NUMPY and len(response.outputs) > 1:
        known = None
    asked = InferRequest(response.outputs, {} if known is None else {hints.CONTENT_TYPE: known})
    data, found = model_input(asked, _NOTHING)
    if found:
        raise MalformedRequest(f"The answer is not valid: {found[0].message}")
    kind = response.parameters.get(KIND)
    return restored(_PLAN.enforce(data), kind if isinstance(kind, str) else None)
