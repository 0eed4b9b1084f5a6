"""Public names where MLflow's users look for them (``mlflow.models.signature``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.signature.infer.hints import infer_signature_from_type_hints
from mlmodel.signature.model_signature import ModelSignature

if TYPE_CHECKING:
    from mlmodel.signature.infer.from_data import infer_signature

__all__ = ["ModelSignature", "infer_signature", "infer_signature_from_type_hints"]


def __getattr__(name: str) -> Any:
    # Inference needs numpy and pandas, the rest does not.
    if name == "infer_signature":
        from mlmodel.signature.infer.from_data import infer_signature

        return infer_signature
    raise AttributeError(f"module 'mlmodel.models.signature' has no attribute {name!r}")
