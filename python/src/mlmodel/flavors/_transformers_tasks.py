"""What pipelines of transformers answer as a python_function, by their tasks."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._huggingface import is_of_the_data, without_panics
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import as_table
from mlmodel.flavors._texts import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["TASKS", "predictor_of"]

_WHO = "A pipeline of transformers"
#: The columns of a table for zero-shot classification, as MLflow names them.
_SEQUENCES, _LABELS, _TEMPLATE = "sequences", "candidate_labels", "hypothesis_template"
_GENERATION = (
    "add_special_tokens bad_words_ids batch_size begin_suppress_tokens "
    "clean_up_tokenization_spaces do_sample early_stopping encoder_repetition_penalty "
    "eos_token_id epsilon_cutoff eta_cutoff forced_bos_token_id forced_eos_token_id "
    "guidance_scale length_penalty max_length max_new_tokens max_time min_length "
    "min_new_tokens min_p no_repeat_ngram_size num_beams num_return_sequences pad_token_id "
    "prefix remove_invalid_values renormalize_logits repetition_penalty return_full_text "
    "stop_sequence suppress_tokens temperature top_k top_p truncation typical_p use_cache"
)


class Task(NamedTuple):
    """How a task is asked: its parameters, and what its answers to texts become."""

    params: str
    answer: Callable[[Callable[..., list[Any]], pd.Series[Any], dict[str, Any]], Any]


def _classes(ask: Callable[..., list[Any]], texts: pd.Series[Any], params: dict[str, Any]) -> Any:
    """Return labels and scores: one of each for a text, or lists where several were asked for."""
    answers = ask(list(texts), **params)
    table = {key: [_column(one, key) for one in answers] for key in ("label", "score")}
    return pd.DataFrame(table, texts.index)


def _column(answer: Any, key: str) -> Any:
    return [one[key] for one in answer] if isinstance(answer, list) else answer[key]


def _tokens(ask: Callable[..., list[Any]], texts: pd.Series[Any], params: dict[str, Any]) -> Any:
    """Return for each text the tokens that were found, each as a mapping."""
    answers = ask(list(texts), **params)
    return [[_plain(token) for token in answer] for answer in answers]


def _plain(token: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: getattr(value, "item", lambda value=value: value)() for key, value in token.items()
    }


def _masks(ask: Callable[..., list[Any]], texts: pd.Series[Any], params: dict[str, Any]) -> Any:
    """Return the best word for the mask of each text, or as many as were asked for."""
    several = "top_k" in params
    # One by one: of a list of one text the library returns the text's answer alone.
    return [_words(ask([text], **params), several=several) for text in texts]


def _words(found: list[Any], *, several: bool) -> Any:
    if found and isinstance(found[0], list):  # of several masks
        return [_words(one, several=several) for one in found]
    words = [one["token_str"] for one in found]
    return words if several else words[0]


def _features(ask: Callable[..., list[Any]], texts: pd.Series[Any], params: dict[str, Any]) -> Any:
    """Return for each text the numbers of its tokens."""
    return [answer[0] for answer in ask(list(texts), **params)]


def _generated(ask: Callable[..., list[Any]], texts: pd.Series[Any], params: dict[str, Any]) -> Any:
    """Return the text that was made of each, or a list where several were asked for."""
    answers = ([one["generated_text"] for one in made] for made in ask(list(texts), **params))
    return [made[0] if len(made) == 1 else made for made in answers]


def _zero_shot(ask: Callable[..., list[Any]], texts: pd.Series[Any], params: dict[str, Any]) -> Any:
    """Return sequence, labels and scores of each text, the labels in the order of their scores."""
    if _LABELS not in params:
        raise invalid(
            "TRF-008",
            f"Zero-shot classification takes labels: a column or the parameter {_LABELS}.",
        )
    rows = ask(list(texts), **params)
    keys = ("sequence", "labels", "scores")
    return pd.DataFrame({key: [row[key] for row in rows] for key in keys}, texts.index)


TASKS: Mapping[str, Task] = {
    "text-classification": Task(
        "batch_size function_to_apply max_length top_k truncation", _classes
    ),
    "token-classification": Task("aggregation_strategy batch_size ignore_labels stride", _tokens),
    "fill-mask": Task("targets top_k", _masks),
    "feature-extraction": Task("truncation", _features),
    "text-generation": Task(_GENERATION, _generated),
    "zero-shot-classification": Task(f"{_LABELS} {_TEMPLATE} multi_label", _zero_shot),
}


def predictor_of(pipeline: Any, config: Mapping[str, Any], template: str | None) -> Predict:
    """Return how a pipeline of a task in :data:`TASKS` predicts.

    Args:
        pipeline: the pipeline.
        config: parameters for every prediction, which a prediction's own replace.
        template: what each text is put into, in the place of ``{prompt}``.

    """
    task = TASKS[pipeline.task]
    known = PredictArguments(task.params.split(), f"a pipeline for {pipeline.task}", "TRF-010")
    fixed = known.among(config)
    texts = Texts(_WHO, data_rule="TRF-008", values_rule="TRF-009")
    ask = _asking(pipeline)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        given = {**fixed, **known.given(params)}
        if pipeline.task == "zero-shot-classification":
            table = as_table(model_input)
            if table is not None and _LABELS in table:
                return _zero_shot_of(table, texts, ask, given)
        column = texts.of(model_input)
        if template is not None:
            column = column.map(lambda text: template.replace("{prompt}", text))
            given.setdefault("return_full_text", False)
        return task.answer(ask, column, given)

    return predict


def _asking(pipeline: Any) -> Callable[..., list[Any]]:
    """Return what asks a pipeline for texts, one thread at a time: its tokenizer has a state."""
    lock = threading.Lock()

    def ask(texts: list[str], **params: Any) -> list[Any]:
        if not texts:
            return []
        refused = refused_by(
            "The pipeline", "TRF-011", of_data=is_of_the_data, cannot="answer these texts"
        )
        with refused, lock, without_panics():
            return list(pipeline(texts, **params))

    return ask


def _zero_shot_of(
    table: pd.DataFrame, texts: Texts, ask: Callable[..., list[Any]], params: dict[str, Any]
) -> Any:
    """Return the answers to a table with the labels of each text beside it."""
    others = [name for name in table if name not in (_LABELS, _TEMPLATE)]
    column = texts.of(table[others])
    rows = []
    for place in range(len(table)):
        own = {**params, _LABELS: _labels_of(table[_LABELS].iloc[place])}
        if _TEMPLATE in table:
            own[_TEMPLATE] = table[_TEMPLATE].iloc[place]
        rows.append(_zero_shot(ask, column.iloc[place : place + 1], own))
    empty = pd.DataFrame({"sequence": [], "labels": [], "scores": []}, dtype=object)
    return pd.concat(rows) if rows else empty


def _labels_of(value: Any) -> Any:
    """Return labels as a list: they may be one, or the JSON of one, or texts with commas."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return _texts_in(json.loads(value))
        except ValueError:
            return value
    return value if isinstance(value, str) else _texts_in(value)


def _texts_in(values: Iterable[Any]) -> list[str]:
    return [str(value) for value in values]
