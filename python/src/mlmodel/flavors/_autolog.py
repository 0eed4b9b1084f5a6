"""``autolog`` of a flavor: MLflow's own, which is asked when it is called and never before."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MissingDependency, UnsupportedModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.flavors._base import Flavor

__all__ = ["autolog_of"]

_MLFLOW = "mlflow"
_INSTEAD = "Without it, call save_model(model, path, input_example=X) after training (PYF-047)"
_DOC = """Let MLflow record what is trained: the call goes to MLflow's function of this flavor.

    MLflow has to be installed; its arguments, its answer and its errors are its own.

    Raises:
        MissingDependency: MLflow, or a package that its module needs, is not installed.
        UnsupportedModel: the MLflow that is installed has no such function for this flavor.

"""


def autolog_of(flavor: Flavor) -> Callable[..., Any]:
    """Return the ``autolog`` of a flavor's module (PYF-047)."""

    def autolog(*args: Any, **keywords: Any) -> Any:
        return _of_mlflow(flavor.name)(*args, **keywords)

    autolog.__module__, autolog.__qualname__ = type(flavor).__module__, "autolog"
    autolog.__doc__ = _DOC
    return autolog


def _of_mlflow(flavor: str) -> Callable[..., Any]:
    """Return MLflow's function for a flavor."""
    ours, theirs = f"mlmodel.{flavor}.autolog", f"{_MLFLOW}.{flavor}"
    function: Callable[..., Any] | None = None
    try:
        mlflow = importlib.import_module(_MLFLOW)
        function = getattr(importlib.import_module(theirs), "autolog", None)
    except ModuleNotFoundError as error:
        if error.name == _MLFLOW:
            raise MissingDependency(
                f"{ours} passes the call on to MLflow, which is not installed: pip install mlflow. "
                f"{_INSTEAD}"
            ) from error
        if error.name != theirs:
            raise MissingDependency(
                f"{ours} passes the call on to {theirs}, which needs the package {error.name!r}, "
                f"and that is not installed. {_INSTEAD}"
            ) from error
    if function is None:
        version = getattr(mlflow, "__version__", "that is installed")
        raise UnsupportedModel(f"MLflow {version} has no {theirs}.autolog. {_INSTEAD}")
    return function
