"""The MLmodel file as protocol buffers (``proto/mlmodel/v1/model.proto``), both ways (PRO-020 ff).

Every key survives, known here or not; the texts of the signature come back as this
implementation writes them. Needs protobuf (the extra ``grpc``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._proto import BadMessage, message, parse, refused_as
from mlmodel._proto.values import fill, fill_rest, read, read_rest, set_text
from mlmodel.errors import InvalidArgument
from mlmodel.signature import protobuf as signatures

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_bytes", "from_proto", "to_bytes", "to_proto"]

#: Fields that are not simply the key of their name.
_OWN = frozenset({"flavors", "signature", "other"})
_LONG = range(-(2**63), 2**63)


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the encoded message ``mlmodel.v1.Model``; equal documents, equal bytes.

    Args:
        document: the mapping of an MLmodel file, as ``document.read(folder).data`` or
            ``Model.load(folder).to_dict()`` has it, valid or not.

    Raises:
        MissingDependency: protobuf is not installed (extra ``grpc``).
        InvalidArgument: a value that no YAML file holds, or nested too deep (PRO-003, PRO-010).

    """
    encoded: bytes = to_proto(document).SerializeToString(deterministic=True)
    return encoded


def from_bytes(encoded: bytes) -> dict[str, Any]:
    """Return the mapping of the MLmodel file of an encoded message.

    Raises:
        MissingDependency: protobuf is not installed (extra ``grpc``).
        InvalidArgument: the bytes are not such a message, or it breaks a rule (PRO-002, PRO-005).

    """
    with refused_as(InvalidArgument):
        return _document(parse("Model", encoded))


def to_proto(document: Mapping[Any, Any]) -> Any:
    """Return the message ``mlmodel.v1.Model`` of the mapping of an MLmodel file, valid or not.

    Raises:
        MissingDependency: protobuf is not installed.
        InvalidArgument: a value that no YAML file holds, or nested too deep.

    """
    result = message("Model")()
    rest = dict(document)
    flavors = rest.get("flavors")
    if isinstance(flavors, dict) and flavors and all(type(name) is str for name in flavors):
        del rest["flavors"]
        for name, attributes in flavors.items():
            flavor = result.flavors.add()
            set_text(flavor, "name", name)
            fill(flavor.attributes, attributes)
    if signatures.fill_from_texts(result.signature, rest.get("signature")):
        del rest["signature"]
    else:
        result.ClearField("signature")
    _fill_fields(result, rest)
    return result


def from_proto(model: Any) -> dict[str, Any]:
    """Return the mapping of the MLmodel file of a message ``mlmodel.v1.Model``.

    Raises:
        InvalidArgument: the message breaks a rule.

    """
    with refused_as(InvalidArgument):
        return _document(model)


def _document(model: Any) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if model.flavors:
        document["flavors"] = {one.name: _attributes(one) for one in model.flavors}
        if len(document["flavors"]) != len(model.flavors):
            raise BadMessage("A flavor appears twice in the message (PRO-020).")
    if model.HasField("signature"):
        document["signature"] = signatures.to_texts(model.signature)
    return _mapping(model, document)


def _attributes(flavor: Any) -> Any:
    return read(flavor.attributes) if flavor.HasField("attributes") else None


def _fill_fields(target: Any, mapping: Mapping[Any, Any]) -> None:
    fields = target.DESCRIPTOR.fields_by_name
    rest = {}
    for key, value in mapping.items():
        field = None if key in _OWN or not isinstance(key, str) else fields.get(key)
        if field is None or not _fill_field(target, field, value):
            rest[key] = value
    fill_rest(target, "other", rest)


def _fill_field(target: Any, field: Any, value: Any) -> bool:
    """Write a value into the field of its key, if that can hold it."""
    if field.message_type is not None:
        if value is None:
            return False
        held = getattr(target, field.name)
        if field.message_type.name == "Value":
            fill(held, value)
        elif isinstance(value, dict):
            held.SetInParent()
            _fill_fields(held, value)
        else:
            return False
        return True
    kind = {field.CPPTYPE_STRING: str, field.CPPTYPE_BOOL: bool}.get(field.cpp_type, int)
    if type(value) is not kind or (kind is int and value not in _LONG):
        return False
    set_text(target, field.name, value)
    return True


def _mapping(held: Any, found: dict[str, Any]) -> dict[str, Any]:
    for field, value in held.ListFields():
        if field.name in _OWN:
            continue
        if field.message_type is None:
            found[field.name] = value
        elif field.message_type.name == "Value":
            found[field.name] = read(value)
        else:
            found[field.name] = _mapping(value, {})
    return found | read_rest(held, "other", found)
