"""Public names where MLflow's users look for them (``mlflow.models``); imported when used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mlmodel._extras import named_extra

if TYPE_CHECKING:
    from mlmodel.model import Model
    from mlmodel.signature.infer import infer_signature
    from mlmodel.signature.types import ModelSignature

__all__ = ["Model", "ModelSignature", "infer_signature"]

#: Public name -> module that defines it.
_NAMES = {
    "Model": "mlmodel.model",
    "ModelSignature": "mlmodel.signature.types",
    "infer_signature": "mlmodel.signature.infer",
}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        with named_extra():
            return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'mlmodel.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_NAMES})
