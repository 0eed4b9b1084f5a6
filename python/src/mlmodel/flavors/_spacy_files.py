"""Folders that spaCy writes: what builds a pipeline is looked at first (SPA-006)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import UnsupportedModel
from mlmodel.flavors._failures import cannot_be_read
from mlmodel.flavors._named_files import folder_inside

if TYPE_CHECKING:
    from types import ModuleType

    from mlmodel.store import ModelFolder

__all__ = ["load"]

_CONFIG = "config.cfg"


def load(spacy: ModuleType, folder: ModelFolder, name: str) -> Any:
    """Return the pipeline in the folder ``name`` of a model.

    Raises:
        UnsupportedModel: spaCy 2 or older wrote it (SPA-004).
        UntrustedModel: its configuration names what is not on the list (SPA-006).
        InvalidModel: spaCy cannot load it (SPA-004).

    """
    from mlmodel.trust import spacy_models

    root = folder_inside(folder, name)
    file = f"{name}/{_CONFIG}"
    if not (root / _CONFIG).exists() and (root / "meta.json").exists():
        raise UnsupportedModel(
            f"{folder.root}: {name} has no {_CONFIG}, so spaCy 2 or older wrote it, and spaCy "
            f"{spacy.__version__} does not read it. Train the pipeline again (SPA-004)"
        )
    data = folder.gate.read(root / _CONFIG)
    what = f"cannot be loaded by spaCy {spacy.__version__}"
    with cannot_be_read(name, what, "SPA-004", root):
        # Read as spaCy itself does, once; what it fills in later is filled in here, too.
        config = spacy.util.Config().from_bytes(data, interpolate=False)
        names = spacy_models.refused_names(config.copy().interpolate())
    for reason in [*spacy_models.refused_in(data), *names][:1]:
        folder.gate.require_trust(f"the configuration of spaCy {reason} (SPA-006)", file)
    with cannot_be_read(name, what, "SPA-004", root):
        meta = spacy.util.get_model_meta(root)
        pipeline = spacy.util.load_model_from_config(config, meta=meta)
        built = spacy_models.layers(
            (f"{name}/{owner}", part.model)
            for owner, part in pipeline.components
            if hasattr(getattr(part, "model", None), "walk")
        )
        pipeline.from_disk(root)
    spacy_models.check_numbers(built)
    return pipeline
