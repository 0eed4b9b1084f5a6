"""diviner: models of Prophet or pmdarima for groups of series; forecasts that one row asks for.

Specification: spec/flavors/diviner.md.

Groups of Prophet's models are JSON, which holds no code. Those of pmdarima are pickles within
JSON, and ask for trust.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import NamedClasses, class_name
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "DivinerFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_FILE = "model.div"
_SAVED = ("diviner.grouped_pmdarima.GroupedPmdarima", "diviner.grouped_prophet.GroupedProphet")
_READ = NamedClasses(("GroupedPmdarima", "GroupedProphet"), key="model_type", rule="DIV-003")


class DivinerFlavor(Flavor):
    """Fitted groups of models, of Prophet or of pmdarima."""

    name = "diviner"
    loader_module = "mlflow.diviner"
    extra = ("diviner>=0.1.1", "pandas<3")
    packages = ("diviner",)
    takes = "fitted GroupedProphet and GroupedPmdarima"
    takes_rule = "DIV-003"
    not_row_wise = "diviner forecasts all groups at the first row"
    versions = MappingProxyType({"diviner_version": "diviner"})

    def detects(self, model: object) -> bool:
        return class_name(model) in _SAVED

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        diviner = self.require("diviner")
        if getattr(model, "_fit_with_spark", False):
            raise InvalidArgument(
                "The model was fitted by Spark, whose models are written by Spark alone (DIV-004)"
            )
        from mlmodel.flavors import _diviner_files as files

        with cannot_be_saved("The model cannot be saved", "DIV-003"):
            (root / _FILE).write_text(files.written(self, model, root), encoding="utf-8")
        attributes = {
            "data": _FILE,
            "diviner_version": diviner.__version__,
            "fit_with_spark": False,
            "model_type": type(model).__name__,
        }
        return Saved(attributes, {"data": _FILE}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        self.require("diviner")
        from mlmodel.flavors import _diviner_files as files

        named = attributes.get("model_type")
        _READ.require_name(self, named, folder.root)
        if attributes.get("fit_with_spark"):
            raise UnsupportedModel(
                f"{folder.root}: the model was fitted by Spark, and its file is a table of Spark; "
                f"load it there, by diviner.{named}.load (DIV-004)"
            )
        file = folder.model_path(attributes, key="data", default=_FILE)
        return files.loaded(self, folder, file, str(named))

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _diviner_forecasts  # it needs pandas

        error = self.require("diviner.exceptions").DivinerException
        return _diviner_forecasts.predictor(model, error)


FLAVOR = DivinerFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the native model: a GroupedProphet or GroupedPmdarima")


@saver(FLAVOR)
def save_model(diviner_model: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save fitted models of groups of series, atomically.

    Args:
        diviner_model: a fitted ``diviner.GroupedProphet`` or ``diviner.GroupedPmdarima``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
