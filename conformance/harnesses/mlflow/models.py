"""The models of the cases, loaded by MLflow from the folders that any server gets."""

from __future__ import annotations

import json
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow.pyfunc

from conformance.runner.served import Served

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

__all__ = ["model_of"]

_WORK = tempfile.TemporaryDirectory(prefix="conformance-models-")


def model_of(signature: dict[str, Any] | None, model: str) -> PyFuncModel:
    """Return a model with a signature of these lists.

    Raises:
        Exception: MLflow does not load it.

    """
    return _loaded(Served(json.dumps(signature), model))


@lru_cache(maxsize=512)
def _loaded(served: Served) -> PyFuncModel:
    return mlflow.pyfunc.load_model(str(served.write(Path(_WORK.name))))
