"""Adapter for the operation ``enforce``."""

from __future__ import annotations

from typing import Any

from conformance.harnesses.python import data
from mlmodel.errors import MlmodelError
from mlmodel.signature.model_signature import ModelSignature

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Hold DATA against a signature; return what the model gets."""
    try:
        signature = data.signature(case_input["signature"]) or ModelSignature()
        delivered = signature.enforce(data.decode(case_input["data"]))
    except MlmodelError as error:
        return {"error": error.code, "details": [detail.as_dict() for detail in error.details]}
    return {"data": data.encode(delivered)}
