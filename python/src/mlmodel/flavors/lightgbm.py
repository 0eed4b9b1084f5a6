"""LightGBM: boosters as LightGBM's own text, and estimators of its scikit-learn interface.

Specification: spec/flavors/lightgbm.md.

The text holds numbers and no code. LightGBM's compiled reader believes what it says, though, so
every text is read by :mod:`mlmodel.trust.lightgbm_text` first (LGB-006). Estimators are objects,
which MLflow reads as pickles and skops files alone; they pass the gate.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack

from mlmodel.errors import UnsupportedModel
from mlmodel.flavors import _trees
from mlmodel.flavors._arguments import PredictArguments, require_one_of
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import NamedClasses, class_name
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved, refused_by
from mlmodel.flavors._pickling import FILES, load_object, write_object
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "LightgbmFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_BOOSTER = "lightgbm.basic.Booster"
_PIPELINE = "sklearn.pipeline.Pipeline"
_OWN = (
    _BOOSTER,
    *(f"lightgbm.sklearn.LGBM{name}" for name in ("Classifier", "Model", "Ranker", "Regressor")),
)
_SAVED = NamedClasses(_OWN, key="model_class", rule="LGB-002")
#: MLflow saves pipelines in this flavor, too.
_READ = NamedClasses((*_OWN, _PIPELINE), key="model_class", rule="LGB-002")
#: What of LightGBM's predict concerns the answer; it hands any name to compiled code.
_PARAMETERS = (
    *("start_iteration", "num_iteration", "raw_score", "pred_leaf", "pred_contrib"),
    *("pred_early_stop", "pred_early_stop_freq", "pred_early_stop_margin"),
)


class LightgbmFlavor(Flavor):
    """Boosters, and estimators of LightGBM's scikit-learn interface."""

    name = "lightgbm"
    loader_module = "mlflow.lightgbm"
    extra = ("lightgbm>=4.3", "scikit-learn>=1.3", "skops>=0.10")
    packages = ("lightgbm",)
    versions = MappingProxyType({"lgb_version": "lightgbm"})
    forms = MappingProxyType({"skops": {"serialization_format": "skops"}, "text": {}})
    form_keys = ("serialization_format", "data")
    keys_of_forms = ("skops_trusted_types",)
    class_key = _SAVED.key
    no_graph = "LightGBM makes no graphs, and no converter of other people is tested with it here"
    takes = _SAVED.models
    takes_rule = "LGB-002"

    def detects(self, model: object) -> bool:
        return _SAVED.hold(model)

    def advice(self, model: object) -> str:  # noqa: ARG002 - the contract's
        return "; the sklearn flavor saves classes derived from them"

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        lightgbm = self.require("lightgbm")
        form = options["serialization_format"]
        require_one_of("serialization_format", form, FILES, "LGB-014")
        attributes = {
            "code": None, "data": "model.lgb",
            "lgb_version": lightgbm.__version__, "model_class": class_name(model),
        }  # fmt: skip
        packages = list(self.packages)
        if class_name(model) == _BOOSTER:
            with cannot_be_saved("The model cannot be saved"):
                model.save_model(root / "model.lgb")
        else:
            keys, more = write_object(self, model, root, form)
            attributes |= {"data": FILES[form], **keys}
            packages += ["scikit-learn", *more]
        method = _trees.key_of_method(model, options["pyfunc_predict_fn"], "LGB-018")
        return Saved(attributes, {"data": attributes["data"], **method}, packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        lightgbm = self.require("lightgbm")
        named = _class_of(attributes)
        _READ.require_name(self, named, folder.root)
        file = folder.model_path(attributes, key="data", default="model.lgb")
        if named != _BOOSTER:
            self.require("sklearn", "scikit-learn")
            model = load_object(self, folder, file, attributes.get("serialization_format"))
            if class_name(model) != named:
                raise UnsupportedModel(
                    f"{file} holds a {class_name(model)}, but model_class is {named} (LGB-002)"
                )
            return model
        from mlmodel.trust import lightgbm_text  # it needs numpy

        data = folder.gate.read(folder.file(file))
        text = lightgbm_text.check(data, file)
        what = f"cannot be loaded by LightGBM {lightgbm.__version__}"
        with cannot_be_read(file, what, "LGB-004"):
            return lightgbm.Booster(model_str=text)

    def form_of(self, attributes: Mapping[str, Any]) -> str:
        return "text" if _class_of(attributes) == _BOOSTER else super().form_of(attributes)

    def forms_of(self, attributes: Mapping[str, Any]) -> Sequence[str]:
        """Return what a model can be: its Booster answers as it does, but for a classifier's."""
        named = _class_of(attributes)
        if named == _BOOSTER:
            return ("text",)
        if named not in _OWN:
            return ()
        return ("skops",) if named.endswith("Classifier") else ("skops", "text")

    def in_form(self, model: Any, form: str) -> tuple[Any, Mapping[str, Any]]:
        return (model.booster_ if form == "text" else model), self.forms[form]

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        if class_name(model) == _PIPELINE:
            from mlmodel.flavors import sklearn

            return sklearn.FLAVOR.predictor(model, {})
        from mlmodel.flavors._lightgbm_features import features_of  # it needs numpy and pandas

        error = self.require("lightgbm").basic.LightGBMError
        booster = model if class_name(model) == _BOOSTER else model.booster_
        with _trees.reading_features(attributes, "LGB-006"):
            features = features_of(booster)
        name = _trees.method_of(model, attributes, "LGB-018")
        arguments = PredictArguments(_PARAMETERS, f"LightGBM's {name}", "LGB-009")
        refused = partial(refused_by, "LightGBM", "LGB-015", error)
        return _trees.predictor(getattr(model, name), features, arguments, refused)


def _class_of(attributes: Mapping[str, Any]) -> str:
    """Return the class that a model is said to be of; one that says none is a Booster (LGB-002)."""
    return attributes.get("model_class") or _BOOSTER


FLAVOR = LightgbmFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the native model: a Booster, or an estimator or a pipeline")


@saver(FLAVOR)
def save_model(
    lgb_model: Any,
    path: PathLike,
    *,
    serialization_format: Literal["pickle", "cloudpickle", "skops"] = "cloudpickle",
    pyfunc_predict_fn: str = "predict",
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a Booster or a model of LightGBM's scikit-learn interface, atomically.

    Args:
        lgb_model: a trained ``lightgbm.Booster``, ``LGBMClassifier``, ``LGBMRegressor``,
            ``LGBMRanker`` or ``LGBMModel``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        serialization_format: how a model of the scikit-learn interface is written:
            ``cloudpickle``, ``pickle`` or ``skops``. A Booster is always LightGBM's own text.
        pyfunc_predict_fn: the method that python_function calls: ``predict``, or ``predict_proba``
            of a classifier (LGB-018).
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
