"""Adapter for the operation ``from-protobuf``."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from google.protobuf import json_format, message_factory

from conformance.harnesses.python import data
from conformance.harnesses.python.ops.to_protobuf import refusal
from mlmodel.document import protobuf as documents
from mlmodel.errors import MlmodelError
from mlmodel.models import ModelSignature
from mlmodel.scoring.protobuf import read_request
from mlmodel.signature import protobuf as signatures

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return what a message says, given in JSON or as bytes."""
    name = case_input["message"]
    if "json" in case_input:
        encoded = json_format.ParseDict(case_input["json"], _class(name)()).SerializeToString()
    else:
        encoded = base64.b64decode(case_input["base64"])
    try:
        return _READERS[name](encoded)
    except MlmodelError as error:
        return refusal(error)


@cache
def _class(name: str) -> Any:
    """Return the class of a message: all of ``mlmodel.v1`` are where a signature's is."""
    pool = signatures.to_proto(ModelSignature()).DESCRIPTOR.file.pool
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"mlmodel.v1.{name}"))


def _model(encoded: bytes) -> dict[str, Any]:
    return {"document": documents.from_bytes(encoded)}


def _signature(encoded: bytes) -> dict[str, Any]:
    return {"signature": data.lists(signatures.from_bytes(encoded))}


def _request(encoded: bytes) -> dict[str, Any]:
    read, params = read_request(encoded)
    # Without a signature the data themselves are what a model gets (ENF-090).
    return {"data": data.encode(ModelSignature().enforce(read)), "params": params}


_READERS = {"Model": _model, "Signature": _signature, "ScoreRequest": _request}
