"""What a model of diviner is asked by a row, and how it answers (DIV-010 to DIV-018)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import shown
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._configuration import Configuration, rows_of
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._invalid_data import invalid
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["forecast", "predictor"]

_SEQUENCES = (list, tuple, np.ndarray)
_SHOWN = 5
_ON_ERROR = ("raise", "warn", "ignore")


def predictor(model: Any, error: type[Exception]) -> Predict:
    """Return how a model forecasts, which takes no parameters; ``error`` is diviner's own."""

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A model of diviner")
        return forecast(model, model_input, error)

    return Taking(predict, lambda _name: False)


def forecast(model: Any, given: Any, error: type[Exception]) -> Any:
    """Return what a model forecasts for its groups, or those that the row names.

    ``error`` is diviner's own.

    Raises:
        InvalidInput: the data are no table, or a rule of the page does not hold for its first row.

    Warns:
        UserWarning: the table has more rows, or a group is not known and ``on_error`` is ``warn``.

    """
    frame = rows_of(given, "DIV-010")
    if not len(frame):
        raise invalid("DIV-010", "The table says in its first row what to forecast, and has none.")
    if len(frame) > 1:
        warn_caller(f"The first of {len(frame)} rows says what to forecast; the others are ignored")
    row = Configuration.first(frame, "DIV-016")
    periods, name = _periods(row), row.text("predict_col") or "yhat"
    groups = _groups(row, model.model)
    # A copy: what is asked becomes an attribute of the model, which others may ask meanwhile. And
    # diviner itself copies all models, deeply, for a forecast of some.
    asking = copy.copy(model)
    asking.model = {key: one for key, one in model.model.items() if groups is None or key in groups}
    if type(model).__name__ == "GroupedProphet":
        frequency = _frequency(row)
        with refused_by("diviner", "DIV-017", error):
            answer = asking.forecast(horizon=periods, frequency=frequency)
        return answer.rename(columns={"yhat": name})
    asked = _of_pmdarima(row, transforms_back=groups is None)
    asking.model = {key: _Plain(one) for key, one in asking.model.items()}
    with refused_by("diviner", "DIV-017", error):
        answer = asking.predict(n_periods=periods, predict_col=name, **asked)
    return answer.infer_objects()  # diviner puts numbers with intervals together as objects


class _Plain:
    """A model of pmdarima whose forecasts are arrays: diviner takes no series with intervals."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, **asked: Any) -> Any:
        answer = self._model.predict(**asked)
        if isinstance(answer, tuple):
            forecasts, bounds = answer
            return np.asarray(forecasts), np.asarray(bounds)
        return answer


def _periods(row: Configuration) -> int:
    given = {name: row.count(name, "DIV-012") for name in ("n_periods", "horizon") if name in row}
    if not given:
        raise invalid(
            "DIV-011",
            "A forecast needs the column n_periods or horizon, the number of periods after the "
            f"data of training; given were the columns {', '.join(row.columns) or 'none'}.",
        )
    if len(set(given.values())) > 1:
        raise invalid(
            "DIV-014",
            f"n_periods is {given['n_periods']} and horizon {given['horizon']}, which mean the "
            "same: give one of them.",
        )
    return next(iter(given.values())) or 0


def _frequency(row: Configuration) -> str:
    value = row.get("frequency")
    if not isinstance(value, str):
        raise invalid(
            "DIV-013",
            "A GroupedProphet needs the column frequency, a text by which pandas makes ranges of "
            f"dates (such as 'D' or 'h'), and not {shown(value)}.",
            "frequency",
        )
    return value


def _of_pmdarima(row: Configuration, *, transforms_back: bool) -> dict[str, Any]:
    """Return the arguments that models of pmdarima know, with diviner's own defaults."""
    return {
        "alpha": row.share("alpha", default=0.05),
        "return_conf_int": row.flag("return_conf_int", default=False),
        "inverse_transform": row.flag("inverse_transform", default=transforms_back),
    }


def _groups(row: Configuration, known: Iterable[Any]) -> set[tuple[Any, ...]] | None:
    """Return the groups that a row names and the model has, None for all of them."""
    on_error = row.text("on_error") or "raise"
    if on_error not in _ON_ERROR:
        raise invalid("DIV-016", f"'on_error' is one of {', '.join(_ON_ERROR)}.", "on_error")
    named = row.get("groups")
    if named is None or (isinstance(named, _SEQUENCES) and not len(named)):
        return None
    groups = _as_keys(named)
    there = set(known)
    lost = [group for group in groups if group not in there]
    if lost and (on_error == "raise" or len(lost) == len(groups)):
        raise invalid("DIV-015", _unknown(lost, len(there)), "groups")
    if lost and on_error == "warn":
        warn_caller(f"{_unknown(lost, len(there))} They are left out (DIV-015)")
    return there.intersection(groups)


def _as_keys(named: Any) -> list[tuple[Any, ...]]:
    """Return groups as tuples; JSON has lists of lists."""
    if not isinstance(named, _SEQUENCES) or not all(map(_is_key, named)):
        raise invalid(
            "DIV-016",
            "'groups' is a list of groups, each a tuple or list of its values in the order of the "
            f"columns by which the model was grouped, and not {shown(named)}.",
            "groups",
        )
    return [tuple(one.tolist() if isinstance(one, np.ndarray) else one) for one in named]


def _is_key(value: Any) -> bool:
    plain = str | int | float | np.generic
    return isinstance(value, _SEQUENCES) and all(isinstance(part, plain) for part in value)


def _unknown(lost: list[tuple[Any, ...]], count: int) -> str:
    shown_ones = ", ".join(map(str, lost[:_SHOWN]))
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return f"The model was not trained on the groups {shown_ones}{more}, but on {count} others."
