"""The short way: ``mlmodel.save`` and ``mlmodel.load``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel import pyfunc
from mlmodel.flavors._registry import flavor_of, is_known
from mlmodel.flavors._shared import require_order, save_flavor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlmodel.document.paths import PathLike
    from mlmodel.store.saving import SaveOptions

__all__ = ["load", "save"]


def save(model: Any, path: PathLike, *, example: Any = None, **shared: Unpack[SaveOptions]) -> None:
    """Save a model; its flavor is detected from the object.

    Args:
        model: a model of any flavor, a :class:`mlmodel.pyfunc.PythonModel`, a function or
            another object that is called with the data, or the path of a Python file that makes
            the model (PYF-009, PYF-014).
        path: the folder to make.
        example: an input to keep with the model; the signature is inferred from it.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    Raises:
        InvalidArgument: no flavor takes a model of this type.
        ModelExists, WriteFailed: as for every ``save_model``.

    """
    if example is not None:
        shared["input_example"] = example
    require_order(model, path)
    if isinstance(model, pyfunc.PythonModel | str | Path) or _is_called(model):
        pyfunc.save_model(path, python_model=model, **shared)
    else:
        save_flavor(flavor_of(model), model, path, {}, **shared)


def _is_called(model: Any) -> bool:
    """Return whether a model of no flavor is one that is called with the data (PYF-014)."""
    return callable(model) and not isinstance(model, type) and not is_known(model)


def load(
    path: PathLike,
    *,
    model_config: Mapping[str, Any] | None = None,
    trust: bool = False,
    allow: Iterable[str] = (),
    sandbox: bool | str = False,
) -> pyfunc.PyFuncModel:
    """Load a model as a python_function; see :func:`mlmodel.pyfunc.load_model`."""
    return pyfunc.load_model(
        path, model_config=model_config, trust=trust, allow=allow, sandbox=sandbox
    )
