"""fastai: learners as fastai exports them, which is a pickle.

Specification: spec/flavors/fastai.md.
"""

from __future__ import annotations

import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.errors import UnsupportedModel
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import class_name, defined_by
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver
from mlmodel.trust import torch_trusted

if TYPE_CHECKING:
    import io
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "FastaiFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_FILE = "model.fastai"


class FastaiFlavor(Flavor):
    """Learners of fastai 2."""

    name = "fastai"
    loader_module = "mlflow.fastai"
    extra = ("fastai>=2.7.18", "torch>=2.6")
    packages = ("fastai", "torch")
    takes = "a Learner of fastai"
    versions = MappingProxyType({"fastai_version": "fastai"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "fastai.learner", "Learner")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        fastai = self.require("fastai")
        with cannot_be_saved("The learner cannot be exported", "FAI-003", root / _FILE):
            model.export((root / _FILE).absolute())
        attributes = {"data": _FILE, "fastai_version": fastai.__version__}
        return Saved(attributes, {"data": _FILE}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        learners = self.require("fastai.learner")
        file = folder.model_path(attributes, key="data", default=_FILE)
        data = folder.gate.read_to_run(folder.file(file))
        folder.gate.require_trust(f"a pickled Learner ({file})", file)

        def read(stream: io.BytesIO, module: Any) -> Any:
            with warnings.catch_warnings():
                # That pickles run is why trust was asked for.
                warnings.filterwarnings("ignore", "load_learner` uses Python's insecure pickle")
                return learners.load_learner(stream, cpu=True, pickle_module=module)

        loaded = torch_trusted.load_by(read, data, folder.gate.own, file)
        if not self.detects(loaded):
            raise UnsupportedModel(
                f"{file} holds an object of {class_name(loaded)}, not a Learner of fastai (FAI-003)"
            )
        return loaded

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _fastai_tables  # it needs pandas

        return _fastai_tables.predictor(model)


FLAVOR = FastaiFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the Learner, on the CPU")


@saver(FLAVOR)
def save_model(fastai_learner: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a Learner as a model folder, atomically; its items and its optimizer are left out.

    Args:
        fastai_learner: a ``fastai.learner.Learner``, trained.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
