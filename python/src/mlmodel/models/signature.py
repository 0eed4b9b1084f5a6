"""Public names where MLflow's users look for them (``mlflow.models.signature``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily
from mlmodel.signature.infer.hints import infer_signature_from_type_hints
from mlmodel.signature.model_signature import ModelSignature

if TYPE_CHECKING:
    from mlmodel.signature.infer.from_data import infer_signature
    from mlmodel.store.new_signature import set_signature

__all__ = [
    "ModelSignature",
    "infer_signature",
    "infer_signature_from_type_hints",
    "set_signature",
]

# Inference needs numpy and pandas, the rest does not.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "infer_signature": "mlmodel.signature.infer.from_data",
        "set_signature": "mlmodel.store.new_signature",
    },
)
