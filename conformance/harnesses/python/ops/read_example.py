"""Adapter for the operation ``read-example``."""

from __future__ import annotations

from typing import Any

from conformance.harnesses.python import data
from conformance.harnesses.python.folders import own_folder

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Read an example; return its data as the model gets them, and its parameters."""
    info = {"artifact_path": "input_example.json", **case_input["info"]}
    model = data.model(case_input["signature"], saved_input_example_info=info)
    with own_folder() as root:
        (root / info["artifact_path"]).write_text(case_input["text"], encoding="utf-8")
        read, params = model.load_input_example(root), model.load_input_example_params(root)
    dense = read.toarray() if hasattr(read, "toarray") else read
    return {"data": data.encode(dense), "params": params}
