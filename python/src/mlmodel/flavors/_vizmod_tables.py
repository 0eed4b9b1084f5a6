"""How a chart predicts: itself, with other rows (VIZ-004, VIZ-005, VIZ-007)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._invalid_data import invalid_each
from mlmodel.flavors._tables import required_table
from mlmodel.flavors._vizmod_charts import page, specification
from mlmodel.flavors._vizmod_columns import shown_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

_FORMATS = ("json", "html")


def predictor(altair: Any, model: Any) -> Predict:
    """Return how a chart predicts: by the parameter ``format`` as JSON or as a page."""
    arguments = PredictArguments(("format",), "those of a chart", "VIZ-004")
    needed = _needed(altair, model)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        form, wrong = (params or {}).get("format", _FORMATS[0]), {}
        if form not in _FORMATS:
            wrong["format"] = f"Parameter 'format' is {' or '.join(_FORMATS)}, not {form!r}."
        arguments.given(params, wrong)
        table = required_table(model_input, "VIZ-005", "A chart")
        chart = model.copy(deep=True)
        chart.data = table.set_axis([str(name) for name in table.columns], axis=1)
        given = list(chart.data.columns)
        if table.shape != (0, 0):  # no rows, of which nothing was said
            _require(needed, given)
        with refused_by("Altair", "VIZ-007", cannot=f"make the chart of {_said(given)}"):
            written = specification(altair, chart)
        return written if form == "json" else page(altair, written)

    return predict


def _needed(altair: Any, model: Any) -> list[str]:
    """Return the columns that a chart needs; none where Altair cannot write it without rows."""
    try:
        return shown_columns(specification(altair, model))
    except ValueError:
        return []


def _require(needed: Iterable[str], given: Sequence[str]) -> None:
    """Hold the columns of the rows given against those that a chart needs.

    Raises:
        InvalidInput: some are missing, all of which it lists.

    """
    end = f"is missing, which the chart shows; given are {_said(given)}."
    wrong = {name: f"Column {name!r} {end}" for name in needed if name not in given}
    if wrong:
        listed = ", ".join(map(repr, wrong))
        headline = f"The rows lack columns that the chart shows: {listed}; given are {_said(given)}"
        raise invalid_each(f"{headline} (VIZ-007).", "VIZ-007", wrong)


def _said(columns: Sequence[str]) -> str:
    return f"the columns {', '.join(map(repr, columns))}" if columns else "no columns"
