"""statsmodels: results of fits, by formula or by arrays, of rows or of time series; a pickle.

Specification: spec/flavors/statsmodels.md.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import UnsupportedModel
from mlmodel.flavors import _statsmodels_pickles as _pickles
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import class_name, defined_by
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "StatsmodelsFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_FILE = "model.statsmodels"


class StatsmodelsFlavor(Flavor):
    """Results of models of statsmodels."""

    name = "statsmodels"
    loader_module = "mlflow.statsmodels"
    extra = ("statsmodels>=0.14",)
    packages = ("statsmodels",)
    takes = "results of statsmodels, which fit returns"
    takes_rule = "STM-003"
    versions = MappingProxyType({"statsmodels_version": "statsmodels"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "statsmodels") and all(
            hasattr(model, name) for name in ("model", "params")
        )

    def advice(self, model: object) -> str:
        unfitted = defined_by(model, "statsmodels") and hasattr(model, "fit")
        return "; fit it first, and save what fit returns" * unfitted

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        statsmodels = self.require("statsmodels")
        data, written = _pickles.pickled(model, _FILE, remove_data=options["remove_data"])
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
        return folder.gate.load_pickle(path, aliases=_pickles.moved())

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        if not hasattr(model, "predict"):
            raise UnsupportedModel(
                f"{class_name(model)} has no method predict, so it is no python_function; load it "
                "by mlmodel.statsmodels (STM-005)"
            )
        from mlmodel.flavors import _statsmodels_answers  # it needs pandas

        series = self.require("statsmodels.tsa.base.tsa_model").TimeSeriesModel
        return _statsmodels_answers.predictor(model, is_series=isinstance(model.model, series))


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
