"""MXNet 1.9 imported on a numpy that has dropped names which it looks up while it is imported.

It is the last release, of 2022. What it needs of the old names to export, load and predict is
nothing but that they are there; so they are, for its own modules alone and while they are imported.
"""

from __future__ import annotations

import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["imported"]

_LOCK = threading.Lock()
#: The values of names that are more than looked up.
_VALUES = {
    "bool": bool, "int": int, "float": float, "object": object, "complex": complex, "str": str,
    "PZERO": 0.0, "NZERO": -0.0, "PINF": np.inf, "NINF": -np.inf, "Inf": np.inf, "infty": np.inf,
    "Infinity": np.inf, "NaN": np.nan, "NAN": np.nan,
}  # fmt: skip


def imported(require: Callable[[], ModuleType]) -> ModuleType:
    """Return MXNet, which ``require`` imports.

    Raises:
        MissingDependency: it is not installed.

    """
    if "mxnet" in sys.modules:
        return require()
    with _LOCK:
        space = vars(np)
        before = space["__getattr__"]

        def get(name: str) -> Any:
            who = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001 - only MXNet is to see them
            if who.partition(".")[0] != "mxnet" or name.startswith("__"):
                return before(name)
            return _VALUES[name] if name in _VALUES else _gone(name)

        space["__getattr__"] = get
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of syntax that Python warns of today
                return require()
        finally:
            space["__getattr__"] = before


def _gone(name: str) -> Any:
    def function(*_: Any, **__: Any) -> Any:
        raise AttributeError(f"numpy {np.__version__} has no {name}, which MXNet calls here")

    function.__name__ = function.__qualname__ = name
    return function
