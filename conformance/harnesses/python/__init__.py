"""The harness of the reference implementation."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["run"]


def run(operation: str, case_input: dict[str, Any]) -> dict[str, Any]:
    """Run one case through the adapter of its operation, ``ops/<operation>.py``."""
    adapter = importlib.import_module(f"{__name__}.ops.{operation.replace('-', '_')}")
    result: dict[str, Any] = adapter.run(case_input)
    return result
