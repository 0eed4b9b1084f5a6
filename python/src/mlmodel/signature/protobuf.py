"""Signatures as protocol buffers (``proto/mlmodel/v1/signature.proto``), both ways (PRO-030 ff).

Nothing is lost: a signature that goes there and back is equal, keys that this version does not
know included. The messages say what the JSON lists of the MLmodel file say, so those are what is
converted. Needs protobuf (the extra ``grpc``), and no numpy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel._proto import BadMessage, message, parse, refused_as
from mlmodel._proto.values import MOST_LEVELS, fill, fill_rest, read, read_rest, set_text, too_deep
from mlmodel.errors import InvalidArgument
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.params import ParamSchema, json_default
from mlmodel.signature.types.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fill_from_texts", "from_bytes", "from_proto", "to_bytes", "to_proto", "to_texts"]

#: Types of the format -> numbers of the enum ``Scalar``.
_SCALARS = {
    name: number
    for number, name in enumerate(
        ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime"), start=1
    )
}
_NAMES = {number: name for name, number in _SCALARS.items()}

#: The key under which each nested type says what it holds.
_CONTENT = {"array": "items", "object": "properties", "map": "values", "any": ""}
_PARTS = ("inputs", "outputs", "params")
_LONGEST = 2**63


class _NoForm(ValueError):
    """A signature that the messages have no form for; it is kept as it is."""


def to_bytes(signature: ModelSignature) -> bytes:
    """Return the encoded message ``mlmodel.v1.Signature``; equal signatures, equal bytes.

    Raises:
        MissingDependency: protobuf is not installed (extra ``grpc``).
        InvalidArgument: types nested too deep, a default that JSON cannot hold (PRO-003).

    """
    encoded: bytes = to_proto(signature).SerializeToString(deterministic=True)
    return encoded


def from_bytes(encoded: bytes) -> ModelSignature:
    """Return the signature of an encoded message.

    Raises:
        MissingDependency: protobuf is not installed (extra ``grpc``).
        InvalidArgument: the bytes are not such a message, or it breaks a rule (PRO-002, PRO-005).

    """
    with refused_as(InvalidArgument):
        return from_proto(parse("Signature", encoded))


def to_proto(signature: ModelSignature) -> Any:
    """Return the message ``mlmodel.v1.Signature`` of a signature.

    Raises:
        MissingDependency: protobuf is not installed.
        InvalidArgument: types nested too deep, a default that JSON cannot hold.

    """
    result = message("Signature")()
    parts = ((part, getattr(signature, part)) for part in _PARTS)
    try:
        _fill(result, {part: held.to_dict() for part, held in parts if held is not None})
    except _NoForm as error:
        raise InvalidArgument(
            f"The signature cannot be written in the protocol buffers: {error} (PRO-030)"
        ) from None
    return result


def from_proto(signature: Any) -> ModelSignature:
    """Return the signature of a message ``mlmodel.v1.Signature``.

    Raises:
        InvalidArgument: the message breaks a rule of signatures, which is named.

    """
    with refused_as(InvalidArgument):
        inputs, outputs, params = _lists(signature)
    return ModelSignature(
        None if inputs is None else Schema.from_list(inputs),
        None if outputs is None else Schema.from_list(outputs),
        None if params is None else ParamSchema.from_json(_text(params)),
    )


def fill_from_texts(target: Any, texts: Any) -> bool:
    """Write the mapping ``signature`` of an MLmodel file into a message, if it is one (PRO-031).

    Otherwise False is returned, and the message is to be thrown away.

    Raises:
        InvalidArgument: types nested too deep.

    """
    if not isinstance(texts, dict):
        return False
    try:
        _fill(target, {key: _parsed(key, value) for key, value in texts.items()})
    except _NoForm:
        return False
    target.SetInParent()
    return True


def _parsed(key: Any, value: Any) -> Any:
    if key not in _PARTS or value is None:
        return value
    try:
        return json.loads(value, object_pairs_hook=_pairs)
    except (ValueError, TypeError, RecursionError) as error:
        raise _NoForm(str(error)) from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NoForm("a key appears twice")
    return made


def to_texts(signature: Any) -> dict[str, Any]:
    """Return the mapping ``signature`` of the MLmodel file of a message.

    Raises:
        BadMessage: the message breaks a rule.

    """
    lists = zip(_PARTS, _lists(signature), strict=True)
    texts = {part: None if held is None else _text(held) for part, held in lists}
    return texts | read_rest(signature, "other", texts)


def _text(specs: Any) -> str:
    return json.dumps(json_default(specs))


# -- JSON lists -> message --------------------------------------------------------------------


def _fill(target: Any, parts: Mapping[Any, Any]) -> None:
    for part in ("inputs", "outputs"):
        if parts.get(part) is not None:
            _fill_schema(getattr(target, part), _objects(parts[part]))
    if parts.get("params") is not None:
        target.params.SetInParent()
        for spec in _objects(parts["params"]):
            _fill_param(target.params.params.add(), dict(spec))
    fill_rest(target, "other", {k: v for k, v in parts.items() if k not in _PARTS})


def _objects(specs: Any) -> list[dict[str, Any]]:
    if not isinstance(specs, list) or not all(isinstance(spec, dict) for spec in specs):
        raise _NoForm("not a list of objects")
    return specs


def _fill_schema(target: Any, specs: list[dict[str, Any]]) -> None:
    are_tensors = {"tensor-spec" in spec or "dtype" in spec for spec in specs}
    if are_tensors == {True}:
        for spec in specs:
            _fill_tensor(target.tensors.tensors.add(), dict(spec))
    elif True in are_tensors:
        raise _NoForm("columns and tensors in one list")
    else:
        target.columns.SetInParent()
        for spec in specs:
            _fill_column(target.columns.columns.add(), dict(spec))


def _fill_name(target: Any, spec: dict[str, Any]) -> None:
    """Move the name; MLflow writes numbers for the columns of a frame without names."""
    name = spec.get("name")
    if type(name) is str:
        set_text(target, "name", name)
    elif _is_integer(name):
        target.number = name
    elif name is not None:
        return
    spec.pop("name", None)


def _is_integer(value: Any) -> bool:
    return type(value) is int and -_LONGEST <= value < _LONGEST


def _fill_column(target: Any, spec: dict[str, Any]) -> None:
    _fill_name(target, spec)
    if type(spec.get("required")) is bool:
        target.required = spec.pop("required")
    elif "required" not in spec and type(spec.get("optional")) is bool:
        target.required = not spec.pop("optional")  # how MLflow 2.0 to 2.5 wrote the opposite
    _fill_type(target.type, spec)


def _fill_tensor(target: Any, spec: dict[str, Any]) -> None:
    _fill_name(target, spec)
    held = spec.pop("tensor-spec", None)
    if held is None:  # the flat form of MLflow 1
        held = {key: spec.pop(key, None) for key in ("dtype", "shape")}
    elif not isinstance(held, dict) or spec.pop("type", None) != "tensor":
        raise _NoForm("no tensor")
    held = dict(held)
    dtype, shape = held.pop("dtype", None), held.pop("shape", None)
    if type(dtype) is not str or not _is_shape(shape):
        raise _NoForm("no dtype, or no shape")
    set_text(target, "dtype", dtype)
    target.shape.extend(shape)
    fill_rest(target, "other", spec)
    fill_rest(target, "spec_other", held)


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, list) and all(map(_is_integer, shape))


def _fill_param(target: Any, spec: dict[str, Any]) -> None:
    if type(spec.get("name")) is not str:
        raise _NoForm("no name")
    set_text(target, "name", spec.pop("name"))
    if "default" in spec:
        fill(target.default, spec.pop("default"))
    if "type" not in spec and "dtype" in spec:
        spec["type"] = spec.pop("dtype")  # how MLflow 2.6 wrote it
    shape = spec.get("shape")
    if _is_shape(shape):
        target.shape.SetInParent()
        target.shape.axes.extend(shape)
    if shape is None or _is_shape(shape):
        spec.pop("shape", None)
    _fill_type(target.type, spec)


def _fill_type(target: Any, document: dict[str, Any], level: int = 0) -> None:
    """Write the type that an object of the file describes, and the rest of its keys."""
    rest = dict(document)
    kind = rest.pop("type", None)
    if type(kind) is not str:
        raise _NoForm("no type")
    if level >= MOST_LEVELS:
        raise too_deep()
    if kind in _SCALARS:
        target.scalar = _SCALARS[kind]
    elif kind in _CONTENT:
        getattr(target, kind).SetInParent()
        _fill_content(target, kind, rest, level)
    else:
        set_text(target, "named", kind)
    fill_rest(target, "other", rest)


def _fill_content(target: Any, kind: str, rest: dict[str, Any], level: int) -> None:
    """Write what a nested type holds, if it is well-formed; the rest is kept as it is."""
    if kind == "any":
        return
    if _CONTENT[kind] not in rest:
        raise _NoForm("a nested type that does not say what it holds")
    content = rest[_CONTENT[kind]]
    if kind == "object" and isinstance(content, dict) and all(map(_is_type, content.values())):
        for name, held in content.items():
            _fill_property(target.object.properties.add(), name, dict(held), level + 2)
    elif kind in ("array", "map") and _is_type(content):
        _fill_type(getattr(target, kind), content, level + 1)
    else:
        return
    del rest[_CONTENT[kind]]


def _fill_property(target: Any, name: str, document: dict[str, Any], level: int) -> None:
    set_text(target, "name", name)
    if type(document.get("required")) is bool:
        target.required = document.pop("required")
    _fill_type(target, document, level)


def _is_type(document: Any) -> bool:
    return isinstance(document, dict) and type(document.get("type")) is str


# -- message -> JSON lists --------------------------------------------------------------------


def _lists(signature: Any) -> list[list[dict[str, Any]] | None]:
    return [
        _schema(signature.inputs) if signature.HasField("inputs") else None,
        _schema(signature.outputs) if signature.HasField("outputs") else None,
        [_param(one) for one in signature.params.params] if signature.HasField("params") else None,
    ]


def _schema(schema: Any) -> list[dict[str, Any]]:
    if schema.WhichOneof("kind") == "tensors":
        return [_tensor(one) for one in schema.tensors.tensors]
    return [_column(one) for one in schema.columns.columns]


def _name(spec: Any) -> dict[str, Any]:
    identity = spec.WhichOneof("identity")
    return {} if identity is None else {"name": getattr(spec, identity)}


def _column(column: Any) -> dict[str, Any]:
    required = {"required": column.required} if column.HasField("required") else {}
    return _type_document(column.type, {**_name(column), **required})


def _tensor(tensor: Any) -> dict[str, Any]:
    held = {"dtype": tensor.dtype, "shape": list(tensor.shape)}
    held |= read_rest(tensor, "spec_other", held)
    spec = {**_name(tensor), "type": "tensor", "tensor-spec": held}
    return spec | read_rest(tensor, "other", spec)


def _param(param: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": param.name}
    if param.HasField("default"):
        spec["default"] = read(param.default)
    spec["shape"] = list(param.shape.axes) if param.HasField("shape") else None
    return spec | _type_document(param.type, spec)


def _type_document(kind: Any, beside: dict[str, Any], level: int = 0) -> dict[str, Any]:
    """Return the object of the file that describes a type, with the keys beside it."""
    which = kind.WhichOneof("kind")
    if which is None or (which == "scalar" and kind.scalar not in _NAMES):
        raise BadMessage("A type of the message is not set, or not known here (SIG-003).")
    if level >= MOST_LEVELS:
        raise BadMessage(str(too_deep()))
    names = {"scalar": _NAMES.get(kind.scalar), "named": kind.named}
    document = {"type": names.get(which, which)}
    other = read_rest(kind, "other", {**document, **beside})
    key = _CONTENT.get(which)
    if key and key not in other:
        document[key] = _content(kind, which, level)
    return document | beside | other


def _content(kind: Any, which: str, level: int) -> dict[str, Any]:
    if which != "object":
        return _type_document(getattr(kind, which), {}, level + 1)
    properties = {one.name: _property(one, level + 2) for one in kind.object.properties}
    if len(properties) != len(kind.object.properties):
        raise BadMessage("A property appears twice in an object (PRO-030).")
    return properties


def _property(held: Any, level: int) -> dict[str, Any]:
    required = {"required": held.required} if held.HasField("required") else {}
    return _type_document(held, required, level)
