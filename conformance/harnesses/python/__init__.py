"""The harness of the reference implementation; it uses public names of it alone."""

from __future__ import annotations

import importlib
from typing import Any

from mlmodel.errors import MlmodelError

__all__ = ["run"]


def run(operation: str, case_input: dict[str, Any]) -> dict[str, Any]:
    """Run one case through the adapter of its operation, ``ops/<operation>.py``.

    An error of the implementation's table is a result, unless the adapter says more of it.
    """
    adapter = importlib.import_module(f"{__name__}.ops.{operation.replace('-', '_')}")
    try:
        result: dict[str, Any] = adapter.run(case_input)
    except MlmodelError as error:
        return {"error": error.code, "details": [detail.as_dict() for detail in error.details]}
    return result
