"""What pipelines and unions make of their data, all members taken together (TRU-096)."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mlmodel.errors import InvalidModel
from mlmodel.trust.gate import Gate


def tile(count):
    return FunctionTransformer(np.tile, kw_args={"reps": count})


def chain(*steps):
    return Pipeline([(f"s{at}", one) for at, one in enumerate(steps)])


def union(*members):
    return FeatureUnion([(f"m{at}", one) for at, one in enumerate(members)])


def within(levels, build, inner):
    for _ in range(levels):
        inner = build(inner)
    return inner


def wide(times):
    model = ColumnTransformer([("a", "passthrough", [0] * times)])
    model.transformers_, model.n_features_in_ = model.transformers, 1
    return model


HOSTILE = {
    "functions": lambda: chain(*[tile(100) for _ in range(4)]),
    "functions of two kinds": lambda: chain(tile(1000), chain(FunctionTransformer(functools.partial(np.repeat, repeats=1001)))),
    "backwards": lambda: chain(*[FunctionTransformer(inverse_func=np.tile, inv_kw_args={"reps": 100}) for _ in range(4)]),
    "unions": lambda: chain(*[union("passthrough", "passthrough") for _ in range(27)]),
    "unions and functions": lambda: chain(union(tile(1000), tile(1)), union(tile(1), tile(1000))),
    "columns": lambda: chain(wide(300), wide(300), wide(300)),
    "members that are shared": lambda: within(27, lambda one: union(one, one), StandardScaler()),
    "steps that are shared": lambda: within(27, lambda one: chain(one, one), StandardScaler()),
    "behind others": lambda: within(27, lambda one: ColumnTransformer([("a", one, [0]), ("b", one, [0])]), StandardScaler()),
}  # fmt: skip
HONEST = {
    "functions": lambda: chain(tile(100), tile(100)),
    "unions": lambda: chain(*[union(StandardScaler(), "passthrough") for _ in range(12)]),
    "a long chain": lambda: chain(*[StandardScaler() for _ in range(500)]),
    "a wide union": lambda: union(*[chain(StandardScaler(), tile(2)) for _ in range(1000)]),
    "functions that do not make more": lambda: chain(*[FunctionTransformer(np.diff, kw_args={"n": 1000}) for _ in range(9)]),
    "columns": lambda: chain(*[ColumnTransformer([("a", "passthrough", list(range(300)))], remainder="drop").fit(np.zeros((2, 300))) for _ in range(4)]),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_data_that_grow_with_each_step(name, root):  # TRU-096
    (root / "model.pkl").write_bytes(pickle.dumps(HOSTILE[name]()))
    with pytest.raises(InvalidModel, match=r"TRU-096.*pipeline"):
        Gate.for_folder(root).load_pickle(root / "model.pkl")


def test_in_skops_files(root):  # TRU-096
    (root / "model.skops").write_bytes(skops.io.dumps(HOSTILE["functions"]()))
    with pytest.raises(InvalidModel, match=r"TRU-096.*pipeline"):
        Gate.for_folder(root).load_skops(root / "model.skops")


@pytest.mark.parametrize("name", HONEST)
def test_honest_chains(name, root):
    (root / "model.pkl").write_bytes(pickle.dumps(HONEST[name]()))
    Gate.for_folder(root).load_pickle(root / "model.pkl")
