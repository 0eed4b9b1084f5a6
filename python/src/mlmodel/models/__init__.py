"""Public names where MLflow's users look for them (``mlflow.models``); imported when used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.pyfunc.from_code import ModelConfig, set_model
    from mlmodel.pyfunc.requirements import infer_pip_requirements
    from mlmodel.signature.infer.from_data import infer_signature
    from mlmodel.signature.infer.hints import infer_signature_from_type_hints
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.store.description import Model, ModelInfo, get_model_info

__all__ = [
    "Model",
    "ModelConfig",
    "ModelInfo",
    "ModelSignature",
    "get_model_info",
    "infer_pip_requirements",
    "infer_signature",
    "infer_signature_from_type_hints",
    "set_model",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Model": "mlmodel.store.description",
        "ModelConfig": "mlmodel.pyfunc.from_code",
        "ModelInfo": "mlmodel.store.description",
        "ModelSignature": "mlmodel.signature.model_signature",
        "get_model_info": "mlmodel.store.description",
        "infer_pip_requirements": "mlmodel.pyfunc.requirements",
        "infer_signature": "mlmodel.signature.infer.from_data",
        "infer_signature_from_type_hints": "mlmodel.signature.infer.hints",
        "set_model": "mlmodel.pyfunc.from_code",
    },
)
