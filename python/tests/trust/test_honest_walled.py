"""Fitted estimators of every kind answer behind the wall as they do without it (TRU-090).

A process costs more than all else here, so one answers for many: the members of a
``MultiOutputRegressor`` are what the zoo has for the same data, each a column of its answer.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import xgboost
import zoo
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import mlmodel
from mlmodel.sandbox.wall import lacking

pytestmark = pytest.mark.skipif(bool(lacking()), reason=f"this system cannot {lacking()}")


class Members:
    """Estimators that are given the same data, and the columns of their answers."""

    def __init__(self, data):
        self.data = data
        self.models = {}

    def add(self, name, estimator):
        """Take one in whose answer is a column of numbers, or can be made one."""
        if hasattr(estimator, "predict"):
            answer, model = np.asarray(estimator.predict(self.data)), estimator
            if answer.ndim != 1 or answer.dtype.kind not in "biuf":
                return False
        elif hasattr(estimator, "transform"):
            made = estimator.transform(self.data)
            made = made.toarray() if sparse.issparse(made) else np.asarray(made)
            right = made.ndim == 2 and made.size and len(made) == len(self.data)
            if not right or made.dtype.kind not in "biuf" or np.isnan(made.astype(float)).any():
                return False
            line = LinearRegression().fit(np.zeros((2, made.shape[1])), [0, 0])
            line.coef_ = np.linspace(0.5, 1.5, made.shape[1])  # each column counts
            # What is fitted already may stand in a pipeline.
            model = make_pipeline(estimator, line)
        else:
            return False
        self.models[name] = model
        return True


def grouped(estimators):
    """Return the zoo by its data, and the names of what answers by something else than a column."""
    groups, left = {}, []
    for name, (estimator, data) in estimators.items():
        group = groups.setdefault(id(data), Members(data))
        if isinstance(data, list) or not group.add(name, estimator):
            left.append(name)
    return [one for one in groups.values() if len(one.models) > 1], left


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """Return what gives the answers of a saved model, without the wall and behind it."""

    def answers(model, data):
        path = tmp_path / "model"
        monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))
        mlmodel.save(model, path, overwrite=True, pip_requirements=[])
        monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another user"))
        here, there = mlmodel.load(path), mlmodel.load(path, sandbox=True)
        return here.predict(data), there.predict(data)

    return answers


def together(models):
    made = MultiOutputRegressor(LinearRegression(), n_jobs=2)
    made.estimators_ = list(models)
    return made


@pytest.mark.slow
def test_every_estimator_of_the_zoo(answers, estimators):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        groups, left = grouped(estimators)
        assert sum(len(one.models) for one in groups) > 150
        assert len(left) < 40, left
        for group in groups:
            here, there = answers(together(group.models.values()), group.data)
            for at, name in enumerate(group.models):
                np.testing.assert_array_equal(there[:, at], here[:, at], err_msg=name)


TWO = np.column_stack([zoo.NUMBERS, zoo.X[:, 0]])
FRAME = pd.DataFrame(zoo.X, columns=list("abcd"))


def columns():
    parts = [("a", StandardScaler(), [0, 1]), ("b", MinMaxScaler(), [2, 3])]
    return make_pipeline(ColumnTransformer(parts, n_jobs=2), Ridge()).fit(zoo.X, zoo.NUMBERS)


def union():
    parts = [("a", StandardScaler()), ("b", MinMaxScaler())]
    return make_pipeline(FeatureUnion(parts, n_jobs=2), Ridge()).fit(FRAME, zoo.NUMBERS)


PARALLEL = {
    "several outputs": lambda: MultiOutputRegressor(Ridge(), n_jobs=2).fit(zoo.X, TWO),
    "columns": columns,
    "union": union,
    "bagging": lambda: BaggingClassifier(n_estimators=5, n_jobs=2).fit(zoo.X, zoo.CLASSES),
    "threads": lambda: RandomForestClassifier(5, n_jobs=2).fit(zoo.X, zoo.CLASSES),
    "neighbours": lambda: KNeighborsClassifier(n_jobs=2, algorithm="brute").fit(zoo.X, zoo.CLASSES),
    "xgboost": lambda: make_pipeline(
        StandardScaler(), xgboost.XGBClassifier(n_estimators=3, n_jobs=2)
    ).fit(zoo.X, zoo.CLASSES),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PARALLEL)
def test_what_would_start_processes_computes_in_threads(kind, answers):
    here, there = answers(PARALLEL[kind](), FRAME if kind == "union" else zoo.X)
    np.testing.assert_array_equal(there, here)
