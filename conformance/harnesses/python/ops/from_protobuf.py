"""Adapter for the operation ``from-protobuf``."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf import json_format

from conformance.harnesses.python import data
from conformance.harnesses.python.ops.to_protobuf import refusal
from mlmodel._proto import message
from mlmodel.document import protobuf as documents
from mlmodel.errors import MlmodelError
from mlmodel.scoring.protobuf import read_request
from mlmodel.signature import protobuf as signatures
from mlmodel.signature.data.columns import Columns
from mlmodel.signature.data.frames import to_frame

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return what a message says, given in JSON or as bytes."""
    name = case_input["message"]
    if "json" in case_input:
        encoded = json_format.ParseDict(case_input["json"], message(name)()).SerializeToString()
    else:
        encoded = base64.b64decode(case_input["base64"])
    try:
        return _READERS[name](encoded)
    except MlmodelError as error:
        return refusal(error)


def _model(encoded: bytes) -> dict[str, Any]:
    return {"document": documents.from_bytes(encoded)}


def _signature(encoded: bytes) -> dict[str, Any]:
    texts = signatures.from_bytes(encoded).to_dict()
    return {"signature": {part: json.loads(text) for part, text in texts.items() if text}}


def _request(encoded: bytes) -> dict[str, Any]:
    read, params = read_request(encoded)
    if isinstance(read, Columns):
        return {"data": data.encode(to_frame(read)), "params": params}
    return {"data": data.encode(read.arrays.get(None, read.arrays)), "params": params}


_READERS = {"Model": _model, "Signature": _signature, "ScoreRequest": _request}
