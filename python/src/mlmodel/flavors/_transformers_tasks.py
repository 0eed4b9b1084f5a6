"""What pipelines of transformers answer as a python_function, by their tasks."""

from __future__ import annotations

import json
import math
import string
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from mlmodel.errors import shown
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._huggingface import is_of_the_data, without_panics
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import as_table
from mlmodel.flavors._texts import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.flavors._base import Predict

__all__ = ["TASKS", "predictor_of"]

_WHO = "A pipeline of transformers"
#: The columns of a table for zero-shot classification, as MLflow names them.
_SEQUENCES, _LABELS, _TEMPLATE = "sequences", "candidate_labels", "hypothesis_template"
#: The fields of a template, as Python reads them: by the place alone, with no form of its own,
#: which could make a text of any length.
_PLACES_OF_LABELS = (["", "", None], ["0", "", None])
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
    if _TEMPLATE in params:
        _require_template(params[_TEMPLATE])
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
    for name in (_LABELS, _TEMPLATE):
        if list(table.columns).count(name) > 1:
            raise invalid("TRF-008", f"The column {name!r} is given more than once.", name)
    others = [name for name in table if name not in (_LABELS, _TEMPLATE)]
    column = texts.of(table[others])
    each = [{**params, _LABELS: _labels_of(one, row)} for row, one in enumerate(table[_LABELS])]
    if _TEMPLATE in table:
        for own, template in zip(each, table[_TEMPLATE], strict=True):
            own[_TEMPLATE] = template
    rows = [_zero_shot(ask, column.iloc[place : place + 1], own) for place, own in enumerate(each)]
    empty = pd.DataFrame({"sequence": [], "labels": [], "scores": []}, dtype=object)
    return pd.concat(rows) if rows else empty


def _labels_of(value: Any, row: int) -> Any:
    """Return labels as a list: they may be one, or the JSON of one, or texts with commas."""
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return value
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    labels = list(value) if _may_be_labels(value) else [None]
    if any(map(_is_none, labels)):
        raise invalid(
            "TRF-008",
            f"Row {row} of {_LABELS} holds no labels, which are texts with commas, or a list of "
            f"texts, but {shown(value)}.",
            _LABELS,
        )
    return list(map(str, labels))


def _is_none(label: Any) -> bool:
    """Return whether this is no label: it is missing, or holds others."""
    is_missing = label is None or label is pd.NA or (isinstance(label, float) and math.isnan(label))
    return is_missing or isinstance(label, list | tuple | Mapping)


def _may_be_labels(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)


def _require_template(template: Any) -> None:
    """Raise InvalidInput where a template is no text with the place of a label, and no other."""
    try:
        parts = list(string.Formatter().parse(template))
    except (TypeError, ValueError):
        parts = []
    fields = [rest for _, *rest in parts if rest[0] is not None]
    if len(fields) != 1 or fields[0] not in _PLACES_OF_LABELS:
        raise invalid(
            "TRF-008",
            f"{_TEMPLATE} is a text with {{}} in the place of the label, and no other field, not "
            f"{shown(template)}.",
            _TEMPLATE,
        )
