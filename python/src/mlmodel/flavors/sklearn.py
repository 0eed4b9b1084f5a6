"""scikit-learn: estimators and pipelines, as pickle, cloudpickle or skops.

Specification: spec/flavors/sklearn.md.

The python_function form takes DataFrames and 2-D arrays (rows, features) and calls the
estimator's method named by ``predict_fn``.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Literal, Unpack

from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.flavors._base import Flavor, Saved, defined_by
from mlmodel.flavors._shared import load_flavor, save_flavor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlmodel.document.paths import PathLike
    from mlmodel.scoring.predict import Predict
    from mlmodel.store.folder import ModelFolder
    from mlmodel.store.saving import SaveOptions

__all__ = ["FLAVOR", "SklearnFlavor", "load_model", "save_model"]

SerializationFormat = Literal["pickle", "cloudpickle", "skops"]

#: File name per serialization format (SKL-002).
_FILES = {"pickle": "model.pkl", "cloudpickle": "model.pkl", "skops": "model.skops"}

#: Methods that ``predict_fn`` may name (SKL-004): those that take X alone and predict.
_PREDICT_METHODS = (
    "predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba",
    "score_samples", "decision_function", "transform",
)  # fmt: skip


class SklearnFlavor(Flavor):
    """Estimators and pipelines of scikit-learn's API."""

    name = "sklearn"
    loader_module = "mlflow.sklearn"
    extra = ("scikit-learn>=1.3", "joblib>=1.3", "skops>=0.10")
    signature_kinds = frozenset({"columns", "tensors"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "sklearn") and hasattr(model, "get_params")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        sklearn = require("sklearn", self.name)
        form = options.get("serialization_format", "cloudpickle")
        predict_fn = options.get("pyfunc_predict_fn", "predict")
        _check_options(form, predict_fn)
        if not hasattr(model, "get_params"):
            raise InvalidArgument(
                "The sklearn flavor saves estimators of scikit-learn's API, "
                f"not {type(model).__module__}.{type(model).__qualname__}"
            )
        file = _FILES[form]
        (root / file).write_bytes(_WRITERS[form](model))
        attributes = {
            "pickled_model": file,
            "serialization_format": form,
            "sklearn_version": sklearn.__version__,
        }
        if form == "skops":
            attributes["skops_trusted_types"] = _skops_types(root / file)
        python_function = {"model_path": file, "predict_fn": predict_fn}
        packages = [
            "scikit-learn",
            *{"cloudpickle": ["cloudpickle"], "skops": ["skops"]}.get(form, []),
        ]
        # A model whose chosen method it lacks is still worth saving natively.
        has_method = hasattr(model, predict_fn)
        return Saved(attributes, python_function if has_method else None, packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        require("sklearn", self.name)
        path = folder.file(folder.model_path(attributes, key="pickled_model", default="model.pkl"))
        form = attributes.get("serialization_format") or "pickle"
        if form == "skops" or path.suffix == ".skops":
            require("skops", self.name)
            return folder.gate.load_skops(path)
        return folder.gate.load_pickle(path)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        name = attributes.get("predict_fn") or "predict"
        if name not in _PREDICT_METHODS or not hasattr(model, name):
            raise UnsupportedModel(
                f"predict_fn is {name!r}, but the model ({type(model).__qualname__}) has no such "
                f"method of prediction (SKL-004); it may name one of {', '.join(_PREDICT_METHODS)}"
            )
        method = getattr(model, name)

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            return method(model_input, **(params or {}))

        return predict


FLAVOR = SklearnFlavor()


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

    Raises:
        InvalidArgument: an argument is wrong; nothing was written.
        ModelExists: ``path`` is taken.
        WriteFailed: disk full or no permission; nothing was left behind.

    """
    options = {"serialization_format": serialization_format, "pyfunc_predict_fn": pyfunc_predict_fn}
    save_flavor(FLAVOR, sk_model, path, options, **shared)


def load_model(
    model_uri: PathLike,
    dst_path: PathLike | None = None,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
) -> Any:
    """Return the native estimator of a saved model; nothing is wrapped or enforced.

    Args:
        model_uri: the model's folder, or a URI of one.
        dst_path: an existing folder to copy the model into first, and to load it from.
        trust: run whatever the model's files contain (TRU-004).
        allow: classes, by exact qualified name, that may be loaded beside the known ones.

    Raises:
        ModelNotFound, InvalidModel, UnsupportedModel, UntrustedModel, MissingDependency

    """
    return load_flavor(FLAVOR, model_uri, trust=trust, allow=allow, dst_path=dst_path)


def _check_options(form: str, predict_fn: str) -> None:
    if form not in _FILES:
        raise InvalidArgument(
            f"serialization_format is one of {', '.join(_FILES)}, not {form!r} (SKL-002)"
        )
    if predict_fn not in _PREDICT_METHODS:
        raise InvalidArgument(
            f"pyfunc_predict_fn is one of {', '.join(_PREDICT_METHODS)}, "
            f"not {predict_fn!r} (SKL-004)"
        )


def _pickle(model: Any) -> bytes:
    try:
        return pickle.dumps(model, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InvalidArgument(
            f"The model cannot be pickled: {error}. serialization_format='cloudpickle' holds "
            "functions and classes that no module defines"
        ) from error


def _cloudpickle(model: Any) -> bytes:
    data: bytes = require("cloudpickle", "predict").dumps(model, protocol=5)
    return data


def _skops(model: Any) -> bytes:
    data: bytes = require("skops.io", FLAVOR.name).dumps(model)
    return data


_WRITERS = {"pickle": _pickle, "cloudpickle": _cloudpickle, "skops": _skops}


def _skops_types(path: Path) -> list[str]:
    """Return the types beyond skops' own list, which MLflow reads from the MLmodel file.

    Written for MLflow's sake alone: loading here goes by our list, never by the model's.
    """
    types: list[str] = require("skops.io", FLAVOR.name).get_untrusted_types(file=path)
    return types
