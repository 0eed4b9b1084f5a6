"""XGBoost: boosters and models of its scikit-learn interface, in XGBoost's own JSON or UBJSON.

Specification: spec/flavors/xgboost.md.

The files hold numbers and no code, so nothing of them needs trust. XGBoost's compiled reader
believes what they say, though: numbers that lead out of their arrays end the process. So every
file is read here first, and held to the rules of :func:`_check_learner` (XGB-006).
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Literal, Unpack

from mlmodel._base.extras import require
from mlmodel.errors import (
    InputViolation,
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    UnsupportedModel,
)
from mlmodel.flavors._base import Flavor, Saved
from mlmodel.flavors._shared import load_flavor, save_flavor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlmodel.document.paths import PathLike
    from mlmodel.scoring.predict import Predict
    from mlmodel.store.folder import ModelFolder
    from mlmodel.store.saving import SaveOptions

__all__ = ["FLAVOR", "XgboostFlavor", "load_model", "save_model"]

ModelFormat = Literal["ubj", "json", "xgb"]

_BOOSTER = "xgboost.core.Booster"
#: Every class that a file may name (XGB-002); nothing else is ever imported on its word.
_CLASSES = (
    _BOOSTER,
    *(
        f"xgboost.sklearn.XGB{name}"
        for name in ("Model", "Classifier", "Regressor", "Ranker", "RFClassifier", "RFRegressor")
    ),
)
_FORMATS = ("ubj", "json", "xgb")


class XgboostFlavor(Flavor):
    """Boosters, and estimators of XGBoost's scikit-learn interface."""

    name = "xgboost"
    loader_module = "mlflow.xgboost"
    extra = ("xgboost>=2.1", "scikit-learn>=1.3")

    def detects(self, model: object) -> bool:
        return _class_of(model) in _CLASSES

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        xgboost = require("xgboost", self.name)
        form = options.get("model_format", "ubj")
        if form not in _FORMATS:
            raise InvalidArgument(f"model_format is one of {', '.join(_FORMATS)}, not {form!r}")
        if not self.detects(model):
            raise InvalidArgument(
                f"The xgboost flavor saves models of {', '.join(_CLASSES)}, not "
                f"{_class_of(model)} (XGB-002); the sklearn flavor saves classes derived from them"
            )
        file = f"model.{form}"
        _write(model, root / file)
        attributes = {
            "data": file,
            "model_class": _class_of(model),
            "model_format": form,
            "xgb_version": xgboost.__version__,
        }
        packages = ["xgboost"]
        if _class_of(model) != _BOOSTER:
            packages.append("scikit-learn")
            attributes |= _missing_value(model)
        return Saved(attributes, {"data": file}, packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        xgboost = require("xgboost", self.name)
        named = attributes.get("model_class") or _BOOSTER
        if named not in _CLASSES:
            raise UnsupportedModel(
                f"{folder.root}: model_class is {named!r}; it may name one of "
                f"{', '.join(_CLASSES)} (XGB-002). mlmodel.xgboost does not import other classes"
            )
        if named != _BOOSTER:
            require("sklearn", self.name)
        file = folder.model_path(attributes, key="data", default="model.xgb")
        data = folder.gate.read(folder.file(file))
        from mlmodel.trust import boosters  # it needs numpy

        boosters.check(data, file)
        model = getattr(xgboost, named.rpartition(".")[2])()
        try:
            model.load_model(bytearray(data))
        except (xgboost.core.XGBoostError, TypeError, ValueError) as error:
            what = f"cannot be loaded by XGBoost {xgboost.__version__}: {_brief(error)}"
            raise InvalidModel.of_file(file, "XGB-004", what) from None
        if attributes.get("missing") is not None and named != _BOOSTER:
            model.set_params(missing=attributes["missing"])
        return model

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        return _predictor(model)


FLAVOR = XgboostFlavor()


def save_model(
    xgb_model: Any,
    path: PathLike,
    *,
    model_format: ModelFormat = "ubj",
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a Booster or a model of XGBoost's scikit-learn interface, atomically.

    Args:
        xgb_model: a trained ``xgboost.Booster``, ``XGBClassifier``, ``XGBRegressor``,
            ``XGBRanker``, ``XGBRFClassifier`` or ``XGBRFRegressor``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        model_format: ``ubj`` (binary), ``json``, or ``xgb``: the old name of the file, which
            holds UBJSON too.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    Raises:
        InvalidArgument: an argument is wrong, or the model is not trained; nothing was written.
        ModelExists: ``path`` is taken.
        WriteFailed: disk full or no permission; nothing was left behind.

    """
    save_flavor(FLAVOR, xgb_model, path, {"model_format": model_format}, **shared)


def load_model(
    model_uri: PathLike,
    dst_path: PathLike | None = None,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
) -> Any:
    """Return the native model: a Booster, or the scikit-learn model that was saved.

    Args:
        model_uri: the model's folder, or a URI of one.
        dst_path: an existing folder to copy the model into first, and to load it from.
        trust: run the code that the model brings along, if any (TRU-004).
        allow: for all flavors alike; nothing here is allowed by name.

    Raises:
        ModelNotFound, InvalidModel, UnreadableModel, UnsupportedModel, MissingDependency

    """
    return load_flavor(FLAVOR, model_uri, trust=trust, allow=allow, dst_path=dst_path)


def _class_of(model: object) -> str:
    return f"{type(model).__module__}.{type(model).__qualname__}"


def _write(model: Any, path: Path) -> None:
    """Write the model by XGBoost itself, whose writer goes by the suffix."""
    written = path.with_suffix(".json" if path.suffix == ".json" else ".ubj")
    try:
        model.save_model(written)
    except OSError:
        raise
    except Exception as error:
        raise InvalidArgument(f"The model cannot be saved: {_brief(error)}") from error
    if written != path:
        written.rename(path)


def _missing_value(model: Any) -> dict[str, Any]:
    """Return what XGBoost's own file leaves out and predictions depend on (XGB-003)."""
    missing = model.get_params().get("missing")
    if missing is None or missing != missing:  # noqa: PLR0124 - NaN, the default
        return {}
    return {"missing": float(missing)}


def _brief(error: BaseException) -> str:
    """Return an error's first sentence, without the trace and the paths of compiled code."""
    first = str(error).strip().partition("\n")[0]
    return (
        re.sub(r"^(\[[\d:]+\] )?(\S+:\d+: )?", "", first).strip().rstrip(":. ")
        or type(error).__name__
    )


def _predictor(model: Any) -> Predict:
    xgboost = require("xgboost", FLAVOR.name)
    is_booster = isinstance(model, xgboost.Booster)
    booster = model if is_booster else model.get_booster()
    features = _Features(booster)
    known = set(inspect.signature(model.predict).parameters) - {"data", "X"}

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        options = _options(params, known) if params else {}
        rows = features.of(model_input)
        if is_booster:
            named = features.names if not hasattr(rows, "columns") else None
            rows = xgboost.DMatrix(
                rows,
                feature_names=named,
                feature_types=features.types if named else None,
                enable_categorical=True,
            )
        return model.predict(rows, **options)

    return predict


def _options(params: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    """Return parameters as arguments of XGBoost's ``predict`` (XGB-009)."""
    unknown = [name for name in params if name not in known]
    if unknown:
        raise InvalidInput(
            "The parameters break the rules of the model.",
            [
                InputViolation(
                    "XGB-009",
                    f"Parameter {name!r} is none of XGBoost's predict; "
                    f"known are {', '.join(sorted(known))}.",
                    name,
                )
                for name in unknown
            ],
        )
    return {
        name: tuple(value) if name == "iteration_range" and value is not None else value
        for name, value in params.items()
    }


class _Features:
    """The columns that a model was trained on, and how given data become them (XGB-007, -008)."""

    def __init__(self, booster: Any) -> None:
        self.names: list[str] | None = booster.feature_names
        self.types: list[str] | None = booster.feature_types
        self.count = int(booster.num_features())
        self._labels: set[str] = set(self.names or ())
        self._categorical = (
            [place for place, kind in enumerate(self.types or ()) if kind == "c"]
            if _keeps_categories(booster)
            else []
        )

    def of(self, given: Any) -> Any:
        """Return a DataFrame with the model's columns in their order, or the array as it is.

        Raises:
            InvalidInput: another kind of data, or columns are missing.

        """
        pandas = require("pandas", "predict")
        if isinstance(given, pandas.DataFrame):
            return self._texts_as_categories(self._frame(given), pandas)
        if isinstance(given, list):
            given = require("numpy", "predict").asarray(given)
        shape: tuple[int, ...] = getattr(given, "shape", ())
        if len(shape) != 2:  # noqa: PLR2004 - rows and features
            raise _refused(
                "XGB-008",
                "XGBoost takes a DataFrame or a 2-D array of rows and features, "
                f"not {type(given).__name__}{f' of shape {list(shape)}' if shape else ''}.",
            )
        if shape[1] != self.count:
            raise _refused("XGB-007", f"{self.count} features are due, {shape[1]} given.")
        return given

    def _frame(self, frame: Any) -> Any:
        given = [str(name) for name in frame.columns]
        if given == self.names:
            return frame
        if self.names is None or (not self._labels & set(given) and _unnamed(frame.columns)):
            if len(given) != self.count:
                raise _refused("XGB-007", f"{self.count} features are due, {len(given)} given.")
            return frame if self.names is None else frame.set_axis(self.names, axis=1)
        places = {name: place for place, name in reversed(list(enumerate(given)))}
        missing = [name for name in self.names if name not in places]
        if missing:
            raise InvalidInput(
                "The data lack features of the model.",
                [
                    InputViolation("XGB-007", f"Feature {name!r} is missing.", name)
                    for name in missing
                ],
            )
        return frame.iloc[:, [places[name] for name in self.names]]

    def _texts_as_categories(self, frame: Any, pandas: Any) -> Any:
        """Return texts in categorical features as categories, which the model's own are held to."""
        texts = [
            place
            for place in self._categorical
            if pandas.api.types.is_string_dtype(frame.dtypes.iloc[place])
        ]
        if not texts:
            return frame
        names = frame.columns
        return (
            frame.set_axis(range(len(names)), axis=1)
            .astype(dict.fromkeys(texts, "category"))
            .set_axis(names, axis=1)
        )


def _unnamed(columns: Any) -> bool:
    return bool(columns.dtype.kind == "i") and list(columns) == list(range(len(columns)))


def _keeps_categories(booster: Any) -> bool:
    """Return whether the model keeps its categories, so that a frame's own order is no matter."""
    if "c" not in (booster.feature_types or ()) or not hasattr(booster, "get_categories"):
        return False
    return not booster.get_categories().empty()


def _refused(rule: str, message: str) -> InvalidInput:
    return InvalidInput(f"{message} ({rule})", [InputViolation(rule, message)])
