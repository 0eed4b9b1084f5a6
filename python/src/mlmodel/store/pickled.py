"""What a trusted pickle of a model finds: its own modules, and functions that import as they do.

cloudpickle writes functions and classes by value, and gives them Python's own builtins when it
rebuilds them. Here they get those of the model's code (:mod:`mlmodel.store.code`), so that what
they import later is the model's, and MLflow's names are there (PYF-011, PYF-013).
"""

from __future__ import annotations

import importlib
from types import FunctionType
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles.own import OwnCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from mlmodel.store.code import ModelCode

__all__ = ["own_code"]

#: cloudpickle's modules: the second is that of versions 1.3 to 2.
_CLOUDPICKLE = ("cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast")


def own_code(code: ModelCode) -> OwnCode:
    """Return what the pickles of a model with this code find; only for trusted ones."""
    return OwnCode(_Names(code), code.builtins)


class _Names(dict[tuple[str, str], object]):
    def __init__(self, code: ModelCode) -> None:
        replaced: dict[str, Callable[..., Any]] = {
            "subimport": code.import_module,
            "_make_function": _maker(code.builtins),
            "_function_setstate": _setter(code.builtins),
        }
        if code.path is not None:
            replaced["_make_skeleton_class"] = _apart("_make_skeleton_class", 4, code.path)
            replaced["_make_skeleton_enum"] = _apart("_make_skeleton_enum", 5, code.path)
        super().__init__(
            {(module, name): made for module in _CLOUDPICKLE for name, made in replaced.items()}
        )
        self["importlib", "import_module"] = code.import_by_name
        self._code = code

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (isinstance(key, tuple) and self._code.has(str(key[0])))

    def __missing__(self, key: tuple[str, str]) -> object:
        module, name = key
        if not self._code.has(module):
            raise KeyError(key)
        found: Any = self._code.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found


def _maker(builtins: dict[str, Any]) -> Callable[..., FunctionType]:
    def make_function(
        code: CodeType,
        known: dict[str, Any],
        name: Any,
        argdefs: Any,
        closure: Any,
    ) -> FunctionType:
        known["__builtins__"] = builtins
        return FunctionType(code, known, name, argdefs, closure)

    return make_function


def _setter(builtins: dict[str, Any]) -> Callable[[FunctionType, Any], None]:
    def function_setstate(function: FunctionType, state: Any) -> None:
        cloudpickle = importlib.import_module("cloudpickle.cloudpickle")
        cloudpickle._function_setstate(function, state)  # noqa: SLF001 - the name in the pickle
        # What functions that are defined while it runs will take.
        function.__globals__["__builtins__"] = builtins

    return function_setstate


def _apart(name: str, place: int, path: str) -> Callable[..., Any]:
    """Return what makes a class that is the model's own.

    cloudpickle gives one class to all pickles of it in a process, and fills it anew for each:
    its methods would import what the last model brings.
    """

    def make(*arguments: Any) -> Any:
        own = list(arguments)
        if own[place] is not None:  # what cloudpickle knows the class by
            own[place] = f"{own[place]} of {path}"
        return getattr(importlib.import_module("cloudpickle.cloudpickle"), name)(*own)

    return make
