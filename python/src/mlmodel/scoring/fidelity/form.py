"""In which form a model takes one column of texts: asked of the model itself (ENF-096)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from mlmodel.scoring.examples.writing import as_model_input

if TYPE_CHECKING:
    from mlmodel.scoring.predict import Predict

__all__ = ["form_of"]

Form = Literal["list", "series"]


def form_of(example: Any, predict: Predict | None) -> Form | None:
    """Return the form in which a model must get the texts of an example, None for a data frame.

    A model of texts that is given a frame goes through the names of its columns: it answers once
    per column, or fails. Where it does, and answers once per text when it is given the example
    as it is, that form is the model's own. The example is asked twice over, since one answer for
    one text tells nothing.
    """
    data = example[0] if isinstance(example, tuple) else example
    values = _texts_twice(data)
    if values is None or predict is None:
        return None
    model_input, params = as_model_input(example)
    frame = pd.concat([model_input, model_input], ignore_index=True)
    if _answers(predict, frame, params) == len(values):
        return None
    if _answers(predict, values, params) == len(values):
        return "list" if isinstance(values, list) else "series"
    return None


def _texts_twice(data: Any) -> Any:
    """Return a list or a series of texts, twice over; None for anything else."""
    cells = data.tolist() if isinstance(data, pd.Series) else data
    if not isinstance(cells, list) or not cells or not all(isinstance(one, str) for one in cells):
        return None
    return pd.concat([data, data], ignore_index=True) if isinstance(data, pd.Series) else data * 2


def _answers(predict: Predict, data: Any, params: Any) -> int | None:
    """Return how many answers the model gives, or None if it fails."""
    try:
        answer = predict(data, params)
        shape: Any = getattr(answer, "shape", None)
        return int(shape[0]) if shape else len(answer)
    except Exception:  # noqa: BLE001 - a model's own code may raise anything
        return None
