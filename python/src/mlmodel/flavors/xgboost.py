"""XGBoost: boosters and models of its scikit-learn interface, in XGBoost's own JSON or UBJSON.

Specification: spec/flavors/xgboost.md.

The files hold numbers and no code, so nothing of them needs trust. XGBoost's compiled reader
believes what they say, though: numbers that lead out of their arrays end the process. So every
file is read by :mod:`mlmodel.trust.boosters` first (XGB-006).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

from mlmodel.errors import InvalidArgument, MlmodelError, UnsupportedModel
from mlmodel.flavors._arguments import PredictArguments, require_one_of
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import NamedClasses, class_name
from mlmodel.flavors._failures import brief, cannot_be_read, cannot_be_saved
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._shared import absent_of, defaults, loader, saver
from mlmodel.scoring.predict import Taking
from mlmodel.trust.pickles.names import BOOSTER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "XgboostFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

ModelFormat = Literal["ubj", "json", "xgb"]

_BOOSTER = ".".join(BOOSTER)
_ESTIMATORS = ("Model", "Classifier", "Regressor", "Ranker", "RFClassifier", "RFRegressor")
_CLASSES = NamedClasses(
    (_BOOSTER, *(f"xgboost.sklearn.XGB{name}" for name in _ESTIMATORS)),
    key="model_class",
    rule="XGB-002",
)


#: What python_function may call (XGB-020).
_PREDICT = "predict"
_METHODS = (_PREDICT, "predict_proba")


class XgboostFlavor(Flavor):
    """Boosters, and estimators of XGBoost's scikit-learn interface."""

    name = "xgboost"
    loader_module = "mlflow.xgboost"
    extra = ("xgboost>=3.1", "scikit-learn>=1.3")
    packages = ("xgboost",)
    versions = MappingProxyType({"xgb_version": "xgboost"})
    forms = MappingProxyType({name: {"model_format": name} for name in ("ubj", "json")})
    form_keys = ("model_format", "data")
    no_graph = "XGBoost makes no graphs, and no converter of other people is tested with it here"

    def detects(self, model: object) -> bool:
        return _CLASSES.hold(model)

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        xgboost = self.require("xgboost")
        form, predict_fn = options["model_format"], options["pyfunc_predict_fn"]
        require_one_of("model_format", form, get_args(ModelFormat))
        _CLASSES.require_model(self, model, "; the sklearn flavor saves classes derived from them")
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
        python_function = {"data": file}
        if predict_fn != _PREDICT:
            _require_method(model, predict_fn, InvalidArgument)
            python_function["predict_fn"] = predict_fn
        return Saved(attributes, python_function, packages)

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
        from mlmodel.flavors._features import Features  # it needs numpy and pandas
        from mlmodel.flavors._xgboost_categories import categories_of

        xgboost = self.require("xgboost")
        is_booster = isinstance(model, xgboost.Booster)
        booster = model if is_booster else model.get_booster()
        file = attributes.get("data") or "The model's file"
        with cannot_be_read(str(file), "has features that cannot be used", "XGB-016"):
            names, types = booster.feature_names, booster.feature_types
            count, categories = int(booster.num_features()), categories_of(booster)
        features = Features(
            names, count, categories=categories,
            library="XGBoost", features_rule="XGB-007", data_rule="XGB-008", values_rule="XGB-012",
        )  # fmt: skip
        name = attributes.get("predict_fn") or _PREDICT
        _require_method(model, name, UnsupportedModel)
        method = getattr(model, name)
        arguments = PredictArguments(method, ("data", "X"), of=f"XGBoost's {name}", rule="XGB-009")

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            given = arguments.given(params)
            if given.get("iteration_range") is not None:  # a list, where it comes from JSON
                given["iteration_range"] = tuple(given["iteration_range"])
            rows = features.of(model_input)
            try:
                if is_booster:
                    told = {}
                    if names and not hasattr(rows, "columns"):
                        told = {"feature_names": names, "feature_types": types}
                    rows = xgboost.DMatrix(rows, enable_categorical=True, **told)
                return method(rows, **given)
            except xgboost.core.XGBoostError as error:
                if "alloc" in str(error):  # a lack of memory is not the caller's fault
                    raise
                why = f"XGBoost cannot predict on these data: {brief(error)}."
                raise invalid("XGB-015", why) from None

        return Taking(predict, arguments.takes)


def _require_method(model: Any, name: object, error: type[MlmodelError]) -> None:
    """Raise an error where a model has no such method of prediction (XGB-020)."""
    if name not in _METHODS or not hasattr(model, str(name)):
        raise error(
            f"predict_fn is {name!r}; it may name predict, and for a classifier of the "
            f"scikit-learn interface predict_proba (XGB-020). The model is a {class_name(model)}"
        )


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
