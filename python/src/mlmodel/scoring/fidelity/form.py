"""In which form a model takes one column of texts: asked of the model itself (ENF-096)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from mlmodel.scoring.fidelity.question import seconds_at_most

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.scoring.fidelity.question import Question

__all__ = ["Form", "form_of"]

Form = Literal["list", "series"]


def form_of(question: Question | None) -> Form | None:
    """Return the form in which a model must get the texts of an example, None for a data frame.

    A model of texts that is given a frame goes through the names of its columns: it answers once
    per column, or fails. Where it does, and answers once per text when it is given the example
    as it is, that form is the model's own (ENF-097). It is also where the model is too slow to be
    asked about a frame (FID-007).

    Raises:
        InvalidArgument: the variable of FID-007 is not a number, or the example is not one.

    """
    texts = None if question is None else _texts(question.data)
    if question is None or texts is None:
        return None
    bound = seconds_at_most()
    own = _count(question.answer)
    if question.given is not question.data or own != len(texts):
        return None
    is_slow = question.seconds > bound
    if not is_slow and not _answers_texts_alone(question):
        return None
    return "list" if isinstance(question.data, list) else "series"


def _texts(data: Any) -> list[str] | None:
    cells = data.tolist() if isinstance(data, pd.Series) else data
    if not isinstance(cells, list) or not cells or not all(isinstance(one, str) for one in cells):
        return None
    return cells


def _answers_texts_alone(question: Question) -> bool:
    """Return whether a model that answers texts does not answer a frame of them, row by row.

    One answer for one text tells nothing, so one text is asked twice over.
    """
    texts, frame = question.data, question.model_input
    if len(texts) > 1:
        return _count(lambda: _quietly(question, frame)) != len(texts)
    twice = texts * 2 if isinstance(texts, list) else pd.concat([texts] * 2, ignore_index=True)
    both = pd.concat([frame] * 2, ignore_index=True)
    if _count(lambda: _quietly(question, both)) == len(twice):
        return False
    return _count(lambda: _quietly(question, twice)) == len(twice)


def _quietly(question: Question, data: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of data that the user did not give
        return question.answer_to(data)


def _count(ask: Callable[[], Any]) -> int | None:
    """Return how many answers the model gives, or None if it fails."""
    try:
        answer = ask()
        shape: Any = getattr(answer, "shape", None)
        return int(shape[0]) if shape else len(answer)
    except Exception:  # noqa: BLE001 - a model's own code may raise anything
        return None
