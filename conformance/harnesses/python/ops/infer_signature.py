"""Adapter for the operation ``infer-signature``."""

from __future__ import annotations

import json
import warnings
from typing import Any

from conformance.harnesses.python import data
from mlmodel.errors import MlmodelError
from mlmodel.signature.infer.from_data import infer_signature

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Infer a signature from DATA; return the lists of the file."""
    outputs = case_input.get("outputs")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            signature = infer_signature(
                data.decode(case_input["data"]), None if outputs is None else data.decode(outputs)
            )
    except MlmodelError as error:
        return {"error": error.code, "details": [detail.as_dict() for detail in error.details]}
    written = signature.to_dict()
    return {
        part: json.loads(written[part] or "null")
        for part in ("inputs", "outputs")
        if written[part] is not None
    }
