"""The answer to a request for predictions as headers and body (OIP-012, OIP-040)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest, UnserializablePrediction, shown
from mlmodel.scoring.json.plain import Unwritable, dumps
from mlmodel.scoring.media import JSON
from mlmodel.scoring.v2.binary import raw_form, to_raw
from mlmodel.scoring.v2.inference import BINARY_OUTPUT
from mlmodel.scoring.v2.json_tensors import write_tensor
from mlmodel.scoring.v2.kinds import EXACT, holds_exactly
from mlmodel.scoring.v2.requests import SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.scoring.v2.messages import InferRequest, InferResponse, Tensor

__all__ = ["LENGTH", "OCTETS", "write_response"]

#: The header that says how many bytes of a body are JSON, in lower case.
LENGTH = "inference-header-content-length"
OCTETS = "application/octet-stream"
_BINARY = "binary_data"


def write_response(
    response: InferResponse, request: InferRequest
) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return headers and body of an answer, in the form that the request asks for.

    Raises:
        MalformedRequest: what asks for the form is not a boolean (OIP-012).
        UnserializablePrediction: an output has no such form.

    """
    whole = _flag(request.parameters, BINARY_OUTPUT, default=False)
    asked = {
        output.name: _flag(output.parameters, _BINARY, default=whole)
        for output in request.outputs or ()
    }
    exact = request.parameters.get(EXACT) is True
    written, parts = [], []
    for tensor in response.outputs:
        if asked.get(tensor.name, whole) and not (exact and not holds_exactly(tensor)):
            made, part = _in_binary(tensor)
            written.append(made)
            parts.append(part)
        else:
            written.append(write_tensor(tensor))
    document: dict[str, Any] = {"model_name": response.model_name}
    if response.model_version is not None:
        document["model_version"] = response.model_version
    if response.id is not None:
        document["id"] = response.id
    document |= {"parameters": response.parameters, "outputs": written}
    try:
        head = dumps(document)
    except Unwritable as error:
        raise UnserializablePrediction(f"The model's answer {error.what} ({error.rule}).") from None
    if not parts:
        return (("Content-Type", JSON),), head
    length = ("Inference-Header-Content-Length", str(len(head)))
    return (("Content-Type", OCTETS), length), b"".join([head, *parts])


def _in_binary(tensor: Tensor) -> tuple[dict[str, Any], bytes]:
    raw = raw_form(tensor)
    part = to_raw(raw)
    made = {
        "name": raw.name,
        "datatype": raw.datatype,
        "shape": list(raw.shape),
        "parameters": {**raw.parameters, SIZE: len(part)},
    }
    return made, part


def _flag(parameters: Mapping[str, Any], name: str, *, default: bool) -> bool:
    flag = parameters.get(name, default)
    if type(flag) is not bool:
        raise MalformedRequest(f"{name} is true or false, not {shown(flag)} (OIP-012).")
    return flag
