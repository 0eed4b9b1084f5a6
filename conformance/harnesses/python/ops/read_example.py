"""Adapter for the operation ``read-example``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from conformance.harnesses.python import data
from mlmodel.errors import MlmodelError
from mlmodel.scoring.examples import FILE_NAME
from mlmodel.scoring.examples.reading import read_example, read_params

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Read an example; return its data as the model gets them, and its parameters."""
    info = {"artifact_path": FILE_NAME, **case_input["info"]}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / FILE_NAME).write_text(case_input["text"], encoding="utf-8")
        try:
            read = read_example(root, info, data.signature(case_input["signature"]))
            params = read_params(root, info)
        except MlmodelError as error:
            return {"error": error.code, "details": [detail.as_dict() for detail in error.details]}
    dense = read.toarray() if hasattr(read, "toarray") else read
    return {"data": data.encode(dense), "params": params}
