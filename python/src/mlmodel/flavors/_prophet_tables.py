"""What a model of Prophet gets of a table, and what it answers (PPH-007 to PPH-010)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import FeatureNames, plain_columns, required_table
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

_HAS = " with the times to predict in the column 'ds'"


def predictor(model: Any) -> Predict:
    """Return how a model predicts the times of a table."""
    columns = FeatureNames(_columns(model), "PPH-007", ("column", "the model"))
    arguments = PredictArguments.of_method(model.predict, ("df",), "Prophet's predict", "PPH-010")

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        told = arguments.given(params)
        table = required_table(model_input, "PPH-008", "Prophet", _HAS)
        taken = columns.required_in(table)
        _require_no_zone(taken["ds"])
        if columns.are_all_unknown_to(table):
            table = taken
        with refused_by("Prophet", "PPH-009"):
            return model.predict(plain_columns(table), **told)

    return Taking(predict, arguments.takes)


def _require_no_zone(times: pd.Series[Any]) -> None:
    """Raise InvalidInput for times with a zone; one in the example of a signature gives all one."""
    cells = times if times.dtype == object else ()
    if getattr(times.dtype, "tz", None) or any(getattr(one, "tzinfo", None) for one in cells):
        raise invalid(
            "PPH-009",
            "The times in the column 'ds' have a zone, which Prophet does not take: give times "
            "without one, as frame['ds'].dt.tz_localize(None) makes them. Where those given have "
            "none, the example that the model was saved with had one: save it with another.",
            "ds",
        )


def _columns(model: Any) -> list[str]:
    """Return the columns without which a model does not predict."""
    columns = ["ds"]
    if model.growth == "logistic":
        columns.append("cap")
    if model.logistic_floor:
        columns.append("floor")
    for name, props in model.extra_regressors.items():
        if props.get("predictor") is None:
            columns.append(name)
    conditions = (props["condition_name"] for props in model.seasonalities.values())
    return list(dict.fromkeys([*columns, *filter(None, conditions)]))
