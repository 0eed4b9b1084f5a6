"""What a model of pmdarima is asked by a row, and how it answers (PMD-004 to PMD-009)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from packaging.version import Version

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._configuration import Configuration
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._invalid_data import invalid
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

#: What the row says.
_OF_THE_ROW = ("n_periods", "X", "return_conf_int", "alpha")
#: The first version whose models take regressors under the name ``X``.
_HAS_X = Version("1.8.0")


def predictor(model: Any, version: str) -> Predict:
    """Return how a model forecasts; ``version`` is that of pmdarima here."""
    arguments = PredictArguments.of_method(
        model.predict, _OF_THE_ROW, "pmdarima's predict", "PMD-009"
    )

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        told = arguments.given(params)
        row = Configuration.of(model_input, "PMD-004", "PMD-006")
        asked = _arguments(row, Version(version))
        with refused_by("pmdarima", "PMD-008"):
            answer = model.predict(**asked, **told)
        return _frame(answer, with_intervals=asked["return_conf_int"])

    return Taking(predict, arguments.takes)


def _arguments(row: Configuration, installed: Version) -> dict[str, Any]:
    """Return what the model's predict is called with."""
    periods = row.count("n_periods")
    if periods is None:
        raise invalid(
            "PMD-005",
            "A forecast needs the column n_periods, the number of periods after the data of "
            f"training; given were the columns {', '.join(row.columns) or 'none'}.",
            "n_periods",
        )
    arguments = {
        "n_periods": periods,
        "return_conf_int": row.flag("return_conf_int", default=False),
        "alpha": row.share("alpha", default=0.05),
    }
    regressors = row.rows("X")
    if regressors is None:
        return arguments
    if installed < _HAS_X:
        raise invalid(
            "PMD-007",
            f"Regressors in the column X need pmdarima {_HAS_X} or later; installed is "
            f"{installed}.",
            "X",
        )
    return {**arguments, "X": regressors}


def _frame(answer: Any, *, with_intervals: bool) -> Any:
    """Return a forecast as a data frame, with the bounds of its intervals where they are asked."""
    if not with_intervals:
        return pd.DataFrame({"yhat": answer})
    forecast, bounds = answer
    lower, upper = np.asarray(bounds).T
    return pd.DataFrame({"yhat": forecast, "yhat_lower": lower, "yhat_upper": upper})
