"""PythonModel: a user's own class as a model, and how it travels in a pickle.

The class is pickled with its base under the well-known name ``mlflow.pyfunc.model.PythonModel``
(PYF-008), so that MLflow loads it, and that name in MLflow's pickles is mapped to ours, so
that theirs load here; neither way imports ``mlflow``.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mlmodel._extras import require
from mlmodel.errors import InvalidArgument, UnsupportedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["PythonModel", "PythonModelContext", "aliases", "calling", "dumps", "predictor"]

_WELL_KNOWN_MODULE = "mlflow.pyfunc.model"
_dump_lock = threading.Lock()


@dataclass(frozen=True)
class PythonModelContext:
    """What a PythonModel is given: its artifacts' paths by name, and its configuration."""

    artifacts: Mapping[str, str] = field(default_factory=dict)
    model_config: Mapping[str, Any] = field(default_factory=dict)


class PythonModel:
    """Base of a user's own model.

    ``predict`` is defined as ``predict(self, context, model_input, params=None)`` or without
    ``context``, and with or without ``params``; :func:`predictor` calls each as it is.

    It is no abstract class: a class pickled by value is built empty and filled afterwards, and
    an abstract base would count its methods as missing.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Prepare the model from its artifacts; called once, after loading."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - what subclasses are given
        """Return predictions for ``model_input``; every subclass defines it."""
        raise UnsupportedModel(f"{type(self).__qualname__} defines no method predict (PYF-007)")


class _MlflowName:
    """Stands in for a name of MLflow's own helpers that a pickle refers to but never needs."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        raise UnsupportedModel(f"The model uses a part of MLflow that is not here ({name})")


class _Aliases(dict[tuple[str, str], object]):
    """MLflow's names in a pickle, mapped to ours; any other MLflow helper to an inert class."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and str(key[0]).partition(".")[0] == "mlflow"

    def __missing__(self, key: tuple[str, str]) -> object:
        module, name = key
        return type(name.rpartition(".")[2], (_MlflowName,), {"__module__": module})


def aliases() -> dict[tuple[str, str], object]:
    """Return what the well-known names of MLflow in a PythonModel's pickle stand for."""
    return _Aliases(
        {
            ("mlflow.pyfunc.model", "PythonModel"): PythonModel,
            ("mlflow.pyfunc", "PythonModel"): PythonModel,
            ("mlflow.pyfunc.model", "PythonModelContext"): PythonModelContext,
        }
    )


def dumps(model: PythonModel) -> bytes:
    """Pickle ``model`` by value with its base under the well-known name (PYF-008)."""
    cloudpickle = require("cloudpickle", "predict")
    with _dump_lock, _well_known_names():
        try:
            data: bytes = cloudpickle.dumps(model, protocol=5)
        except Exception as error:
            raise InvalidArgument(
                f"The model of type {type(model).__qualname__} cannot be pickled: {error}. "
                "Load what cannot be pickled in load_context, from artifacts"
            ) from error
    return data


@contextmanager
def _well_known_names() -> Iterator[None]:
    """Let the pickler find our two classes under MLflow's names, for one dump.

    A pickler writes a class by the name it can import it from, so for the time of the dump
    stand-ins of MLflow's modules hold ours; what was there before is put back.
    """
    ours: tuple[type, ...] = (PythonModel, PythonModelContext)
    names = ["mlflow", "mlflow.pyfunc", _WELL_KNOWN_MODULE]
    before = {name: sys.modules.get(name) for name in names}
    modules_before = [cls.__module__ for cls in ours]
    stand_in = ModuleType(_WELL_KNOWN_MODULE)
    for name in names:
        sys.modules[name] = stand_in if name == _WELL_KNOWN_MODULE else ModuleType(name)
    for cls in ours:
        setattr(stand_in, cls.__name__, cls)
        cls.__module__ = _WELL_KNOWN_MODULE
    try:
        yield
    finally:
        for cls, module in zip(ours, modules_before, strict=True):
            cls.__module__ = module
        for name, module_before in before.items():
            if module_before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module_before


def predictor(model: PythonModel, context: PythonModelContext) -> Predict:
    """Return how ``model`` predicts, with the arguments that its ``predict`` takes (PYF-007)."""
    method = _own_predict(model)
    parameters = inspect.signature(method).parameters
    required = [
        p
        for p in parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        and p.default is p.empty
        and p.name != "params"
    ]
    takes_context = "context" in parameters or len(required) > 1
    return calling(method, (context,) if takes_context else ())


def calling(method: Callable[..., Any], first: tuple[Any, ...]) -> Predict:
    """Return ``method(*first, model_input)`` as a way to predict, with params where it takes them.

    Params for a method that takes none are an error of the caller, never dropped.
    """
    parameters = inspect.signature(method).parameters.values()
    takes_params = any(p.name == "params" or p.kind is p.VAR_KEYWORD for p in parameters)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        if takes_params:
            return method(*first, model_input, params=params)
        if params:
            raise InvalidArgument(
                f"The model's predict takes no params, but {', '.join(params)} were given"
            )
        return method(*first, model_input)

    return predict


def _own_predict(model: PythonModel) -> Any:
    """Return the user's own ``predict``: MLflow wraps it in a check that needs MLflow."""
    function = type(model).predict
    if getattr(function, "_is_pyfunc", False):
        function = inspect.unwrap(function)
    return functools.partial(function, model)
