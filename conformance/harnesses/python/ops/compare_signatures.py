"""Adapter for the operation ``compare-signatures``."""

from __future__ import annotations

from typing import Any

from conformance.harnesses.python import data
from mlmodel.signature import compare_signatures

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Compare two signatures; return whom the changes break, without their messages."""
    old, new = (data.signature(case_input[key]) for key in ("old", "new"))
    compared = compare_signatures(old, new)
    changes = [
        {key: held for key, held in change.as_dict().items() if key != "message"}
        for change in compared.changes
    ]
    return {"compatible": compared.compatible, "changes": changes}
