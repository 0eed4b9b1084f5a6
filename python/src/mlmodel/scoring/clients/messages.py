"""A client's side of the protocol's messages: requests written, answers and metadata read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, MalformedRequest, UnserializablePrediction
from mlmodel.scoring.json.plain import dumps
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.binary import from_raw, raw_form, to_raw
from mlmodel.scoring.v2.datatypes import BYTES
from mlmodel.scoring.v2.messages import InferResponse
from mlmodel.scoring.v2.protobuf import (
    fill_parameters,
    head_of,
    message,
    parameters_of,
    parsed,
    read_contents,
)
from mlmodel.signature.cells.reader import Reader
from mlmodel.signature.data.arrays import object_array

if TYPE_CHECKING:
    from mlmodel.scoring.v2.messages import InferRequest, Tensor

__all__ = ["read_metadata", "read_reply", "write_question"]


def write_question(request: InferRequest, model: str) -> bytes:
    """Return a request as an encoded ``ModelInferRequest``, its elements raw (GRP-004).

    Raises:
        InvalidArgument: a parameter or a text that a message cannot hold.

    """
    made = message("ModelInferRequest")(model_name=model)
    for name, value in request.parameters.items():
        if not isinstance(value, bool | int | float | str):
            raise InvalidArgument(
                f"The parameter {name!r} is not a text, a number, true or false, and gRPC holds "
                "no other; ask over HTTP (GRP-005)."
            )
    try:
        fill_parameters(made.parameters, request.parameters)
        for tensor in request.inputs:
            held = raw_form(_without_gaps(tensor))
            entry = made.inputs.add(name=held.name, datatype=held.datatype, shape=held.shape)
            fill_parameters(entry.parameters, held.parameters)
            made.raw_input_contents.append(to_raw(held))
    except (UnicodeError, UnserializablePrediction, ValueError) as error:
        raise InvalidArgument(f"The data cannot be sent over gRPC: {error}") from None
    encoded: bytes = made.SerializeToString()
    return encoded


def _without_gaps(tensor: Tensor) -> Tensor:
    """Return a tensor in which what is missing is the JSON of an element (OIP-033)."""
    if tensor.mask is None or tensor.values is None or not tensor.mask.any():
        return tensor
    pairs = zip(tensor.values.ravel().tolist(), tensor.mask.ravel().tolist(), strict=True)
    cells = [dumps(None if gap else value) for value, gap in pairs]
    values = object_array(cells).reshape(tensor.shape)
    hint = {hints.CONTENT_TYPE: hints.JSON_TEXT}
    return replace(tensor, datatype=BYTES, values=values, mask=None, parameters=hint)


def read_reply(encoded: bytes) -> InferResponse:
    """Return what an encoded ``ModelInferResponse`` says.

    Raises:
        MalformedRequest: it is not one, or not a right one.

    """
    given = parsed("ModelInferResponse", encoded)
    raw = given.raw_output_contents
    if raw and len(raw) != len(given.outputs):
        raise MalformedRequest("The answer has not one raw content for each output (GRP-006).")
    reader, tensors = Reader(), []
    for place, entry in enumerate(given.outputs):
        tensor = head_of(entry)
        tensors.append(tensor)
        if raw:
            tensor.values = from_raw(raw[place], tensor.datatype, tensor.shape, tensor.name)
        else:
            read_contents(tensor, entry.contents, reader)
    if reader.violations:
        raise MalformedRequest(f"The answer is not valid: {reader.violations[0].message}")
    parameters = parameters_of(given.parameters, "The answer")
    return InferResponse(given.model_name, tensors, parameters=parameters)


def read_metadata(encoded: bytes) -> dict[str, Any]:
    """Return what an encoded ``ModelMetadataResponse`` says, as it is in JSON (GRP-008).

    Raises:
        MalformedRequest: it is not one.

    """
    given = parsed("ModelMetadataResponse", encoded)
    properties = dict(given.properties)
    found: dict[str, Any] = {
        "name": given.name,
        "versions": list(given.versions),
        "platform": given.platform,
    }
    for side in ("inputs", "outputs"):
        found[side] = [_described(one, side, properties) for one in getattr(given, side)]
    if hints.CONTENT_TYPE in properties:
        found["parameters"] = {hints.CONTENT_TYPE: properties[hints.CONTENT_TYPE]}
    return found


def _described(one: Any, side: str, properties: dict[str, str]) -> dict[str, Any]:
    start = f"{side}.{one.name}."
    parameters = {
        key: properties[start + key]
        for key in (hints.CONTENT_TYPE, "required")
        if start + key in properties
    }
    described = {"name": one.name, "datatype": one.datatype, "shape": list(one.shape)}
    return {**described, "parameters": parameters} if parameters else described
