"""The models of the conformance vectors, as code that goes with a model folder.

The runner puts this file into the folders that a server is to serve, as ``conformance_model``.
``model.json`` says which model it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["NAMES", "Answers"]

NAMES = ("echo", "params", "first-column")


class Answers:
    """The model with one of :data:`NAMES`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Answer as conformance/README.md says of the model with this name."""
        if self._name == "params":
            return params
        return model_input if self._name == "echo" else _first_column(model_input)


def _first_column(data: Any) -> Any:
    import numpy as np

    if hasattr(data, "iloc"):
        return data.iloc[:, 0].to_numpy()
    first = next(iter(data.values())) if isinstance(data, dict) else data
    return np.asarray(first)[:, 0] if np.ndim(first) > 1 else first


def _load_pyfunc(path: str) -> Answers:
    return Answers(json.loads(Path(path).read_text(encoding="utf-8"))["model"])
