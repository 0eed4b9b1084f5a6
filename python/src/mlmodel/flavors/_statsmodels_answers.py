"""How results of statsmodels predict: a time series by one row, everything else row by row."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._configuration import Configuration
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._features import Features
from mlmodel.flavors._invalid_data import invalid_each
from mlmodel.flavors._tables import plain_columns, required_table
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

_FORMULA_ERRORS = (("patsy", "PatsyError"), ("formulaic.errors", "FormulaicError"))


def predictor(model: Any, *, is_series: bool) -> Predict:
    """Return how results predict; ``is_series``, whether they are of a model of a time series."""
    data = ("start", "end", "exog", "exog_oos") if is_series else ("params", "exog")
    method = model.predict if is_series else model.model.predict
    arguments = PredictArguments.of_method(method, data, "statsmodels' predict", "STM-010")
    return Taking((Forecast if is_series else ByRows)(model, arguments), arguments.takes)


class Forecast:
    """Predictions of a time series from ``start`` to ``end``, which one row says (STM-007)."""

    def __init__(self, model: Any, arguments: PredictArguments) -> None:
        self._model, self._arguments = model, arguments
        takes = inspect.signature(model.predict).parameters
        self._exog = "exog_oos" if "exog_oos" in takes else "exog"

    def __call__(self, given: Any, params: Mapping[str, Any] | None, /) -> Any:
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


class ByRows:
    """Predictions for rows: what a formula names, or the columns of the regression."""

    def __init__(self, model: Any, arguments: PredictArguments) -> None:
        self._model, self._arguments = model, arguments
        self._by_formula = hasattr(model.model, "formula")
        names, count = _regressors(model.model)
        self._features = Features(
            names, count, library="statsmodels",
            features_rule="STM-006", data_rule="STM-004", values_rule="STM-008",
        )  # fmt: skip

    def __call__(self, given: Any, params: Mapping[str, Any] | None, /) -> Any:
        told = self._arguments.given(params)
        rows = self._variables(given) if self._by_formula else self._features.of(given)
        if not self._by_formula and hasattr(rows, "columns"):
            rows = rows.astype("float64")
        with refused_by("statsmodels", "STM-009", *_formula_errors()):
            return self._model.predict(rows, **told)

    def _variables(self, given: Any) -> Any:
        has = " with the variables of the formula"
        return plain_columns(required_table(given, "STM-004", "A model fitted by a formula", has))


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


def _place(value: Any) -> Any:
    """Return a place in a series as statsmodels takes it: numpy's integers are Python's."""
    return int(value) if hasattr(value, "dtype") and value.dtype.kind in "iu" else value
