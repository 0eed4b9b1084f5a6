"""Sentence Transformers: models that embed texts, in the folder that the library writes.

Specification: spec/flavors/sentence_transformers.md.

Code that a model brings along is never run, trusted or not, and nothing is downloaded. What else
its files could name asks for trust (SEN-006, :mod:`mlmodel.trust.hugging_face`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.flavors import _sentence_transformers_files as _files
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "SentenceTransformersFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_FOLDER = "model.sentence_transformer"


class SentenceTransformersFlavor(Flavor):
    """Models of ``sentence_transformers.SentenceTransformer``."""

    name = "sentence_transformers"
    loader_module = "mlflow.sentence_transformers"
    extra = ("sentence-transformers>=6.0", "transformers>=5.0", "torch>=2.6")
    packages = ("sentence-transformers", "torch")
    takes = "models of sentence_transformers.SentenceTransformer"
    versions = MappingProxyType({"sentence_transformers_version": "sentence-transformers"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "sentence_transformers", "SentenceTransformer")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        library = self.require("sentence_transformers", "sentence-transformers")
        with cannot_be_saved("The model cannot be saved", "SEN-004"), _files.quiet():
            model.save(str(root / _FOLDER), create_model_card=False)
        attributes: dict[str, Any] = {"sentence_transformers_version": library.__version__}
        network = getattr(model[0], "auto_model", None)
        if network is not None:
            attributes["pipeline_model_type"] = type(network).__name__
        return Saved(attributes, {"data": _FOLDER}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        name = folder.model_path(attributes, key="data", default=_FOLDER)
        return _files.load(self, folder, name)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        from mlmodel.flavors import _sentence_transformers_texts as _texts  # it needs numpy, pandas

        return _texts.predictor(model, attributes.get("config"))


FLAVOR = SentenceTransformersFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the model, a ``sentence_transformers.SentenceTransformer``")


@saver(FLAVOR)
def save_model(model: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a model of sentence-transformers as a model folder, atomically.

    Args:
        model: a ``sentence_transformers.SentenceTransformer``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
