"""Adapter for the operation ``infer-signature``."""

from __future__ import annotations

import warnings
from typing import Any

from conformance.harnesses.python import data
from mlmodel.models import infer_signature

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Infer a signature from DATA; return the lists of the file."""
    outputs = case_input.get("outputs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = infer_signature(
            data.decode(case_input["data"]), None if outputs is None else data.decode(outputs)
        )
    delivery = {} if signature.delivery is None else signature.delivery.to_dict()
    return {**data.lists(signature), "delivery": delivery}
