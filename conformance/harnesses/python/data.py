"""What the adapters share: DATA, signatures, descriptions of models."""

from __future__ import annotations

import json
from typing import Any

from conformance.harnesses.data import decode, encode
from mlmodel.models import Model, ModelSignature

__all__ = ["decode", "encode", "lists", "model", "signature"]


def signature(lists: dict[str, Any] | None) -> ModelSignature | None:
    """Return the signature whose lists these are."""
    return None if lists is None else ModelSignature.from_dict(_texts(lists))


def model(lists: dict[str, Any] | None, **others: Any) -> Model:
    """Return the description of a model with a signature of these lists, and other keys."""
    return Model.from_dict({**others, **({} if lists is None else {"signature": _texts(lists)})})


def lists(signature: ModelSignature) -> dict[str, Any]:
    """Return the lists of a signature, without the parts that it has not."""
    texts = signature.to_dict()
    return {part: json.loads(text) for part, text in texts.items() if text is not None}


def _texts(lists: dict[str, Any]) -> dict[str, str]:
    """Return the mapping of an MLmodel file (SIG-001)."""
    return {part: json.dumps(specs) for part, specs in lists.items()}
