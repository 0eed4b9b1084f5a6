"""Adapter for the operation ``to-protobuf``."""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import json_format

from conformance.harnesses.python import data
from mlmodel import document
from mlmodel.document import protobuf as documents
from mlmodel.errors import MlmodelError
from mlmodel.models import ModelSignature
from mlmodel.signature import protobuf as signatures

__all__ = ["refusal", "run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return the message of an MLmodel file or a signature, in the JSON of protocol buffers."""
    try:
        if "mlmodel" in case_input:
            made = documents.to_proto(document.parse(case_input["mlmodel"]).data)
        else:
            signature = data.signature(case_input["signature"]) or ModelSignature()
            made = signatures.to_proto(signature)
    except MlmodelError as error:
        return refusal(error)
    return {"message": made.DESCRIPTOR.name, "json": json_format.MessageToDict(made)}


def refusal(error: MlmodelError) -> dict[str, Any]:
    """Return an error with the rule that its message names."""
    found = re.findall(r"\b[A-Z]{3}-[0-9]{3}\b", error.message)
    return {"error": error.code, "rule": found[-1] if found else None}
