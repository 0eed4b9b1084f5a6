"""pmdarima: ARIMA models and pipelines of them, as a pickle; forecasts that one row asks for.

Specification: spec/flavors/pmdarima.md.
"""

from __future__ import annotations

import pickle
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "PmdarimaFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_FILE = "model.pmd"


class PmdarimaFlavor(Flavor):
    """ARIMA models of pmdarima, found by themselves or not, and pipelines that end in one."""

    name = "pmdarima"
    loader_module = "mlflow.pmdarima"
    extra = ("pmdarima>=2.0.2",)
    packages = ("pmdarima",)
    takes = "models and pipelines of pmdarima"
    takes_rule = "PMD-003"
    not_row_wise = "pmdarima is asked for a whole forecast by one row"
    versions = MappingProxyType({"pmdarima_version": "pmdarima"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "pmdarima") and hasattr(model, "predict")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        pmdarima = self.require("pmdarima")
        with cannot_be_saved("The model cannot be pickled", "PMD-003"):
            data = pickle.dumps(model, protocol=5)
        (root / _FILE).write_bytes(data)
        attributes = {
            "data": _FILE,
            "model_type": type(model).__name__,
            "pmdarima_version": pmdarima.__version__,
        }
        return Saved(attributes, {"data": _FILE}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        self.require("pmdarima")
        path = folder.file(folder.model_path(attributes, key="data", default=_FILE))
        return folder.gate.load_pickle(path)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _pmdarima_forecasts  # it needs pandas

        return _pmdarima_forecasts.predictor(model, self.require("pmdarima").__version__)


FLAVOR = PmdarimaFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the native model: an ARIMA, AutoARIMA or Pipeline")


@saver(FLAVOR)
def save_model(pmdarima_model: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a fitted model or pipeline of pmdarima, atomically.

    Args:
        pmdarima_model: a fitted ``ARIMA``, ``AutoARIMA`` or ``Pipeline``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
