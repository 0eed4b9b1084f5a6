"""Folders of sentence-transformers: modules are measured before they are built (SEN-007)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel
from mlmodel.flavors import _huggingface as hugging_face
from mlmodel.flavors._failures import cannot_be_read

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import ModuleType

    from mlmodel.flavors._base import Flavor
    from mlmodel.store import ModelFolder

__all__ = ["load", "quiet"]

_MODULES = "modules.json"


def quiet() -> AbstractContextManager[None]:
    """Keep off the output what transformers says while a model is written or read."""
    import transformers

    return hugging_face.quiet(transformers)


def load(flavor: Flavor, folder: ModelFolder, name: str) -> Any:
    """Return the model in the folder ``name`` of a model.

    Raises:
        UntrustedModel: what is in it could run, and the folder is not trusted (SEN-006).
        InvalidModel: it cannot be loaded (SEN-004), or is larger than its files (SEN-007).

    """
    library = flavor.require("sentence_transformers", "sentence-transformers")
    what = f"cannot be loaded by sentence-transformers {library.__version__}"
    with hugging_face.checked_folder(folder, name, "SEN-006") as root:
        read = cannot_be_read(name, what, "SEN-004", root)
        with read, hugging_face.without_panics(), quiet():
            return _loaded(flavor, library, folder, root, name)


def _loaded(flavor: Flavor, library: ModuleType, folder: ModelFolder, root: Path, name: str) -> Any:
    measured = [
        _measured(flavor, folder, root / place, f"{name}/{place}".rstrip("/"))
        for place in _places(root, name)
    ]
    model = library.SentenceTransformer(str(root), local_files_only=True, trust_remote_code=False)
    for weights, module in zip(measured, model, strict=False):
        network = getattr(module, "auto_model", None)
        if network is not None and weights.files:
            weights.require_all_of(network)
    return model


def _measured(flavor: Flavor, folder: ModelFolder, place: Path, name: str) -> hugging_face.Weights:
    """Return the weights of a module, which is not larger than they are."""
    import transformers

    config = place / "config.json"
    said = json.loads(config.read_bytes()) if config.exists() else {}
    weights = hugging_face.Weights(place, name, "SEN-007")
    weights.require_matrix(said.get("in_features"), said.get("out_features"))
    if not weights.files or "model_type" not in said:
        return weights
    options = {"local_files_only": True, "trust_remote_code": False}
    own = transformers.AutoConfig.from_pretrained(str(place), **options)
    weights.require_room_for(own, transformers.AutoModel.from_config, flavor.require("torch"))
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
