"""The MLmodel file as protocol buffers (``proto/mlmodel/v1/model.proto``), both ways.

Every key survives, known here or not; the texts of the signature come back as this
implementation writes them. Needs protobuf (the extra ``grpc``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel._proto import message
from mlmodel.signature import protobuf as signatures
from mlmodel.signature.types import ModelSignature

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_proto", "to_proto"]


def to_proto(document: Mapping[str, Any]) -> Any:
    """Return the message ``mlmodel.v1.Model`` of the mapping of a valid MLmodel file.

    Raises:
        MissingDependency: protobuf is not installed.

    """
    result = message("Model")()
    for name, attributes in document["flavors"].items():
        _fill(result.flavors.add(name=name).entries, attributes or {})
    signature = document.get("signature")
    if signature is not None:
        result.signature.CopyFrom(signatures.to_proto(ModelSignature.from_dict(signature)))
    _fill(result.entries, {k: v for k, v in document.items() if k not in _FIELDS})
    return result


def from_proto(model: Any) -> dict[str, Any]:
    """Return the mapping of the MLmodel file of a message ``mlmodel.v1.Model``."""
    document: dict[str, Any] = {
        "flavors": {flavor.name: _mapping(flavor.entries) for flavor in model.flavors}
    }
    if model.HasField("signature"):
        document["signature"] = signatures.from_proto(model.signature).to_dict()
    return {**_mapping(model.entries), **document}


#: Keys that the message has fields for.
_FIELDS = frozenset({"flavors", "signature"})


def _fill(entries: Any, mapping: Mapping[str, Any]) -> None:
    for key, value in mapping.items():
        entries.add(key=key, value_json=json.dumps(value))


def _mapping(entries: Any) -> dict[str, Any]:
    return {entry.key: json.loads(entry.value_json) for entry in entries}
