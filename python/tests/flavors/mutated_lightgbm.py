"""Texts of LightGBM, altered at random: tokens, lines, characters; their sizes put right again."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import lightgbm as lgb
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import random

_SOURCE = np.random.default_rng(0)
ROWS = pd.DataFrame(_SOURCE.normal(size=(90, 3)), columns=["a", "b", "c"])
_TARGET = ROWS["a"] * 2 - ROWS["b"]
_CLASSES = np.arange(90) % 3
_TEXTS = ROWS.assign(a=pd.Categorical(np.array(list("xyz"))[np.arange(90) % 3]))
_VALUES = (
    "", "0", "1", "-1", "2", "3", "4", "7", "-2", "-4", "-5", "2147483647", "2147483648", "-2147483648",
    "4294967295", "4294967296", "1e400", "inf", "-inf", "nan", "1e-320", "x", "=", " ", "0x1", "1.5",
    "999999999999999999999", "[", "Tree=0", "parameters:", "end of trees", "\n", "\n\n", "é", "\0", "\r",
)  # fmt: skip


def _trained(params: dict[str, Any], rows: Any = ROWS, label: Any = _TARGET) -> str:
    few = {"verbose": -1, "num_leaves": 5, "num_threads": 1, "min_data_in_leaf": 5}
    booster = lgb.train({**few, **params}, lgb.Dataset(rows, label), 2)
    text: str = booster.model_to_string()
    return text


@cache
def models() -> list[tuple[str, pd.DataFrame]]:
    """Return every kind of model as its text, with rows that it takes."""
    sets = {"min_data_per_group": 1, "cat_smooth": 1, "max_cat_to_onehot": 1}
    return [
        (_trained({}), ROWS),
        (_trained({"linear_tree": True}), ROWS),
        (_trained({"boosting": "dart"}), ROWS),
        (_trained({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}), ROWS),
        (_trained({"objective": "multiclass", "num_class": 3}, label=_CLASSES), ROWS),
        (_trained({"objective": "multiclassova", "num_class": 3}, label=_CLASSES), ROWS),
        (_trained({"objective": "binary"}, label=_CLASSES > 1), ROWS),
        (_trained({"objective": "cross_entropy_lambda"}, label=_CLASSES / 2), ROWS),
        (_trained({"monotone_constraints": [1, 0, -1]}), ROWS),
        (_trained(sets, _TEXTS, _TARGET + _TEXTS["a"].cat.codes * 4), _TEXTS),
        (_trained({}, label=np.ones(90)), ROWS),
    ]


def _with_sizes(text: str) -> str:
    """Return the text with the sizes of its trees as they are, so that what is in them counts."""
    begin, end = text.find("\nTree=") + 1, text.find("\nend of trees")
    if not begin or end < begin:
        return text
    trees = re.split(r"\n(?=Tree=)", text[begin:end])
    sizes = " ".join(str(len(one.encode()) + 1) for one in trees)
    return re.sub(r"tree_sizes=[^\n]*", f"tree_sizes={sizes}", text, count=1)


def _changed(text: str, source: random.Random) -> str:
    how = source.random()
    if how < 0.1:
        at = source.randrange(len(text))
        return (
            text[:at] + source.choice(["", chr(source.randrange(128)), text[:5]]) + text[at + 1 :]
        )
    if how < 0.15:
        return text[: source.randrange(len(text))]
    lines = text.split("\n")
    most = len(lines) if source.random() < 0.2 else next(
        at for at, one in enumerate([*lines, "end of trees"]) if one == "end of trees"
    )  # fmt: skip
    at = source.randrange(max(most, 1))
    if how < 0.25:
        lines[at : at + 1] = source.choice([[], [lines[at]] * 2, [source.choice(lines)]])
        return "\n".join(lines)
    key, sign, value = lines[at].partition("=")
    tokens = value.split(" ")
    place = source.randrange(len(tokens))
    if how < 0.35:
        key = source.choice(source.choice(lines).split("="))
    elif how < 0.45:
        tokens[place : place + 1] = source.choice([[], [tokens[place]] * 2, tokens])
    elif how < 0.6 and re.fullmatch(r"-?\d{1,9}", tokens[place]):
        tokens[place] = str(source.choice([1, -1, 2, -2, 1000]) + int(tokens[place]))
    else:
        tokens[place] = source.choice(_VALUES)
    lines[at] = key + sign + " ".join(tokens)
    return "\n".join(lines)


def altered(source: random.Random) -> tuple[str, bytes, pd.DataFrame]:
    """Return a name for the file, its bytes, and rows to predict on."""
    text, rows = source.choice(models())
    for _ in range(source.choice([1, 1, 2, 3])):
        text = _changed(text, source) or "tree\n"
    if source.random() < 0.8:
        text = _with_sizes(text)
    return "model.lgb", text.encode(), rows


def described(name: str, _source: random.Random) -> str:
    """Return the MLmodel file of a model in the file of this name."""
    return (
        f"flavors:\n  python_function: {{data: {name}, loader_module: mlflow.lightgbm}}\n"
        f"  lightgbm: {{data: {name}}}\n"
    )
