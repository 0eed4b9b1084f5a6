"""Models of XGBoost, altered at random: fields of JSON and UBJSON, and bytes."""

from __future__ import annotations

import contextlib
import copy
import json
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xgboost as xgb

if TYPE_CHECKING:
    import random

_SOURCE = np.random.default_rng(0)
ROWS = pd.DataFrame(_SOURCE.normal(size=(60, 3)), columns=["a", "b", "c"])
_TARGET = ROWS["a"] * 2 - ROWS["b"]
_CLASSES = np.arange(60) % 3
_TEXTS = pd.DataFrame(
    {"a": pd.Categorical(np.array(list("xyz"))[np.arange(60) % 3]), "b": ROWS["b"], "c": ROWS["c"]}
)
_NUMBERS = _TEXTS.assign(a=pd.Categorical(np.arange(60) % 5))
_CLASS_NAMES = [
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
]


def _trained(params: dict[str, Any], rows: Any = ROWS, label: Any = _TARGET) -> xgb.Booster:
    data = xgb.DMatrix(rows, label=label, enable_categorical=True)
    return xgb.train({"max_depth": 2, "nthread": 1, **params}, data, 2)


@cache
def models() -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """Return every kind of model as its JSON, with rows that it takes."""
    both = np.c_[_TARGET, -_TARGET]
    made = [
        (_trained({}), ROWS),
        (_trained({"booster": "dart", "rate_drop": 0.5}), ROWS),
        (_trained({"booster": "gblinear"}), ROWS),
        (_trained({"multi_strategy": "multi_output_tree"}, label=both), ROWS),
        (_trained({}, label=both), ROWS),
        (_trained({"objective": "multi:softprob", "num_class": 3}, label=_CLASSES), ROWS),
        (_trained({"objective": "multi:softmax", "num_class": 3}, label=_CLASSES), ROWS),
        (_trained({"objective": "binary:logistic"}, label=_CLASSES > 1), ROWS),
        (_trained({"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.9]}), ROWS),
        (_trained({"objective": "count:poisson"}, label=_CLASSES), ROWS),
        (_trained({"objective": "survival:cox"}, label=_CLASSES + 1), ROWS),
        (_trained({"max_cat_to_onehot": 1}, _TEXTS), _TEXTS),
        (_trained({"max_cat_to_onehot": 9}, _NUMBERS), _NUMBERS),
        (xgb.XGBClassifier(n_estimators=2, max_depth=2).fit(ROWS, _CLASSES).get_booster(), ROWS),
    ]
    return [(json.loads(one.save_raw("json")), rows) for one, rows in made]


_VALUES: list[Any] = [
    0, 1, -1, 2, 3, 7, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**63 - 1, -(2**63), 2**64, 0.5, -1.5, 1e308, None,
    True, False, "", "0", "1", "-1", "2", "3", "1000000", "4294967296", "1E0", "[5E-1]", "[1,2]", "[1E0,2E0,3E0]",
    "[]", "[", "nan", "NaN", "inf", "-inf", "1e400", "x", "é", "\0", "x" * 3000, "gbtree", "gblinear", "dart",
    "reg:squarederror", "binary:logistic", "multi:softmax", "multi:softprob", "rank:ndcg", "survival:aft", "c", "q",
    "int", "float", "i", [], {}, [0], [1, 2, 3], [0.5], ["a"], ["a", "a", "a"], ["é", "", "b"], [None], [[]],
    {"name": "x"}, [{}],
]  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values; of long lists, those of the first few."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, one in value.items():
            found += _places(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value[:6]):
            found += _places(one, (*path, at))
    return found


def _changed(model: Any, source: random.Random) -> None:
    places = _places(model)
    shallow = [one for one in places if "trees" not in one]
    if not places:
        return  # nothing is left of it
    path = source.choice(shallow if shallow and source.random() < 0.6 else places)
    at = model
    for key in path[:-1]:
        at = at[key]
    last, how = path[-1], source.random()
    old = at[last]
    if how < 0.12:
        del at[last]
    elif how < 0.2 and isinstance(at, dict):
        at[source.choice(["name", "x", "cats", "num_class", "best_iteration", "categories"])] = (
            at.pop(last)
        )
    elif how < 0.35 and isinstance(old, list) and old:
        at[last] = source.choice([old[:-1], [*old, old[-1]], old[::-1], old * 2, old[:1]])
    elif how < 0.5 and isinstance(old, int | float) and not isinstance(old, bool):
        at[last] = source.choice([old + 1, old - 1, -old, old * 1000, float(old)])
    elif how < 0.6 and isinstance(old, str):
        at[last] = source.choice(
            [old + "0", "-" + old, old[:-1], f" {old}", f"[{old},{old}]", old * 40]
        )
    elif how < 0.7:
        other = model
        for key in source.choice(places):
            other = other[key]
        at[last] = copy.deepcopy(other)
    else:
        at[last] = copy.deepcopy(source.choice(_VALUES))


#: List of numbers -> the marker with which XGBoost writes it.
_MARKERS = {
    **dict.fromkeys(("left_children", "right_children", "parents", "split_indices"), "l"),
    **dict.fromkeys(("categories", "categories_nodes", "feature_segments", "sorted_idx", "offsets"), "l"),
    **dict.fromkeys(("categories_segments", "categories_sizes"), "L"),
    **dict.fromkeys(("default_left", "split_type"), "U"),
    **dict.fromkeys(("base_weights", "leaf_weights", "loss_changes", "split_conditions"), "d"),
    **dict.fromkeys(("sum_hessian", "weights"), "d"), "values": "i",
}  # fmt: skip
_FORMS = {"i": "i1", "U": "u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}


def _packed(value: Any, source: random.Random, key: str = "") -> bytes:  # noqa: PLR0911
    """Return UBJSON, nearly always as XGBoost writes it: lists of numbers in the type of their key."""
    if value is None or isinstance(value, bool):
        return {None: b"Z", True: b"T", False: b"F"}[value]
    if isinstance(value, int):
        return b"L" + struct.pack(">q", max(min(value, 2**63 - 1), -(2**63)))
    if isinstance(value, float):
        return b"D" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"SL" + struct.pack(">q", len(text)) + text
    if isinstance(value, dict):
        items = (_packed(key, source)[1:] + _packed(one, source, key) for key, one in value.items())
        return b"{" + b"".join(items) + b"}"
    marker = source.choice(sorted(_FORMS)) if source.random() < 0.02 else _MARKERS.get(key)
    if marker and all(type(one) in (int, float) for one in value):
        with np.errstate(all="ignore"), contextlib.suppress(OverflowError):
            packed = np.array(value, dtype=object).astype(_FORMS[marker])
            return (
                b"[$" + marker.encode() + b"#L" + struct.pack(">q", len(value)) + packed.tobytes()
            )
    return b"[#L" + struct.pack(">q", len(value)) + b"".join(_packed(one, source) for one in value)


def altered(source: random.Random) -> tuple[str, bytes, pd.DataFrame]:
    """Return the name of a file, its bytes, and rows for the model that it was."""
    model, rows = source.choice(models())
    model = copy.deepcopy(model)
    how = source.random()
    for _ in range(source.choice([1, 1, 1, 2, 3]) if how < 0.9 else 0):
        _changed(model, source)
    data = json.dumps(model).encode() if source.random() < 0.5 else _packed(model, source)
    if how >= 0.9:
        changed = bytearray(data)
        for _ in range(source.choice([1, 2, 8])):
            changed[source.randrange(len(changed))] = source.choice(
                [0, 0xFF, 0x30, 0x5D, source.randrange(256)]
            )
        data = bytes(changed)
    return "model.ubj", data, rows.head(5)


def described(name: str, source: random.Random) -> str:
    """Return the MLmodel file, which says one of the classes."""
    kind = source.choice(_CLASS_NAMES)
    return (
        f"flavors:\n  python_function: {{data: {name}, loader_module: mlflow.xgboost}}\n"
        f"  xgboost: {{data: {name}, model_class: {kind}}}\n"
    )
