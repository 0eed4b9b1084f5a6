"""Sentence Transformers: models that embed texts, in the folder that the library writes.

Specification: spec/flavors/sentence_transformers.md.

Code that a model brings along is never run, trusted or not, and nothing is downloaded. What else
its files could name asks for trust (SEN-006, :mod:`mlmodel.trust.hugging_face`).
"""

from __future__ import annotations

import json
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.errors import InvalidModel
from mlmodel.flavors import _huggingface as hugging_face
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by, not_taken
from mlmodel.flavors._failures import brief, cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "SentenceTransformersFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

_FOLDER = "model.sentence_transformer"
_MODULES = "modules.json"
#: What of ``encode`` a prediction may choose; its answer is an array with a row for each text.
_PARAMETERS = (
    "batch_size",
    "normalize_embeddings",
    "precision",
    "prompt",
    "prompt_name",
    "truncate_dim",
)


class SentenceTransformersFlavor(Flavor):
    """Models of ``sentence_transformers.SentenceTransformer``."""

    name = "sentence_transformers"
    loader_module = "mlflow.sentence_transformers"
    extra = ("sentence-transformers>=6.0", "transformers>=5.0", "torch>=2.6")
    packages = ("sentence-transformers", "torch")
    versions = MappingProxyType({"sentence_transformers_version": "sentence-transformers"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "sentence_transformers") and any(
            cls.__name__ == "SentenceTransformer" for cls in type(model).__mro__
        )

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        library = self.require("sentence_transformers", "sentence-transformers")
        if not self.detects(model):
            raise not_taken(self, model, "models of sentence_transformers.SentenceTransformer")
        with cannot_be_saved("The model cannot be saved", "SEN-004"), self._quiet():
            model.save(str(root / _FOLDER), create_model_card=False)
        attributes: dict[str, Any] = {"sentence_transformers_version": library.__version__}
        network = getattr(model[0], "auto_model", None)
        if network is not None:
            attributes["pipeline_model_type"] = type(network).__name__
        return Saved(attributes, {"data": _FOLDER}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        library = self.require("sentence_transformers", "sentence-transformers")
        name = folder.model_path(attributes, key="data", default=_FOLDER)
        what = f"cannot be loaded by sentence-transformers {library.__version__}"
        with hugging_face.checked_folder(folder, name, "SEN-006") as root:
            read = cannot_be_read(name, what, "SEN-004", root)
            with read, hugging_face.without_panics(), self._quiet():
                return self._loaded(library, folder, root, name)

    def _loaded(self, library: Any, folder: ModelFolder, root: Path, name: str) -> Any:
        measured = [
            self._measured(folder, root / place, f"{name}/{place}".rstrip("/"))
            for place in _places(root, name)
        ]
        model = library.SentenceTransformer(
            str(root), local_files_only=True, trust_remote_code=False
        )
        for weights, module in zip(measured, model, strict=False):
            network = getattr(module, "auto_model", None)
            if network is not None and weights.files:
                weights.require_all_of(network)
        return model

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        """Return how a model predicts: the embedding of each text, in a row of its own."""
        import numpy as np

        from mlmodel.flavors._arguments import PredictArguments
        from mlmodel.flavors._invalid_data import invalid
        from mlmodel.flavors._texts import Texts

        texts = Texts(
            "A model of sentence-transformers", data_rule="SEN-008", values_rule="SEN-009"
        )
        known = PredictArguments.of_names(_PARAMETERS, "encode", "SEN-010")
        config = attributes.get("config") or {}
        fixed = {key: value for key, value in config.items() if known.takes(key)}
        lock = threading.Lock()

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            given = {**fixed, **known.given(params)}
            column = list(texts.of(model_input))
            # Of no text the library gives no width: it is that of any text.
            asked = column or [""]
            try:
                with lock, hugging_face.without_panics():
                    rows = model.encode(asked, show_progress_bar=False, **given)
            except Exception as error:
                if not hugging_face.is_of_the_data(error):
                    raise
                why = f"The model cannot embed these texts: {brief(error)}."
                raise invalid("SEN-011", why) from error
            return np.asarray(rows)[: len(column)]

        return predict

    def _quiet(self) -> Any:
        return hugging_face.quiet(self._transformers())

    def _transformers(self) -> Any:
        import transformers

        return transformers

    def _measured(self, folder: ModelFolder, place: Path, name: str) -> hugging_face.Weights:
        """Return the weights of a module, which is not larger than they are."""
        transformers = self._transformers()

        config = place / "config.json"
        said = json.loads(config.read_bytes()) if config.exists() else {}
        weights = hugging_face.Weights(place, name, "SEN-007")
        weights.require_matrix(said.get("in_features"), said.get("out_features"))
        if not weights.files or "model_type" not in said:
            return weights
        options = {"local_files_only": True, "trust_remote_code": False}
        own = transformers.AutoConfig.from_pretrained(str(place), **options)
        weights.require_room_for(own, transformers.AutoModel.from_config, self.require("torch"))
        tokenizer = place / "tokenizer_config.json"
        told = json.loads(tokenizer.read_bytes()) if tokenizer.exists() else {}
        # Where it names none, the library takes one by other files, or by the model's type.
        named, base = told.get("tokenizer_class"), transformers.PreTrainedTokenizerBase
        cls = hugging_face.library_class(transformers, named, base)
        hugging_face.require_fast_tokenizer(folder, transformers, cls, name, "SEN-006")
        return weights


def _places(root: Path, name: str) -> list[str]:
    """Return the folders of a model's modules, of which the first may be the folder itself."""
    if not (root / _MODULES).exists():
        return [""]
    modules = json.loads((root / _MODULES).read_bytes())
    if not isinstance(modules, list) or not modules:
        raise InvalidModel.of_file(f"{name}/{_MODULES}", "SEN-004", "lists no modules")
    return [str(module["path"]) for module in modules]


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
