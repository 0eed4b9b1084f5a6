"""Public names where MLflow's users look for them (``mlflow.models``); imported when used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import named_extra

if TYPE_CHECKING:
    from mlmodel.environment.inference import infer_pip_requirements
    from mlmodel.pyfunc.from_code import ModelConfig, set_model
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

#: Public name -> module that defines it.
_NAMES = {
    "Model": "mlmodel.store.description",
    "ModelConfig": "mlmodel.pyfunc.from_code",
    "ModelInfo": "mlmodel.store.description",
    "ModelSignature": "mlmodel.signature.model_signature",
    "get_model_info": "mlmodel.store.description",
    "infer_pip_requirements": "mlmodel.environment.inference",
    "infer_signature": "mlmodel.signature.infer.from_data",
    "infer_signature_from_type_hints": "mlmodel.signature.infer.hints",
    "set_model": "mlmodel.pyfunc.from_code",
}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        with named_extra():
            return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'mlmodel.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
