"""spaCy: pipelines in the folder that spaCy writes, and text classifiers as python_function.

Specification: spec/flavors/spacy.md.

A pipeline's configuration names functions that spaCy calls to build it: only those of a closed list
are called without trust (SPA-006, :mod:`mlmodel.trust.spacy_models`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import UnsupportedModel
from mlmodel.flavors import _spacy_files as _files
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "SpacyFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_model", "save_model",
]  # fmt: skip

_FOLDER = "model.spacy"
#: Components that classify whole texts, by the classes that they are or derive from.
_CLASSIFIERS = ("TextCategorizer", "MultiLabel_TextCategorizer")


class SpacyFlavor(Flavor):
    """Pipelines of spaCy (``spacy.Language``)."""

    name = "spacy"
    other_names = ("spaCy",)
    loader_module = "mlflow.spacy"
    extra = ("spacy>=3.7",)
    packages = ("spacy",)
    takes = "pipelines of spaCy (spacy.Language)"
    versions = MappingProxyType({"spacy_version": "spacy"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "spacy") and hasattr(model, "pipe_names")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002
        spacy = self.require("spacy")
        with cannot_be_saved("The pipeline cannot be saved", "SPA-004"):
            model.to_disk(root / _FOLDER)
        attributes = {"data": _FOLDER, "spacy_version": spacy.__version__}
        if _has_classifier(model):
            return Saved(attributes, {"data": _FOLDER}, self.packages)
        warn_caller(
            f"The pipeline has no text classifier ({_parts(model)}): it is saved without a "
            "python_function, for load_model of mlmodel.spacy alone (SPA-005)"
        )
        return Saved(attributes, None, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        spacy = self.require("spacy")
        name = folder.model_path(attributes, key="data", default=_FOLDER)
        return _files.load(spacy, folder, name)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        """Return how a pipeline predicts: the categories of each text, in one column."""
        if not _has_classifier(model):
            raise UnsupportedModel(
                f"The pipeline has no text classifier ({_parts(model)}); "
                "mlmodel.spacy.load_model gives the pipeline itself (SPA-005)"
            )
        from mlmodel.flavors import _spacy_texts  # it needs pandas

        return _spacy_texts.predictor(model)


def _parts(pipeline: Any) -> str:
    return ", ".join(pipeline.pipe_names) or "it is empty"


def _has_classifier(pipeline: Any) -> bool:
    return any(defined_by(part, "spacy", *_CLASSIFIERS) for _, part in pipeline.pipeline)


FLAVOR = SpacyFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the pipeline, a ``spacy.Language``")


@saver(FLAVOR)
def save_model(spacy_model: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a pipeline of spaCy as a model folder, atomically.

    Args:
        spacy_model: a ``spacy.Language``; with a text classifier it is a python_function, too.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
