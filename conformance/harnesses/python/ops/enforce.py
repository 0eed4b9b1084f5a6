"""Adapter for the operation ``enforce``."""

from __future__ import annotations

import json
from typing import Any

from conformance.harnesses.python import data
from mlmodel.errors import MlmodelError
from mlmodel.signature.types import ModelSignature

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Hold DATA against a signature; return what the model gets."""
    lists = case_input["signature"] or {}
    try:
        signature = ModelSignature.from_dict({key: json.dumps(lists[key]) for key in lists})
        delivered = signature.enforce(data.decode(case_input["data"]))
    except MlmodelError as error:
        return {"error": error.code, "details": [detail.as_dict() for detail in error.details]}
    return {"data": data.encode(delivered)}
