"""How a pipeline of spaCy predicts: the categories of each text, in one column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

_WHO = "A pipeline of spaCy"


def predictor(pipeline: Any) -> Predict:
    """Return how a pipeline with a text classifier predicts."""
    texts = Texts(_WHO, data_rule="SPA-008", values_rule="SPA-009")

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, _WHO)
        given = texts.of(model_input)
        categories = [pipeline(text).cats for text in given]
        return pd.DataFrame({"predictions": pd.Series(categories, given.index, object)})

    return predict
