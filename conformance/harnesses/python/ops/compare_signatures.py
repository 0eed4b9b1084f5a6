"""Adapter for the operation ``compare-signatures``."""

from __future__ import annotations

import json
from typing import Any

from mlmodel.errors import MlmodelError
from mlmodel.signature.compare.diff import compare_signatures
from mlmodel.signature.model_signature import ModelSignature

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Compare two signatures; return whom the changes break, without their messages."""
    try:
        compared = compare_signatures(*(_signature(case_input[key]) for key in ("old", "new")))
    except MlmodelError as error:
        return {"error": error.code, "details": [detail.as_dict() for detail in error.details]}
    changes = [
        {key: held for key, held in change.as_dict().items() if key != "message"}
        for change in compared.changes
    ]
    return {"compatible": compared.compatible, "changes": changes}


def _signature(lists: dict[str, Any] | None) -> ModelSignature | None:
    if lists is None:
        return None
    return ModelSignature.from_dict({key: json.dumps(lists[key]) for key in lists})
