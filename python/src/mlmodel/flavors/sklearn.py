"""scikit-learn: estimators and pipelines, as pickle, cloudpickle or skops.

Specification: spec/flavors/sklearn.md.

The python_function form takes DataFrames and 2-D arrays (rows, features) and calls the
estimator's method named by ``predict_fn``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack

from mlmodel.flavors import _sklearn_methods as _methods
from mlmodel.flavors._arguments import require_one_of
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._pickling import FILES, load_object, write_object
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "SERIALIZATION_FORMAT_CLOUDPICKLE", "SERIALIZATION_FORMAT_PICKLE",
    "SERIALIZATION_FORMAT_SKOPS", "SUPPORTED_SERIALIZATION_FORMATS", "SklearnFlavor",
    "get_default_conda_env", "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

SerializationFormat = Literal["pickle", "cloudpickle", "skops"]


class SklearnFlavor(Flavor):
    """Estimators and pipelines of scikit-learn's API."""

    name = "sklearn"
    loader_module = "mlflow.sklearn"
    extra = ("scikit-learn>=1.3", "joblib>=1.3", "skops>=0.10")
    packages = ("scikit-learn",)
    takes = "estimators of scikit-learn's API"
    versions = MappingProxyType({"sklearn_version": "scikit-learn"})
    signature_kinds = frozenset({"columns", "tensors"})
    forms = MappingProxyType({"skops": {"serialization_format": "skops"}})
    form_keys = ("serialization_format", "pickled_model")

    def detects(self, model: object) -> bool:
        return defined_by(model, "sklearn") and hasattr(model, "get_params")

    def saves(self, model: object) -> bool:
        return hasattr(model, "get_params")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        sklearn = self.require("sklearn", "scikit-learn")
        form, predict_fn = options["serialization_format"], options["pyfunc_predict_fn"]
        require_one_of("serialization_format", form, FILES, "SKL-002")
        require_one_of("pyfunc_predict_fn", predict_fn, _methods.METHODS, "SKL-004")
        keys, packages = write_object(self, model, root, form)
        attributes = {"pickled_model": FILES[form], "sklearn_version": sklearn.__version__, **keys}
        python_function = {"model_path": FILES[form], "predict_fn": predict_fn}
        # A model whose chosen method it lacks is still worth saving natively.
        has_method = hasattr(model, predict_fn)
        if not has_method:
            _methods.warn_of_no_method(model, predict_fn)
        return Saved(
            attributes, python_function if has_method else None, [*self.packages, *packages]
        )

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        self.require("sklearn", "scikit-learn")
        file = folder.model_path(attributes, key="pickled_model", default="model.pkl")
        return load_object(self, folder, file, attributes.get("serialization_format"))

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        return _methods.predictor(model, attributes.get("predict_fn") or "predict")


FLAVOR = SklearnFlavor()
FLAVOR_NAME = FLAVOR.name

#: MLflow's names of the formats.
SERIALIZATION_FORMAT_PICKLE = "pickle"
SERIALIZATION_FORMAT_CLOUDPICKLE = "cloudpickle"
SERIALIZATION_FORMAT_SKOPS = "skops"
SUPPORTED_SERIALIZATION_FORMATS = list(FILES)

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the native estimator of a saved model")


@saver(FLAVOR)
def save_model(
    sk_model: Any,
    path: PathLike,
    *,
    serialization_format: SerializationFormat = "cloudpickle",
    pyfunc_predict_fn: str = "predict",
    **shared: Unpack[SaveOptions],
) -> None:
    """Save an estimator or pipeline as a model folder, atomically.

    Args:
        sk_model: a fitted estimator.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        serialization_format: ``cloudpickle`` (any estimator), ``pickle``, or ``skops`` (no code
            in the file; types that are not on our list are refused by name).
        pyfunc_predict_fn: the method that python_function calls (SKL-004).
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
