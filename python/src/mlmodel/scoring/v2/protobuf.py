"""Requests and answers of the protocol as its protocol buffers (GRP-002 to GRP-009).

The messages are those of ``proto/inference``; they are kept in a pool of our own, so that another
package's generated code of the same names can stand beside them. Needs the extra ``grpc``.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel._proto import message as class_of
from mlmodel._proto import parse, refused_as
from mlmodel._proto.parts import has_more_parts
from mlmodel.errors import MalformedRequest, UnserializablePrediction, shown
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.binary import from_raw, raw_form, to_raw
from mlmodel.scoring.v2.datatypes import BYTES, DATATYPES
from mlmodel.scoring.v2.inference import BINARY_OUTPUT
from mlmodel.scoring.v2.json_tensors import read_data
from mlmodel.scoring.v2.messages import InferRequest, RequestedOutput, Tensor
from mlmodel.scoring.v2.shapes import MOST_AXES, checked_datatype, checked_shape
from mlmodel.signature.cells.reader import MOST_WRONG, Reader
from mlmodel.signature.data.arrays import object_array

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlmodel.scoring.v2.messages import InferResponse
    from mlmodel.signature.enforce.matching import Matching

__all__ = [
    "fill_parameters",
    "head_of",
    "message",
    "parameters_of",
    "parsed",
    "read_contents",
    "read_request",
    "write_metadata",
    "write_response",
]

_PACKAGE = "inference"
_INT, _UINT = "int_contents", "uint_contents"
#: Where the elements of a datatype stand; FP16 and BF16 have no such place (GRP-003).
_FIELDS = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), _INT),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), _UINT),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}
#: What the elements of a field are at least, where a datatype may be narrower.
_WIDE = {_INT: np.dtype(np.int32), _UINT: np.dtype(np.uint32)}
#: Field of a parameter -> the type of Python that goes there.
_OF_TYPES = {bool: "bool_param", str: "string_param", float: "double_param"}
_INT64 = 2**63

#: A part of a message takes 2 bytes at least and a hundred in memory, so they are counted before
#: a message that is larger than this is unfolded.
_SMALL, _MOST_PARTS = 2**20, 100_000


def message(name: str) -> Any:
    """Return the class of a message of the package ``inference``, such as ``ModelInferRequest``.

    Raises:
        MissingDependency: protobuf is not installed.
        KeyError: there is no such message.

    """
    return class_of(name, _PACKAGE)


def parsed(name: str, encoded: bytes) -> Any:
    """Return the message of this name in some bytes.

    Raises:
        MalformedRequest: they are not such a message (PRO-002), or one of too many parts (GRP-010).
        MissingDependency: protobuf is not installed.

    """
    if len(encoded) > _SMALL and has_more_parts(encoded, message(name), _MOST_PARTS):
        raise MalformedRequest(
            f"The message has more than {_MOST_PARTS:,} inputs, outputs and parameters; send "
            "fewer and longer ones (GRP-010)."
        )
    with refused_as(MalformedRequest):
        return parse(name, encoded, _PACKAGE)


# -- requests ----------------------------------------------------------------------------------


def read_request(given: Any, matching: Matching) -> InferRequest:
    """Return what a message ``ModelInferRequest`` says.

    Elements that do not fit their datatypes are among its violations; those of inputs that are not
    declared are not read (OIP-026).

    Raises:
        MalformedRequest: it breaks a rule.
        UnsupportedMediaType: a hint is not known, or does not fit (OIP-035).

    """
    raw = given.raw_input_contents
    if raw and len(raw) != len(given.inputs):
        raise MalformedRequest(
            f"The request has {len(raw)} raw_input_contents for {len(given.inputs)} inputs; there "
            "is one for each, or none at all (GRP-004)."
        )
    parameters = parameters_of(given.parameters, "The request")
    hint = hints.of_request(parameters, len(given.inputs))
    by_name = matching.has_names and hint not in hints.ONE_TENSOR
    reader = Reader(most=MOST_WRONG)
    inputs = []
    for place, entry in enumerate(given.inputs):
        tensor = head_of(entry)
        inputs.append(tensor)
        wanted = not by_name or tensor.name in matching.names
        if raw and entry.HasField("contents"):
            raise MalformedRequest(
                f"The input {shown(tensor.name)} has contents beside raw_input_contents; it is not "
                "clear which are meant (GRP-004)."
            )
        if raw and wanted:
            tensor.values = from_raw(raw[place], tensor.datatype, tensor.shape, tensor.name)
        elif wanted:
            read_contents(tensor, entry.contents, reader)
    outputs = [
        RequestedOutput(one.name, parameters_of(one.parameters, "The output", one.name))
        for one in given.outputs
    ]
    return InferRequest(inputs, parameters, outputs or None, given.id or None, reader.violations)


def head_of(entry: Any) -> Tensor:
    """Return a tensor of a message without its elements.

    Raises:
        MalformedRequest: datatype or shape are not known (OIP-001, OIP-002).

    """
    name, axes = entry.name, entry.shape
    if len(axes) > MOST_AXES:
        raise MalformedRequest(
            f"The tensor {shown(name)} has {len(axes)} axes, and at most {MOST_AXES} are "
            "read (OIP-002)."
        )
    datatype = checked_datatype(entry.datatype, name)
    shape = checked_shape(list(axes), name)
    given = entry.parameters
    parameters = parameters_of(given, "The input", name) if given else {}
    return Tensor(name, datatype, shape, None, None, parameters)


def parameters_of(given: Mapping[str, Any], what: str, name: str = "") -> dict[str, Any]:
    """Return what the parameters of a message say (GRP-005).

    Raises:
        MalformedRequest: one has no value.

    """
    read = {}
    # A map of a message has no order of its own.
    for key, parameter in sorted(given.items(), key=lambda item: item[0]):
        kind = parameter.WhichOneof("parameter_choice")
        if kind is None:
            raise MalformedRequest(
                f"{what}{name and ' ' + shown(name)} has the parameter {shown(key)} without a "
                "value; leave it out where there is none (GRP-005)."
            )
        read[key] = getattr(parameter, kind)
    return read


def read_contents(tensor: Tensor, contents: Any, reader: Reader) -> None:
    """Put the elements that stand in the field for a tensor's datatype into it (GRP-003)."""
    field = _FIELDS.get(tensor.datatype)
    filled = [one.name for one, _ in contents.ListFields()]
    wrong = next((name for name in filled if name != field), None)
    if field is None or wrong is not None:
        due = "raw_input_contents alone" if field is None else field
        raise MalformedRequest(
            f"The elements of the input {shown(tensor.name)} of {tensor.datatype} stand in {due}, "
            f"not in {wrong or 'contents'} (GRP-003)."
        )
    elements = getattr(contents, field)
    count = math.prod(tensor.shape)
    if len(elements) != count:
        raise MalformedRequest(
            f"The input {shown(tensor.name)} has {len(elements)} elements in {field}, but its "
            f"shape {list(tensor.shape)} says {count} (OIP-002)."
        )
    dtype = DATATYPES[tensor.datatype]
    if tensor.datatype == BYTES:
        tensor.values = object_array(list(elements)).reshape(tensor.shape)
        return
    values = np.fromiter(elements, _WIDE.get(field, dtype), count)
    narrow = values.astype(dtype, copy=False)
    if narrow is not values and (narrow != values).any():
        # Says which, as of elements in JSON (OIP-004).
        read_data(tensor, list(elements), reader)
        return
    tensor.values = narrow.reshape(tensor.shape)


# -- answers -----------------------------------------------------------------------------------


def write_response(response: InferResponse, request: Any, target: Any = None) -> Any:
    """Return the message ``ModelInferResponse`` of an answer; ``target`` if it is given.

    It has raw contents where the request had them, asked for them, or an output has no other place
    (GRP-006).

    Raises:
        MalformedRequest: what asks for the form is not a boolean (OIP-012).
        UnserializablePrediction: an output has no such form.

    """
    outputs = [raw_form(tensor) for tensor in response.outputs]
    raw = _wants_raw(request) or any(one.datatype not in _FIELDS for one in outputs)
    target = message("ModelInferResponse")() if target is None else target
    with _written():
        target.model_name = response.model_name
        target.model_version = response.model_version or ""
        target.id = response.id or ""
        fill_parameters(target.parameters, response.parameters)
        for tensor in outputs:
            made = target.outputs.add(
                name=tensor.name, datatype=tensor.datatype, shape=tensor.shape
            )
            if tensor.parameters:
                fill_parameters(made.parameters, tensor.parameters)
            if raw:
                target.raw_output_contents.append(to_raw(tensor))
            elif tensor.values is not None:
                elements = getattr(made.contents, _FIELDS[tensor.datatype])
                elements.extend(tensor.values.ravel().tolist())
    return target


def _wants_raw(request: Any) -> bool:
    if BINARY_OUTPUT not in request.parameters:
        return bool(request.raw_input_contents)
    asked = request.parameters[BINARY_OUTPUT]
    if asked.WhichOneof("parameter_choice") != "bool_param":
        raise MalformedRequest(f"{BINARY_OUTPUT} is true or false (OIP-012).")
    return bool(asked.bool_param)


def fill_parameters(target: Any, parameters: Mapping[str, Any]) -> None:
    """Put texts, booleans and numbers into the parameters of a message."""
    for name, value in parameters.items():
        field = _OF_TYPES.get(type(value))
        if field is None:
            field = "int64_param" if -_INT64 <= value < _INT64 else "uint64_param"
        setattr(target[name], field, value)


@contextmanager
def _written() -> Iterator[None]:
    """Let a text that is not Unicode be an error of the table."""
    try:
        yield
    except UnicodeError:
        raise UnserializablePrediction(
            "A name or a text of the answer has half of a surrogate pair, which is not valid "
            "Unicode (RST-048)."
        ) from None


def write_metadata(found: Mapping[str, Any]) -> Any:
    """Return the message ``ModelMetadataResponse`` of a model's metadata (GRP-008).

    The message has no place for the parameters of a model and its tensors: they are its properties,
    those of tensors under ``inputs.NAME.KEY`` and ``outputs.NAME.KEY``.

    Raises:
        UnserializablePrediction: a name is not Unicode.

    """
    made = message("ModelMetadataResponse")()
    with _written():
        for key in ("name", "platform"):
            setattr(made, key, found[key])
        made.versions.extend(found["versions"])
        for key, value in found.get("parameters", {}).items():
            made.properties[key] = _property(value)
        for side in ("inputs", "outputs"):
            for one in found[side]:
                getattr(made, side).add(
                    name=one["name"], datatype=one["datatype"], shape=one["shape"]
                )
                for key, value in one.get("parameters", {}).items():
                    made.properties[f"{side}.{one['name']}.{key}"] = _property(value)
    return made


def _property(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()
