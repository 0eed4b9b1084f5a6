"""Adapter for the operation ``write-example``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from conformance.harnesses.python import data
from mlmodel.errors import MlmodelError
from mlmodel.scoring.examples import FILE_NAME, SERVING_FILE_NAME
from mlmodel.scoring.examples.writing import write_example

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Write an example; return the two files and what the MLmodel file says of them."""
    example = data.decode(case_input["data"])
    if "params" in case_input:
        example = (example, case_input["params"])
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        try:
            info = write_example(example, root, data.signature(case_input["signature"]))
        except MlmodelError as error:
            return {"error": error.code, "details": [detail.as_dict() for detail in error.details]}
        return {
            "info": info,
            "document": json.loads((root / FILE_NAME).read_text()),
            "request": _request(root / SERVING_FILE_NAME),
        }


def _request(file: Path) -> Any:
    return json.loads(file.read_text()) if file.exists() else None
