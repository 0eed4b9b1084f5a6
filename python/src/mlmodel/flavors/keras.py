"""Keras: models of Keras 3, as `.keras`, HDF5, or exported to a graph of TensorFlow.

Specification: spec/flavors/keras.md.

A file is a configuration and arrays. What is made of layers of Keras alone is data and loads
without trust, after a check of both (KER-005); the rest asks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack

from mlmodel.flavors import _keras_files as _files
from mlmodel.flavors import _tensorflow_graphs as _graphs
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import not_taken
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "KerasFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

SaveFormat = Literal["keras", "h5"]


class KerasFlavor(Flavor):
    """Models of Keras 3 (``keras.Model``)."""

    name = "keras"
    loader_module = "mlflow.keras"
    extra = ("keras>=3.12", "h5py>=3.8", "tensorflow>=2.18")
    packages = ("keras",)
    alternatives = MappingProxyType({_graphs.PACKAGE: _graphs.DISTRIBUTIONS})
    versions = MappingProxyType({"keras_version": "keras"})
    signature_kinds = frozenset({"columns", "tensors"})
    no_graph = "Keras makes graphs by tf2onnx alone, which is not tested with it here"

    def detects(self, model: object) -> bool:
        return _files.is_model(model)

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        keras = _files.library(self)
        if not self.detects(model):
            raise not_taken(self, model, "models of Keras 3 (keras.Model)")
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
            return Saved(attributes, {}, packages, self._export(model, root))
        _files.write(model, root, form, "h5" if form == "h5" else "", options["custom_objects"])
        if form == "h5":
            attributes["save_format"] = form
        return Saved(attributes, {}, packages)

    def _export(self, model: Any, root: Path) -> Predict:
        tensorflow = _graphs.library(self)
        path = root / _files.DATA / "model"
        with cannot_be_saved("The model cannot be exported", "KER-006", path):
            model.export(str(path), verbose=False)
        (root / _files.DATA / "keras_module.txt").write_text(_files.MODULE, encoding="utf-8")

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            graph = tensorflow.saved_model.load(str(path))
            return _graphs.predictor(self, graph)(model_input, params)

        return predict

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        file = _files.find(folder, attributes)
        if folder.file(file).is_dir():
            return _graphs.load(self, folder, file)
        return _files.build(self, folder, file, attributes.get("keras_backend"))

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        if not self.detects(model):
            return _graphs.predictor(self, model)
        from mlmodel.flavors._keras_predict import predictor  # it needs numpy and pandas

        return predictor(_files.library(self), model)


FLAVOR = KerasFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(
    FLAVOR, "the native model, not compiled for training; of an exported one, its graph"
)


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
