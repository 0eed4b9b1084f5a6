"""Keras: models of Keras 3, as `.keras`, HDF5, or exported to a graph of TensorFlow.

Specification: spec/flavors/keras.md.

A file is a configuration and arrays. What is made of layers of Keras alone is data and loads
without trust, after a check of both (KER-005); the rest asks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack

from mlmodel._base.deprecated import old_arguments
from mlmodel.flavors import _keras_files as _files
from mlmodel.flavors import _tensorflow_graphs as _graphs
from mlmodel.flavors._base import Flavor, Predict, Saved, when_asked
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "KerasFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_model", "save_model",
]  # fmt: skip

SaveFormat = Literal["keras", "h5"]


class KerasFlavor(Flavor):
    """Models of Keras 3 (``keras.Model``)."""

    name = "keras"
    loader_module = "mlflow.keras"
    extra = ("keras>=3.12", "h5py>=3.11", "tensorflow>=2.18")
    packages = ("keras",)
    alternatives = MappingProxyType({_graphs.PACKAGE: _graphs.DISTRIBUTIONS})
    takes = "models of Keras 3 (keras.Model)"
    versions = MappingProxyType({"keras_version": "keras"})
    signature_kinds = frozenset({"columns", "tensors"})
    no_graph = "Keras makes graphs by tf2onnx alone, which is not tested with it here"

    def detects(self, model: object) -> bool:
        return _files.is_model(model)

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        keras = _files.library(self)
        form, exported = options["save_format"], options["save_exported_model"]
        _files.require_form(form)
        backend = str(keras.backend.backend())
        attributes = {
            "data": _files.DATA,
            "keras_backend": backend,
            "keras_version": keras.__version__,
            "save_exported_model": exported,
        }
        packages = [*self.packages, *_files.distribution_of(backend)]
        if exported:
            # TensorFlow first: Keras exports with it, whichever library it computes with.
            load, path = _graphs.library(self).saved_model.load, _files.export(model, root)
            opened = when_asked(lambda: _graphs.predictor(self, load(str(path))))
            return Saved(attributes, {}, packages, opened)
        _files.write(model, root, form, "h5" if form == "h5" else "", options["custom_objects"])
        if form == "h5":
            attributes["save_format"] = form
        return Saved(attributes, {}, packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        file = _files.find(folder, attributes)
        if folder.file(file).is_dir():
            return _graphs.load(self, folder, file)
        return _files.build(self, folder, file, attributes.get("keras_backend"))

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        return _files.predictor(self, model)


FLAVOR = KerasFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the model, not compiled for training; of an exported one, its graph")


@old_arguments(keras_model="model")  # in MLflow 1
@saver(FLAVOR)
def save_model(
    model: Any,
    path: PathLike,
    *,
    save_exported_model: bool = False,
    save_format: SaveFormat = "keras",
    custom_objects: Mapping[str, Any] | None = None,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a model of Keras 3, atomically.

    Args:
        model: a ``keras.Model``, whose inputs are known.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        save_exported_model: save what the model computes as a graph of TensorFlow, which loads
            without Keras, in trust alone.
        save_format: ``keras``, or ``h5``, which Keras calls its old form.
        custom_objects: name -> class or function of your own that the model needs; they are
            pickled, and load in trust alone.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
