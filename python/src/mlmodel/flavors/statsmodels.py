"""statsmodels: results of fits, by formula or by arrays, of rows or of time series; a pickle.

Specification: spec/flavors/statsmodels.md.
"""

from __future__ import annotations

import pickle
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, InvalidModel, MissingDependency, UnsupportedModel
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import class_name, defined_by, not_taken
from mlmodel.flavors._failures import brief, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver
from mlmodel.scoring.predict import Taking
from mlmodel.trust.pickles import unpickle
from mlmodel.trust.pickles.own import OwnCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "StatsmodelsFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

_FILE = "model.statsmodels"


class StatsmodelsFlavor(Flavor):
    """Results of models of statsmodels."""

    name = "statsmodels"
    loader_module = "mlflow.statsmodels"
    extra = ("statsmodels>=0.14",)
    packages = ("statsmodels",)
    versions = MappingProxyType({"statsmodels_version": "statsmodels"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "statsmodels") and all(
            hasattr(model, name) for name in ("model", "params")
        )

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        statsmodels = self.require("statsmodels")
        if not self.detects(model):
            takes = "results of statsmodels, which fit returns"
            raise not_taken(self, model, takes, " (STM-003)")
        data, written = _pickled(model, remove_data=options["remove_data"])
        (root / _FILE).write_bytes(data)
        attributes = {"data": _FILE, "statsmodels_version": statsmodels.__version__}
        if not hasattr(model, "predict"):
            warn_caller(
                f"{class_name(model)} has no method predict; the model is saved without a "
                "python_function, for load_model of mlmodel.statsmodels alone (STM-005)"
            )
            return Saved(attributes, None, self.packages)
        predict = None if written is model else self.predictor(written, {})
        return Saved(attributes, {"data": _FILE}, self.packages, predict)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        self.require("statsmodels")
        path = folder.file(folder.model_path(attributes, key="data", default=_FILE))
        return folder.gate.load_pickle(path, aliases=_moved())

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        if not hasattr(model, "predict"):
            raise UnsupportedModel(
                f"{class_name(model)} has no method predict, so it is no python_function; load it "
                "by mlmodel.statsmodels (STM-005)"
            )
        from mlmodel.flavors._statsmodels_answers import ByRows, Forecast  # they need pandas

        series = self.require("statsmodels.tsa.base.tsa_model").TimeSeriesModel
        of = "statsmodels' predict"
        if isinstance(model.model, series):
            arguments = PredictArguments(
                model.predict, ("start", "end", "exog", "exog_oos"), of, "STM-010"
            )
            return Taking(Forecast(model, arguments), arguments.takes)
        arguments = PredictArguments(model.model.predict, ("params", "exog"), of, "STM-010")
        return Taking(ByRows(model, arguments), arguments.takes)


def _pickled(model: Any, *, remove_data: bool) -> tuple[bytes, Any]:
    """Return a model's pickle, and the model that it holds: another one without the data."""
    with cannot_be_saved("The model cannot be pickled", "STM-003"):
        data = pickle.dumps(model, protocol=5)
    if not remove_data and not hasattr(model.model, "formula"):
        return data, model
    # A formula is evaluated anew when it is loaded, where functions of one's own are not known.
    try:
        copy = unpickle.load_trusted(data, {}, _FILE, OwnCode())
    except (InvalidModel, MissingDependency) as error:
        raise InvalidArgument(
            f"The model could not be loaded again: {brief(error.__cause__ or error)}. Use "
            "functions of numpy (np.log) in its formula, or add a column before (STM-011)"
        ) from error
    if not remove_data:
        return data, model
    copy.remove_data()
    return pickle.dumps(copy, protocol=5), copy


def _moved() -> dict[tuple[str, str], object]:
    """Return what old pickles name that has another place now, by the name in the pickle."""
    old, new = "statsmodels.tools.decorators", "statsmodels.tools._decorators"
    if find_spec(new) is None:
        return {}
    classes = vars(import_module(new)).items()
    return {(old, name): one for name, one in classes if isinstance(one, type)}


FLAVOR = StatsmodelsFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the native results, as fit returned them")


@saver(FLAVOR)
def save_model(
    statsmodels_model: Any,
    path: PathLike,
    *,
    remove_data: bool = False,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save the results of a model of statsmodels, atomically.

    Args:
        statsmodels_model: what ``fit`` of a model returned.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        remove_data: leave the data of training out of the file, as ``remove_data`` of the results
            does, on a copy. A time series cannot predict without them.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
