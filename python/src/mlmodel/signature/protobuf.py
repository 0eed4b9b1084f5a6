"""Signatures as protocol buffers (``proto/mlmodel/v1/signature.proto``), both ways.

Nothing is lost: a signature that goes there and back is equal, keys inside nested types that
this version does not know included. Needs protobuf (the extra ``grpc``), and no numpy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel._extras import require
from mlmodel._proto import message
from mlmodel.errors import InvalidArgument
from mlmodel.signature.types import (
    ColSpec,
    DataType,
    ModelSignature,
    NestedType,
    ParamSpec,
    Schema,
    TensorSpec,
    json_default,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_bytes", "from_proto", "to_bytes", "to_proto"]

#: Types of the format -> numbers of the enum ``Scalar``.
_SCALARS = {
    data_type.value: number
    for number, data_type in enumerate(
        (
            *(DataType.boolean, DataType.integer, DataType.long, DataType.float),
            *(DataType.double, DataType.string, DataType.binary, DataType.datetime),
        ),
        start=1,
    )
}
_NAMES = {number: name for name, number in _SCALARS.items()}

#: The key under which each nested type says what it holds.
_CONTENT = {"array": "items", "object": "properties", "map": "values", "any": ""}


def to_bytes(signature: ModelSignature) -> bytes:
    """Return the encoded message ``mlmodel.v1.Signature``; equal signatures, equal bytes."""
    encoded: bytes = to_proto(signature).SerializeToString(deterministic=True)
    return encoded


def from_bytes(encoded: bytes) -> ModelSignature:
    """Return the signature of an encoded message.

    Raises:
        InvalidArgument: the bytes are no such message.

    """
    errors = require("google.protobuf.message", "grpc")
    try:
        return from_proto(message("Signature").FromString(encoded))
    except errors.DecodeError as error:
        raise InvalidArgument("The bytes are no message mlmodel.v1.Signature.") from error


def to_proto(signature: ModelSignature) -> Any:
    """Return the message ``mlmodel.v1.Signature`` of a signature.

    Raises:
        MissingDependency: protobuf is not installed.

    """
    result = message("Signature")()
    for field, schema in (("inputs", signature.inputs), ("outputs", signature.outputs)):
        if schema is not None:
            _fill_schema(getattr(result, field), schema)
    if signature.params is not None:
        result.params.SetInParent()
        for spec in signature.params:
            _fill_param(result.params.params.add(), spec)
    return result


def from_proto(signature: Any) -> ModelSignature:
    """Return the signature of a message ``mlmodel.v1.Signature``.

    Raises:
        InvalidArgument: the message breaks a rule of signatures, which is named.

    """
    return ModelSignature(
        _schema(signature.inputs) if signature.HasField("inputs") else None,
        _schema(signature.outputs) if signature.HasField("outputs") else None,
        tuple(_param(one) for one in signature.params.params)
        if signature.HasField("params")
        else None,
    )


def _fill_schema(target: Any, schema: Schema) -> None:
    for spec in schema:
        if isinstance(spec, TensorSpec):
            held = target.tensors.tensors.add(dtype=spec.dtype, shape=spec.shape)
        else:
            held = target.columns.columns.add(required=spec.required)
            _fill_type(held.type, _document(spec.type))
        # MLflow writes the columns of a frame without names with numbers for names.
        if spec.name is not None:
            setattr(held, "name" if isinstance(spec.name, str) else "number", spec.name)


def _schema(schema: Any) -> Schema:
    if schema.WhichOneof("kind") == "tensors":
        return Schema(
            [TensorSpec(one.dtype, tuple(one.shape), _name(one)) for one in schema.tensors.tensors]
        )
    return Schema(
        [ColSpec(_type(one.type), _name(one), one.required) for one in schema.columns.columns]
    )


def _name(spec: Any) -> Any:
    identity = spec.WhichOneof("identity")
    return None if identity is None else getattr(spec, identity)


def _fill_param(target: Any, spec: ParamSpec) -> None:
    target.name = spec.name
    target.default_json = json.dumps(json_default(spec.default))
    _fill_type(target.type, _document(spec.dtype))
    if spec.shape is not None:
        target.shape.SetInParent()
        target.shape.axes.extend(spec.shape)


def _param(param: Any) -> ParamSpec:
    return ParamSpec(
        param.name,
        _type(param.type),
        json.loads(param.default_json),
        tuple(param.shape.axes) if param.HasField("shape") else None,
    )


def _document(kind: DataType | NestedType) -> Mapping[str, Any]:
    return kind.document if isinstance(kind, NestedType) else {"type": kind.value}


def _type(kind: Any) -> DataType | NestedType:
    document = _type_document(kind)
    scalar = document.keys() == {"type"} and document["type"] in _SCALARS
    return DataType(document["type"]) if scalar else NestedType(document)


def _fill_type(target: Any, document: Mapping[str, Any]) -> None:
    kind = document["type"]
    done = {"type"}
    if kind in _SCALARS:
        target.scalar = _SCALARS[kind]
    elif kind in _CONTENT:
        getattr(target, kind).SetInParent()
        done |= _fill_content(target, kind, document)
    else:
        target.named = kind
    if isinstance(document.get("required"), bool):
        target.required = document["required"]
        done.add("required")
    for key, value in document.items():
        if key not in done:
            target.other[key] = json.dumps(value)


def _fill_content(target: Any, kind: str, document: Mapping[str, Any]) -> set[str]:
    """Fill in what a nested type holds; return the key that said it, if it was well-formed."""
    key = _CONTENT[kind]
    content = document.get(key)
    if not isinstance(content, dict):
        return set()
    if kind == "object":
        if not all(_is_type(held) for held in content.values()):
            return set()
        for name, held in content.items():
            _fill_type(target.object.properties.add(name=name).type, held)
    elif not _is_type(content):
        return set()
    else:
        _fill_type(getattr(target, kind), content)
    return {key}


def _is_type(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("type"), str)


def _type_document(kind: Any) -> dict[str, Any]:
    which = kind.WhichOneof("kind")
    if which is None or (which == "scalar" and kind.scalar not in _NAMES):
        raise InvalidArgument("A type of the message is not set, or not known here (SIG-003).")
    if which in {"scalar", "named"}:
        document = {"type": _NAMES[kind.scalar] if which == "scalar" else kind.named}
    else:
        document = {"type": which}
    other = {key: json.loads(value) for key, value in sorted(kind.other.items())}
    content = _CONTENT.get(which, "")
    if which == "object" and content not in other:
        document[content] = {
            held.name: _type_document(held.type) for held in kind.object.properties
        }
    elif which in {"array", "map"} and content not in other:
        document[content] = _type_document(getattr(kind, which))
    if kind.HasField("required"):
        document["required"] = kind.required
    return document | other
