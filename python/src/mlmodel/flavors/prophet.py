"""Prophet: a fitted forecasting model, in Prophet's own JSON, which holds no code.

Specification: spec/flavors/prophet.md.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.warnings import warn_caller
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._prophet_json import rebuilt
from mlmodel.flavors._shared import absent_of, defaults, loader, saver
from mlmodel.trust import bounds, forecasts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "ProphetFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_FILE = "model.pr"


class ProphetFlavor(Flavor):
    """Fitted models of Prophet."""

    name = "prophet"
    loader_module = "mlflow.prophet"
    extra = ("prophet>=1.1.5",)
    packages = ("prophet",)
    takes = "models of Prophet"
    takes_rule = "PPH-003"
    not_row_wise = "Prophet answers rows in the order of their times"
    versions = MappingProxyType({"prophet_version": "prophet"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "prophet") and hasattr(model, "make_future_dataframe")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        prophet = self.require("prophet")
        if any(props.get("predictor") for props in model.extra_regressors.values()):
            warn_caller(
                "The model has models of its own for some of its regressors, which Prophet does "
                "not write: the saved one has to be given these regressors (PPH-011)"
            )
        with cannot_be_saved("The model cannot be written as JSON", "PPH-003"):
            text = self.require("prophet.serialize").model_to_json(model)
        (root / _FILE).write_text(json.dumps(text), encoding="ascii")
        attributes = {
            "data": _FILE,
            "model_type": type(model).__name__,
            "prophet_version": prophet.__version__,
        }
        return Saved(attributes, {"data": _FILE}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        self.require("prophet")
        file = folder.model_path(attributes, key="data", default=_FILE)
        data = folder.gate.read(folder.file(file))
        folder.gate.budget.store(len(data))
        model = rebuilt(self, forecasts.loads(data, file), file)
        bounds.check(model, file)
        return model

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _prophet_tables  # it needs pandas

        return _prophet_tables.predictor(model)


FLAVOR = ProphetFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the native Prophet, fitted")


@saver(FLAVOR)
def save_model(pr_model: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a fitted model of Prophet, atomically.

    Args:
        pr_model: a fitted ``prophet.Prophet``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
