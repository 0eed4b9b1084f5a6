"""Import of optional packages: a missing one names the extra that brings it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from mlmodel.errors import MissingDependency

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["require"]


def require(module: str, extra: str) -> ModuleType:
    """Import and return ``module``.

    Raises:
        MissingDependency: it is not installed; the message says ``pip install mlmodel[extra]``.

    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A module that is there but lacks one of its own imports is named by what it lacks.
        raise MissingDependency(
            f"The package {error.name or module!r} is not installed; "
            f"it comes with: pip install 'mlmodel[{extra}]'"
        ) from error
