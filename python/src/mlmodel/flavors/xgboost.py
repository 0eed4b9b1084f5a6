"""XGBoost: boosters and models of its scikit-learn interface, in XGBoost's own JSON or UBJSON.

Specification: spec/flavors/xgboost.md.

The files hold numbers and no code, so nothing of them needs trust. XGBoost's compiled reader
believes what they say, though: numbers that lead out of their arrays end the process. So every
file is read by :mod:`mlmodel.trust.boosters` first (XGB-006).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

from mlmodel.flavors import _trees
from mlmodel.flavors._arguments import require_one_of
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import NamedClasses, class_name
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver
from mlmodel.trust.pickles.names import BOOSTER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "XgboostFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

ModelFormat = Literal["ubj", "json", "xgb"]

_BOOSTER = ".".join(BOOSTER)
_ESTIMATORS = ("Model", "Classifier", "Regressor", "Ranker", "RFClassifier", "RFRegressor")
_CLASSES = NamedClasses(
    (_BOOSTER, *(f"xgboost.sklearn.XGB{name}" for name in _ESTIMATORS)),
    key="model_class",
    rule="XGB-002",
)


class XgboostFlavor(Flavor):
    """Boosters, and estimators of XGBoost's scikit-learn interface."""

    name = "xgboost"
    loader_module = "mlflow.xgboost"
    extra = ("xgboost>=3.2", "scikit-learn>=1.3")
    packages = ("xgboost",)
    versions = MappingProxyType({"xgb_version": "xgboost"})
    forms = MappingProxyType({name: {"model_format": name} for name in ("ubj", "json")})
    form_keys = ("model_format", "data")
    class_key = _CLASSES.key
    no_graph = "XGBoost makes no graphs, and no converter of other people is tested with it here"
    takes = _CLASSES.models
    takes_rule = "XGB-002"

    def detects(self, model: object) -> bool:
        return _CLASSES.hold(model)

    def advice(self, model: object) -> str:  # noqa: ARG002 - the contract's
        return "; the sklearn flavor saves classes derived from them"

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        xgboost = self.require("xgboost")
        form = options["model_format"]
        require_one_of("model_format", form, get_args(ModelFormat))
        file = f"model.{form}"
        # XGBoost's writer goes by the suffix, and knows two.
        written = root / ("model.json" if form == "json" else "model.ubj")
        with cannot_be_saved("The model cannot be saved"):
            model.save_model(written)
        written.rename(root / file)
        attributes = {
            "data": file,
            "model_class": class_name(model),
            "model_format": form,
            "xgb_version": xgboost.__version__,
        }
        packages = list(self.packages)
        if class_name(model) != _BOOSTER:
            packages.append("scikit-learn")
            attributes |= _missing_value(model)
        method = _trees.key_of_method(model, options["pyfunc_predict_fn"], "XGB-020")
        return Saved(attributes, {"data": file, **method}, packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        xgboost = self.require("xgboost")
        named = attributes.get("model_class") or _BOOSTER
        if named != _BOOSTER:
            self.require("sklearn", "scikit-learn")
        file = folder.model_path(attributes, key="data", default="model.xgb")
        data = folder.gate.read(folder.file(file))
        from mlmodel.trust import boosters  # it needs numpy

        folder.gate.budget.store(len(data))
        boosters.check(data, file, folder.gate.budget)
        if named in _CLASSES.names:
            model = getattr(xgboost, named.rpartition(".")[2])()
        else:
            code = folder.use_code(attributes)
            bases = (xgboost.Booster, xgboost.XGBModel)
            model = _CLASSES.imported(str(named), folder, code, bases)()
        what = f"cannot be loaded by XGBoost {xgboost.__version__}"
        with cannot_be_read(file, what, "XGB-004"):
            model.load_model(bytearray(data))
        if attributes.get("missing") is not None and named != _BOOSTER:
            model.set_params(missing=attributes["missing"])
        return model

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        from mlmodel.flavors import _xgboost_predict  # it needs numpy and pandas

        return _xgboost_predict.predictor(self.require("xgboost"), model, attributes)


def _missing_value(model: Any) -> dict[str, Any]:
    """Return what XGBoost's own file leaves out and predictions depend on (XGB-011)."""
    missing = model.get_params().get("missing")
    if missing is None or missing != missing:  # noqa: PLR0124 - NaN, the default
        return {}
    return {"missing": float(missing)}


FLAVOR = XgboostFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the native model: a Booster, or the scikit-learn model saved")


@saver(FLAVOR)
def save_model(
    xgb_model: Any,
    path: PathLike,
    *,
    model_format: ModelFormat = "ubj",
    pyfunc_predict_fn: str = "predict",
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a Booster or a model of XGBoost's scikit-learn interface, atomically.

    Args:
        xgb_model: a trained ``xgboost.Booster``, ``XGBClassifier``, ``XGBRegressor``,
            ``XGBRanker``, ``XGBRFClassifier`` or ``XGBRFRegressor``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        model_format: ``ubj`` (binary), ``json``, or ``xgb``: the old name of the file, which
            holds UBJSON too.
        pyfunc_predict_fn: the method that python_function calls: ``predict``, or ``predict_proba``
            of a classifier (XGB-020).
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
