"""Saving a user's own model: a PythonModel instance, or a loader module with its data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel import store
from mlmodel._extras import require
from mlmodel.errors import InvalidArgument
from mlmodel.model import PYTHON_FUNCTION
from mlmodel.pyfunc import python_model as python_models
from mlmodel.pyfunc.loading import PYTHON_MODEL_LOADER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["save_model"]

_ARTIFACTS = "artifacts"
_PYTHON_MODEL = "python_model.pkl"
_DATA = "data"


def save_model(
    path: store.PathLike,
    loader_module: str | None = None,
    data_path: store.PathLike | None = None,
    code_path: Sequence[store.PathLike] | None = None,
    *,
    python_model: python_models.PythonModel | None = None,
    artifacts: Mapping[str, store.PathLike] | None = None,
    model_config: Mapping[str, Any] | None = None,
    **shared: Unpack[store.SaveOptions],
) -> None:
    """Save a custom model as a python_function, atomically.

    Either ``python_model`` (with ``artifacts`` and ``model_config``) or ``loader_module`` (with
    ``data_path``) is given.

    Args:
        path: the folder to make.
        loader_module: a module with ``_load_pyfunc(data_path)`` that returns an object with
            ``predict``; give its code in ``code_paths`` (PYF-004).
        data_path: a file or folder, copied, that ``_load_pyfunc`` is given.
        code_path: the old name of ``code_paths``.
        python_model: an instance of a subclass of :class:`PythonModel`.
        artifacts: files and folders by name; copied, and given as ``context.artifacts``.
        model_config: what ``context.model_config`` holds.
        **shared: see :class:`mlmodel.store.SaveOptions`.

    Raises:
        InvalidArgument: the arguments do not fit together; nothing was written.
        ModelExists, WriteFailed: as for every ``save_model``.

    """
    if code_path is not None:
        shared["code_paths"] = _renamed(code_path, shared.get("code_paths"))
    if (python_model is None) == (loader_module is None):
        raise InvalidArgument("Give either python_model or loader_module")
    if python_model is not None:
        if data_path is not None:
            raise InvalidArgument("data_path goes with loader_module; use artifacts instead")
        _save_python_model(path, python_model, artifacts or {}, model_config, **shared)
        return
    if artifacts or model_config:
        raise InvalidArgument("artifacts and model_config go with python_model")
    _save_loader_module(path, str(loader_module), data_path, **shared)


def _renamed(
    code_path: Sequence[store.PathLike], code_paths: Sequence[store.PathLike] | None
) -> Sequence[store.PathLike]:
    if code_paths is not None:
        raise InvalidArgument("code_path is the old name of code_paths: give one of them")
    warnings.warn("code_path is now called code_paths", DeprecationWarning, stacklevel=3)
    return code_path


def _save_python_model(
    path: store.PathLike,
    model: python_models.PythonModel,
    artifacts: Mapping[str, store.PathLike],
    model_config: Mapping[str, Any] | None,
    **shared: Unpack[store.SaveOptions],
) -> None:
    if not isinstance(model, python_models.PythonModel):
        raise InvalidArgument(
            "python_model is an instance of a subclass of mlmodel.pyfunc.PythonModel, "
            f"not {type(model).__qualname__}"
        )
    cloudpickle = require("cloudpickle", "predict")

    def write(root: Path) -> store.Contents:
        (root / _PYTHON_MODEL).write_bytes(python_models.dumps(model))
        attributes: dict[str, Any] = {
            "cloudpickle_version": cloudpickle.__version__,
            "loader_module": PYTHON_MODEL_LOADER,
            "python_model": _PYTHON_MODEL,
        }
        if artifacts:
            attributes["artifacts"] = _copy_artifacts(artifacts, root)
        if model_config:
            attributes["config"] = dict(model_config)
        return store.Contents({PYTHON_FUNCTION: attributes}, ["cloudpickle"], predict)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        context = python_models.PythonModelContext(
            {name: str(source) for name, source in artifacts.items()}, model_config or {}
        )
        model.load_context(context)
        return python_models.predictor(model, context)(model_input, params)

    store.save_folder(path, write, **shared)


def _copy_artifacts(artifacts: Mapping[str, store.PathLike], root: Path) -> dict[str, Any]:
    folder = root / _ARTIFACTS
    folder.mkdir()
    entries = {}
    for name, given in artifacts.items():
        source = Path(given)
        if not source.exists():
            raise InvalidArgument(f"The artifact {name!r} is not there: {source}")
        copy = store.copy_into(source, folder)
        entries[name] = {
            "path": f"{_ARTIFACTS}/{copy.name}",
            "uri": str(given),
        }
    return entries


def _save_loader_module(
    path: store.PathLike,
    loader_module: str,
    data_path: store.PathLike | None,
    **shared: Unpack[store.SaveOptions],
) -> None:
    def write(root: Path) -> store.Contents:
        attributes: dict[str, Any] = {"loader_module": loader_module}
        if data_path is not None:
            source = Path(data_path)
            if not source.exists():
                raise InvalidArgument(f"data_path is not there: {source}")
            (root / _DATA).mkdir()
            copy = store.copy_into(source, root / _DATA)
            attributes["data"] = f"{_DATA}/{copy.name}"
        return store.Contents({PYTHON_FUNCTION: attributes})

    store.save_folder(path, write, **shared)
