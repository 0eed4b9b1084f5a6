"""Loading a model as a Python function, whatever its flavor."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mlmodel import environment, store
from mlmodel.errors import InvalidModel, MissingDependency, UnsupportedModel
from mlmodel.flavors._registry import flavor_by_loader
from mlmodel.model import PYTHON_FUNCTION
from mlmodel.pyfunc import python_model as python_models
from mlmodel.pyfunc.model import PyFuncModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


__all__ = ["get_model_dependencies", "load_model"]

#: The loader of PythonModels: MLflow's name, a well-known identifier (PYF-003).
PYTHON_MODEL_LOADER = "mlflow.pyfunc.model"


def load_model(
    model_uri: store.PathLike, *, trust: bool = False, allow: Iterable[str] = ()
) -> PyFuncModel:
    """Load a saved model as a Python function; nothing is installed.

    Args:
        model_uri: the model's folder.
        trust: run whatever the model's files contain (TRU-004).
        allow: classes, by exact qualified name, that may be loaded beside the known ones.

    Raises:
        ModelNotFound: there is no model.
        InvalidModel: it breaks rules of the format.
        UnsupportedModel: it has no python_function flavor.
        UntrustedModel: loading would run code that nobody vouched for; nothing was run.
        MissingDependency: a library of the model is not installed.

    """
    folder = store.open_folder(model_uri, trust=trust, allow=allow)
    attributes = folder.attributes(PYTHON_FUNCTION)
    loader = attributes["loader_module"]
    folder.use_code(attributes)
    flavor = flavor_by_loader(loader)
    if flavor is not None:
        own = folder.document.data["flavors"].get(flavor.name) or {}
        native = flavor.load(folder, own)
        return PyFuncModel(folder.model, flavor.predictor(native, attributes), native)
    if loader == PYTHON_MODEL_LOADER:
        return _load_python_model(folder, attributes)
    if loader.partition(".")[0] == "mlflow":
        raise UnsupportedModel(
            f"{folder.root}: the loader {loader} is well known, but this version of mlmodel "
            "has no flavor for it"
        )
    return _load_by_module(folder, attributes)


def get_model_dependencies(model_uri: store.PathLike) -> Path:
    """Return the path of the model's requirements.txt.

    Raises:
        UnsupportedModel: the model has none.

    """
    root = store.open_folder(model_uri).root
    path = root / environment.REQUIREMENTS
    if not path.is_file():
        raise UnsupportedModel(f"{root}: the model has no {environment.REQUIREMENTS}")
    return path


def _load_python_model(folder: store.ModelFolder, attributes: Mapping[str, Any]) -> PyFuncModel:
    name = attributes.get("python_model")
    if not name and attributes.get("model_code_path"):
        raise UnsupportedModel(
            f"{folder.root}: the model is a Python file (model_code_path), which this version "
            "of mlmodel does not read yet"
        )
    if not name:
        raise InvalidModel(f"{folder.root}: python_function names no python_model file (PYF-005)")
    path = folder.file(name)
    folder.gate.require_trust("a pickled Python class", name)
    model = folder.gate.load_pickle(path, aliases=python_models.aliases())
    if not isinstance(model, python_models.PythonModel):
        raise UnsupportedModel(
            f"{path} holds a {type(model).__qualname__}, not a PythonModel (PYF-005)"
        )
    context = python_models.PythonModelContext(
        {
            artifact: str(folder.file(entry["path"]))
            for artifact, entry in (attributes.get("artifacts") or {}).items()
        },
        attributes.get("config") or {},
    )
    model.load_context(context)
    return PyFuncModel(folder.model, python_models.predictor(model, context), model)


def _load_by_module(folder: store.ModelFolder, attributes: Mapping[str, Any]) -> PyFuncModel:
    """Load through the model's own ``loader_module``: its ``_load_pyfunc(data path)`` (PYF-004)."""
    loader = attributes["loader_module"]
    folder.gate.require_trust(f"the loader module {loader}", attributes.get("code"))
    try:
        module = importlib.import_module(loader)
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"{folder.root}: the model's loader module {loader} cannot be imported "
            f"({error}); install it or save the model with code_paths"
        ) from error
    load = getattr(module, "_load_pyfunc", None)
    if load is None:
        raise UnsupportedModel(f"The loader module {loader} has no function _load_pyfunc (PYF-004)")
    data = attributes.get("data")
    native = load(str(folder.file(data) if data else folder.root))
    method = getattr(native, "predict", None)
    if method is None:
        raise UnsupportedModel(
            f"What {loader}._load_pyfunc returned ({type(native).__qualname__}) has no predict"
        )
    return PyFuncModel(folder.model, python_models.calling(method, ()), native)
