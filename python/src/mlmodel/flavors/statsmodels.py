"""statsmodels: results of fits, by formula or by arrays, of rows or of time series; a pickle.

Specification: spec/flavors/statsmodels.md.
"""

from __future__ import annotations

import inspect
import pickle
import sys
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, InvalidModel, MissingDependency, UnsupportedModel
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import class_name, defined_by, not_taken
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._invalid_data import invalid, invalid_each
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
_FORMULA_ERRORS = (("patsy", "PatsyError"), ("formulaic.errors", "FormulaicError"))


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
        series = self.require("statsmodels.tsa.base.tsa_model").TimeSeriesModel
        of = "statsmodels' predict"
        if isinstance(model.model, series):
            arguments = PredictArguments(
                model.predict, ("start", "end", "exog", "exog_oos"), of, "STM-010"
            )
            return Taking(_Forecast(model, arguments), arguments.takes)
        arguments = PredictArguments(model.model.predict, ("params", "exog"), of, "STM-010")
        return Taking(_Rows(model, arguments), arguments.takes)


class _Forecast:
    """Predictions of a time series from ``start`` to ``end``, which one row says (STM-007)."""

    def __init__(self, model: Any, arguments: PredictArguments) -> None:
        self._model, self._arguments = model, arguments
        takes = inspect.signature(model.predict).parameters
        self._exog = "exog_oos" if "exog_oos" in takes else "exog"

    def __call__(self, given: Any, params: Mapping[str, Any] | None, /) -> Any:
        from mlmodel.flavors._configuration import Configuration, refused_by  # it needs pandas

        row = Configuration.of(given, "STM-007", "STM-008")
        missing = [name for name in ("start", "end") if name not in row]
        if missing:
            raise invalid_each(
                "The model is one of a time series: it needs columns start and end, places or "
                f"dates of the series, and {' and '.join(missing)} is missing (STM-007).",
                "STM-007",
                {name: f"Column {name!r} is missing." for name in missing},
            )
        told = self._arguments.given(params)
        future = row.rows("exog")
        if future is not None:
            told[self._exog] = future
        with refused_by("statsmodels", "STM-009", AttributeError):
            return self._model.predict(
                start=_place(row.get("start")), end=_place(row.get("end")), **told
            )


class _Rows:
    """Predictions for rows: what a formula names, or the columns of the regression."""

    def __init__(self, model: Any, arguments: PredictArguments) -> None:
        from mlmodel.flavors._features import Features  # it needs numpy and pandas

        self._model, self._arguments = model, arguments
        self._by_formula = hasattr(model.model, "formula")
        names, count = _regressors(model.model)
        self._features = Features(
            names, count, library="statsmodels",
            features_rule="STM-006", data_rule="STM-004", values_rule="STM-008",
        )  # fmt: skip

    def __call__(self, given: Any, params: Mapping[str, Any] | None, /) -> Any:
        from mlmodel.flavors._configuration import refused_by

        told = self._arguments.given(params)
        rows = self._variables(given) if self._by_formula else self._features.of(given)
        if not self._by_formula and hasattr(rows, "columns"):
            rows = rows.astype("float64")
        with refused_by("statsmodels", "STM-009", *_formula_errors()):
            return self._model.predict(rows, **told)

    def _variables(self, given: Any) -> Any:
        from mlmodel.flavors._tables import as_table, plain_columns

        table = as_table(given)
        if table is None:
            raise invalid(
                "STM-004",
                "The model was fitted by a formula, whose variables have names: give a table (a "
                f"DataFrame, records, a mapping of columns), not {type(given).__name__}.",
            )
        return plain_columns(table)


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
            f"The model could not be loaded again: {error.message} Use functions of numpy "
            "(np.log) in its formula, or add a column before (STM-011)"
        ) from error
    if not remove_data:
        return data, model
    copy.remove_data()
    return pickle.dumps(copy, protocol=5), copy


def _regressors(model: Any) -> tuple[list[str] | None, int]:
    """Return the names of the columns that a model was fitted to, if it has any, and how many."""
    data = model.data
    given: Any = getattr(data, "orig_exog", None)
    if hasattr(given, "columns"):
        return list(map(str, given.columns)), len(given.columns)
    exog = getattr(model, "exog", None)
    if exog is not None:
        return None, 1 if exog.ndim == 1 else exog.shape[1]
    # The data were removed. Models with parameters of other kinds have names of these there, too.
    names = list(map(str, data.xnames or ()))
    others = getattr(model, "k_extra", 0) or getattr(model, "k_inflate", 0)
    has_names = type(data).__name__.startswith("Pandas") and not others
    return (names if has_names else None), len(names) - int(others or 0)


def _formula_errors() -> list[type[Exception]]:
    """Return what the libraries of formulas raise that are in use."""
    there = ((sys.modules.get(module), name) for module, name in _FORMULA_ERRORS)
    return [getattr(module, name) for module, name in there if module is not None]


def _moved() -> dict[tuple[str, str], object]:
    """Return what old pickles name that has another place now, by the name in the pickle."""
    old, new = "statsmodels.tools.decorators", "statsmodels.tools._decorators"
    if find_spec(new) is None:
        return {}
    classes = vars(import_module(new)).items()
    return {(old, name): one for name, one in classes if isinstance(one, type)}


def _place(value: Any) -> Any:
    """Return a place in a series as statsmodels takes it: numpy's integers are Python's."""
    return int(value) if hasattr(value, "dtype") and value.dtype.kind in "iu" else value


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
