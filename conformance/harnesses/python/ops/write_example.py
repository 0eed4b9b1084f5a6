"""Adapter for the operation ``write-example``."""

from __future__ import annotations

import json
from typing import Any

from conformance.harnesses.python import data
from conformance.harnesses.python.folders import own_folder
from mlmodel.models import Model
from mlmodel.pyfunc import save_model

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Save a model with an example; return its two files and what the MLmodel file says of them."""
    example = data.decode(case_input["data"])
    if "params" in case_input:
        example = (example, case_input["params"])
    with own_folder() as root:
        folder = root / "model"
        save_model(
            folder,
            loader_module="never_loaded",
            signature=data.signature(case_input["signature"]),
            input_example=example,
            pip_requirements=["numpy"],
        )
        info = Model.load(folder).saved_input_example_info
        document, request = (
            json.loads((folder / info[key]).read_text(encoding="utf-8")) if key in info else None
            for key in ("artifact_path", "serving_input_path")
        )
    return {"info": info, "document": document, "request": request}
