"""How a chart predicts: itself, with other rows (VIZ-004, VIZ-005)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._tables import required_table
from mlmodel.flavors._vizmod_charts import page, specification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

_FORMATS = ("json", "html")


def predictor(altair: Any, model: Any) -> Predict:
    """Return how a chart predicts: by the parameter ``format`` as JSON or as a page."""
    arguments = PredictArguments(("format",), "those of a chart", "VIZ-004")

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        form, wrong = (params or {}).get("format", _FORMATS[0]), {}
        if form not in _FORMATS:
            wrong["format"] = f"Parameter 'format' is {' or '.join(_FORMATS)}, not {form!r}."
        arguments.given(params, wrong)
        table = required_table(model_input, "VIZ-005", "A chart")
        chart = model.copy(deep=True)
        chart.data = table.set_axis([str(name) for name in table.columns], axis=1)
        written = specification(altair, chart)
        return written if form == "json" else page(altair, written)

    return predict
