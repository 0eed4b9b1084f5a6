"""Adapter for the operation ``enforce``."""

from __future__ import annotations

from typing import Any

from conformance.harnesses.python import data
from mlmodel.models import ModelSignature

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Hold DATA against a signature; return what the model gets."""
    record = case_input.get("delivery")
    described = data.model(case_input["signature"], metadata={"mlmodel": record})
    signature = described.signature or ModelSignature()
    return {"data": data.encode(signature.enforce(data.decode(case_input["data"])))}
