"""How a model of sentence-transformers predicts: the embedding of each text, in its own row."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._huggingface import is_of_the_data, without_panics
from mlmodel.flavors._texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

#: What of ``encode`` a prediction may choose; its answer is an array with a row for each text.
_PARAMETERS = (
    *("batch_size", "normalize_embeddings", "precision"),
    *("prompt", "prompt_name", "truncate_dim"),
)


def predictor(model: Any, config: Mapping[str, Any] | None) -> Predict:
    """Return how a model predicts; ``config`` has parameters of every prediction."""
    who = "A model of sentence-transformers"
    texts = Texts(who, data_rule="SEN-008", values_rule="SEN-009")
    known = PredictArguments(_PARAMETERS, "encode", "SEN-010")
    fixed = known.among(config)
    lock = threading.Lock()

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        given = {**fixed, **known.given(params)}
        column = list(texts.of(model_input))
        # Of no text the library gives no width: it is that of any text.
        asked = column or [""]
        refused = refused_by(
            "The model", "SEN-011", of_data=is_of_the_data, cannot="embed these texts"
        )
        with refused, lock, without_panics():
            rows = model.encode(asked, show_progress_bar=False, **given)
        return np.asarray(rows)[: len(column)]

    return predict
