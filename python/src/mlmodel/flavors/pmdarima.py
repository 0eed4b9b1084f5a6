"""pmdarima: ARIMA models and pipelines of them, as a pickle; forecasts that one row asks for.

Specification: spec/flavors/pmdarima.md.
"""

from __future__ import annotations

import pickle
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from packaging.version import Version

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by, not_taken
from mlmodel.flavors._failures import cannot_be_saved, refused_by
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._shared import absent_of, defaults, loader, saver
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.flavors._configuration import Configuration
    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "PmdarimaFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

_FILE = "model.pmd"
#: The first version whose models take regressors under the name ``X``.
_HAS_X = Version("1.8.0")


class PmdarimaFlavor(Flavor):
    """ARIMA models of pmdarima, found by themselves or not, and pipelines that end in one."""

    name = "pmdarima"
    loader_module = "mlflow.pmdarima"
    extra = ("pmdarima>=2.0.2",)
    packages = ("pmdarima",)
    versions = MappingProxyType({"pmdarima_version": "pmdarima"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "pmdarima") and hasattr(model, "predict")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        pmdarima = self.require("pmdarima")
        if not self.detects(model):
            takes = "models and pipelines of pmdarima"
            raise not_taken(self, model, takes, " (PMD-003)")
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
        installed = Version(self.require("pmdarima").__version__)
        own = ("n_periods", "X", "return_conf_int", "alpha")
        arguments = PredictArguments(model.predict, own, "pmdarima's predict", "PMD-009")

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            from mlmodel.flavors._configuration import Configuration  # pandas

            told = arguments.given(params)
            asked = _arguments(Configuration.of(model_input, "PMD-004", "PMD-006"), installed)
            with refused_by("pmdarima", "PMD-008"):
                answer = model.predict(**asked, **told)
            return _frame(answer, with_intervals=asked["return_conf_int"])

        return Taking(predict, arguments.takes)


def _arguments(row: Configuration, installed: Version) -> dict[str, Any]:
    """Return what the model's predict is called with."""
    periods = row.count("n_periods")
    if periods is None:
        raise invalid(
            "PMD-005",
            "A forecast needs the column n_periods, the number of periods after the data of "
            f"training; given were the columns {', '.join(row.columns) or 'none'}.",
            "n_periods",
        )
    arguments = {
        "n_periods": periods,
        "return_conf_int": row.flag("return_conf_int", default=False),
        "alpha": row.share("alpha", default=0.05),
    }
    regressors = row.rows("X")
    if regressors is None:
        return arguments
    if installed < _HAS_X:
        raise invalid(
            "PMD-007",
            f"Regressors in the column X need pmdarima {_HAS_X} or later; installed is "
            f"{installed}.",
            "X",
        )
    return {**arguments, "X": regressors}


def _frame(answer: Any, *, with_intervals: bool) -> Any:
    """Return a forecast as a data frame, with the bounds of its intervals where they are asked."""
    import numpy as np
    import pandas as pd

    if not with_intervals:
        return pd.DataFrame({"yhat": answer})
    forecast, bounds = answer
    lower, upper = np.asarray(bounds).T
    return pd.DataFrame({"yhat": forecast, "yhat_lower": lower, "yhat_upper": upper})


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
