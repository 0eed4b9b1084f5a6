"""MLflow's names for a model's own code, without MLflow (PYF-011).

Files of models say ``import mlflow``, ``from mlflow.models import set_model``. What this library
has of that is given to them from here, whether MLflow is installed or not; for anything else
MLflow itself is asked. Nothing is put into ``sys.modules``: only a model's code sees it, because
its ``__import__`` is the one of this module.
"""

from __future__ import annotations

import builtins
import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mlmodel._aliases import is_flavor
from mlmodel.errors import MissingDependency, UnsupportedModel
from mlmodel.store import tracing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["import_", "module", "stand_in"]

_TOP = "mlflow"

#: MLflow's module -> ours. Flavors need no line.
_OURS = {
    "mlflow": "mlmodel",
    "mlflow.exceptions": "mlmodel.exceptions",
    "mlflow.models": "mlmodel.models",
    "mlflow.models.auth_policy": "mlmodel.models.auth_policy",
    "mlflow.models.model": "mlmodel.models.model",
    "mlflow.models.model_config": "mlmodel.pyfunc.from_code",
    "mlflow.models.resources": "mlmodel.models.resources",
    "mlflow.models.signature": "mlmodel.models.signature",
    "mlflow.pyfunc": "mlmodel.pyfunc",
    "mlflow.pyfunc.model": "mlmodel.pyfunc.model",
    "mlflow.pyfunc.utils": "mlmodel.pyfunc.utils",
    "mlflow.types": "mlmodel.types",
    "mlflow.types.schema": "mlmodel.types.schema",
    "mlflow.types.type_hints": "mlmodel.types.type_hints",
}
#: MLflow's module -> names that do nothing where MLflow is not installed: tracing.
_TRACING = {
    "mlflow": (
        *("get_current_active_span", "start_span", "start_span_no_context", "trace"),
        "update_current_trace",
    ),
    "mlflow.entities": ("SpanType",),
}
#: What MLflow alone answers: its version, which tells what it can do, and what ours passes on.
_THEIRS = frozenset({"__version__", "autolog"})


class _Absent(UnsupportedModel, AttributeError):
    """A part of MLflow that is not here: so ``hasattr`` answers no."""


class _StandIn(ModuleType):
    """Looks like a module of MLflow; its attributes are those of ours."""

    __path__: list[str] = []  # noqa: RUF012 - a package, as the import system asks it

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as cloudpickle's name for a module of MLflow's."""
        return importlib.import_module("cloudpickle.cloudpickle").subimport, (self.__name__,)

    def __getattr__(self, name: str) -> Any:
        below = stand_in(f"{self.__name__}.{name}")
        if below is not None:
            return below
        place = _ours(self.__name__)
        ours = None if place is None else importlib.import_module(place)
        if name == "__all__":
            return getattr(ours, name, ())
        if name not in _THEIRS:
            if name.startswith("__"):
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
            found = getattr(ours, name, None)
            if found is not None:
                return found
        return _of_mlflow(self.__name__, name)


def module(name: str) -> ModuleType:
    """Return a module that a pickle refers to; one of MLflow's fails when it is used, not before.

    cloudpickle writes every module that a function might mean by a name in it.
    """
    if name.partition(".")[0] != _TOP:
        return importlib.import_module(name)
    return _StandIn(name)


def stand_in(name: str) -> ModuleType | None:
    """Return what stands for the module of MLflow's of this name, or None if nothing does."""
    return None if _ours(name) is None else _StandIn(name)


def import_(
    name: str,
    globals: Mapping[str, object] | None = None,  # noqa: A002 - the protocol's
    locals: Mapping[str, object] | None = None,  # noqa: A002 - the protocol's
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """Import as ``__import__`` does, and MLflow's names where MLflow is not."""
    if level or name.partition(".")[0] != _TOP:
        return builtins.__import__(name, globals, locals, fromlist or (), level)
    found = stand_in(name)
    if found is None:
        found = _real(name, fromlist)
    for part in fromlist or ():
        # Python's own error would not say why the name is not there.
        if part != "*" and not hasattr(found, part):
            raise _missing(f"{name}.{part}")
    return found if fromlist else _StandIn(_TOP)


def _ours(name: str) -> str | None:
    flavor = name.removeprefix(f"{_TOP}.")
    return _OURS.get(name) or (f"mlmodel.{flavor}" if is_flavor(flavor) else None)


def _of_mlflow(module: str, name: str) -> Any:
    try:
        return getattr(_imported(module, (name,)), name)
    except (ImportError, AttributeError) as error:
        if name in _TRACING.get(module, ()):
            return getattr(tracing, name)
        if f"{module}.{name}" in _TRACING:
            return _StandIn(f"{module}.{name}")
        raise _Absent(
            f"The model's code uses {module}.{name}, which is a part of MLflow that mlmodel does "
            "not have; it works where MLflow is installed (PYF-011)"
        ) from error


def _real(name: str, parts: Sequence[str] | None) -> ModuleType:
    try:
        return _imported(name, parts)
    except ImportError as error:
        if name in _TRACING:
            return _StandIn(name)
        raise _missing(name) from error


def _imported(name: str, parts: Sequence[str] | None) -> ModuleType:
    """Return a module of MLflow's, with those of ``parts`` that are modules imported, too."""
    return builtins.__import__(name, None, None, parts or ("__name__",), 0)


def _missing(name: str) -> MissingDependency:
    return MissingDependency(
        f"The model's code imports {name}, which is a part of MLflow that mlmodel does not have; "
        "install an MLflow that has it to load this model (PYF-011)"
    )
