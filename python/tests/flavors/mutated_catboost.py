"""Files of CatBoost, altered at random: bytes, and numbers of four bytes."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import catboost
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import random

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
_TARGET = ROWS["a"] * 2 - ROWS["b"]
_CLASSES = np.arange(60) % 3
_KINDS = ROWS.assign(c=np.array(["x", "y", "z"])[_CLASSES])
_NUMBERS = (0, 1, 2, 3, 5, 0xFF, 0xFFFF, 0x10000, 1_000_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def _trained(kind: str, rows: Any = ROWS, label: Any = _TARGET, **params: Any) -> bytes:
    few = {
        "iterations": 3,
        "depth": 3,
        "thread_count": 1,
        "verbose": 0,
        "allow_writing_files": False,
    }
    model = getattr(catboost, kind)(**few, **params).fit(rows, label)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        model.save_model(str(path))
        return path.read_bytes()


@cache
def models() -> list[tuple[bytes, pd.DataFrame]]:
    """Return every kind of model that loads without trust, with rows that it takes."""
    return [
        (_trained("CatBoostRegressor"), ROWS),
        (_trained("CatBoostRegressor", grow_policy="Lossguide"), ROWS),
        (_trained("CatBoostRegressor", loss_function="MultiRMSE", label=ROWS[["a", "b"]]), ROWS),
        (_trained("CatBoostClassifier", label=_CLASSES), ROWS),
        (_trained("CatBoostClassifier", label=np.where(_CLASSES > 1, "p", "q")), ROWS),
        (_trained("CatBoostRegressor", _KINDS, one_hot_max_size=9, cat_features=["c"]), _KINDS),
    ]


def altered(source: random.Random) -> tuple[str, bytes, pd.DataFrame]:
    """Return a name for the file, its bytes, and rows to predict on."""
    data, rows = source.choice(models())
    changed = bytearray(data)
    for _ in range(source.choice([1, 1, 2, 4])):
        at = source.randrange(4, len(changed))
        if source.random() < 0.5:
            changed[at] = source.choice([0, 255, changed[at] ^ (1 << source.randrange(8))])
        else:
            at -= at % 4
            changed[at : at + 4] = source.choice(_NUMBERS).to_bytes(4, "little")
    if source.random() < 0.05:
        changed = changed[: source.randrange(len(changed))]
    return "model.cb", bytes(changed), rows


def described(name: str, source: random.Random) -> str:
    """Return the MLmodel file of a model in the file of this name."""
    kind = source.choice(["CatBoost", "CatBoostClassifier", "CatBoostRegressor"])
    return (
        f"flavors:\n  python_function: {{data: {name}, loader_module: mlflow.catboost}}\n"
        f"  catboost: {{data: {name}, model_type: {kind}}}\n"
    )
