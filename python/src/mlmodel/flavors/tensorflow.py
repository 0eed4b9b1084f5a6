"""TensorFlow: SavedModels, modules of TensorFlow 2, and models of Keras.

Specification: spec/flavors/tensorflow.md.

A SavedModel is a program and loads in trust alone; a file of Keras loads as in the flavor that has
them, without trust where it is data.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.deprecated import old_arguments
from mlmodel.errors import InvalidArgument
from mlmodel.flavors import _keras_files as _files
from mlmodel.flavors import _tensorflow_graphs as _graphs
from mlmodel.flavors._base import Flavor, Predict, Saved, when_asked
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "TensorflowFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_MODULE, _GRAPH = "tf2-module", "tf1-estimator"
#: What is read where a file does not say it: the names of TensorFlow itself.
_TAGS, _KEY = ("serve",), "serving_default"


class TensorflowFlavor(Flavor):
    """Modules of TensorFlow 2 (``tf.Module``), SavedModels, and models of Keras."""

    name = "tensorflow"
    loader_module = "mlflow.tensorflow"
    extra = ("tensorflow>=2.18", "keras>=3.12", "h5py>=3.11")
    packages = ("tensorflow",)
    alternatives = MappingProxyType({_graphs.PACKAGE: _graphs.DISTRIBUTIONS})
    takes = "modules (tf.Module), models of Keras 3, and folders of SavedModels"
    versions = MappingProxyType({"keras_version": "tensorflow"})
    signature_kinds = frozenset({"columns", "tensors"})

    def detects(self, model: object) -> bool:
        return _graphs.is_graph(model)

    def saves(self, model: object) -> bool:
        is_path = isinstance(model, str | os.PathLike)
        return is_path or self.detects(model) or _files.is_model(model)

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        tensorflow = _graphs.library(self)
        packages = _files.distribution_of(self.name)
        if _files.is_model(model):
            _files.write(model, root, _files.MODULE, "tf", options["custom_objects"])
            attributes = {
                "data": _files.DATA,
                "keras_version": tensorflow.__version__,
                "model_type": _files.MODULE,
                "save_format": "tf",
            }
            return Saved(attributes, {"data": _files.DATA}, [*packages, _files.MODULE])
        if isinstance(model, str | os.PathLike):
            attributes = _copied(Path(model), root, options)
        else:
            attributes = {"saved_model_dir": "tf2model", "model_type": _MODULE}
            told = options["saved_model_kwargs"] or {}
            with cannot_be_saved("The module cannot be saved", "TFL-002", root / "tf2model"):
                tensorflow.saved_model.save(model, str(root / "tf2model"), **told)

        def opened() -> Predict:
            tags = attributes.get("meta_graph_tags")
            loaded = tensorflow.saved_model.load(str(root / attributes["saved_model_dir"]), tags)
            return self.predictor(_chosen(loaded, attributes), {})

        return Saved(attributes, {}, packages, when_asked(opened))

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        named = attributes.get("saved_model_dir")
        if not named:
            file = _files.find(folder, attributes)
            if folder.file(file).is_file():
                return _files.build(self, folder, file)
            return _graphs.load(self, folder, file)
        loaded = _graphs.load(self, folder, str(named), attributes.get("meta_graph_tags"))
        return _chosen(loaded, attributes)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        return _files.predictor(self, model)


def _chosen(loaded: Any, attributes: Mapping[str, Any]) -> Any:
    """Return the function of the graph that the attributes name, or the object of a module."""
    if attributes.get("model_type") == _MODULE:
        return loaded
    key = attributes.get("signature_def_key") or _KEY
    return _graphs.signature(loaded, str(key), str(attributes["saved_model_dir"]))


def _copied(source: Path, root: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a SavedModel, as :func:`tf.saved_model.save` and Keras' export write it."""
    if not (source / "saved_model.pb").is_file():
        raise InvalidArgument(f"{source} is not the folder of a SavedModel (TFL-002)")
    shutil.copytree(source, root / "tfmodel")
    return {
        "meta_graph_tags": list(options["tf_meta_graph_tags"] or _TAGS),
        "model_type": _GRAPH,
        "saved_model_dir": "tfmodel",
        "signature_def_key": options["tf_signature_def_key"] or _KEY,
    }


FLAVOR = TensorflowFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(
    __name__, _files.distribution_of(FLAVOR.name)
)
__getattr__ = absent_of(FLAVOR)
load_model = loader(
    FLAVOR, "the native model: a function of the graph, the object of a module, or a Keras model"
)


@old_arguments(tf_saved_model_dir="model")  # in MLflow 1
@saver(FLAVOR)
def save_model(
    model: Any,
    path: PathLike,
    *,
    custom_objects: Mapping[str, Any] | None = None,
    saved_model_kwargs: Mapping[str, Any] | None = None,
    tf_meta_graph_tags: Sequence[str] | None = None,
    tf_signature_def_key: str | None = None,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a module of TensorFlow, a SavedModel or a model of Keras, atomically.

    Args:
        model: a ``tf.Module``, the folder of a SavedModel, or a ``keras.Model``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        custom_objects: name -> class or function of your own that a Keras model needs; they are
            pickled, and load in trust alone.
        saved_model_kwargs: arguments of ``tf.saved_model.save``, for a module.
        tf_meta_graph_tags: the tags of the graph in a folder that is given; ``["serve"]`` else.
        tf_signature_def_key: its signature that predicts; ``serving_default`` else.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
