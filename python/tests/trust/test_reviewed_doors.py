"""Doors that a review found: each would read or write memory that is not the model's, or never end."""

from __future__ import annotations

import functools
import operator
import pickle

import numpy as np
import pandas as pd
import pytest
from pandas.core.indexes.base import _new_Index
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from mlmodel.errors import InvalidModel, UntrustedModel
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.scanner import scan


class Made:
    """Pickled as a call."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def load(model, folder):
    (folder / "model.pkl").write_bytes(pickle.dumps(model, 4))
    return Gate.for_folder(folder).load_pickle(folder / "model.pkl")


def holding(value):
    model = LinearRegression()
    model.coef_ = value
    return model


def levels(codes):
    given = {
        "levels": [pd.Index(np.arange(9))],
        "codes": [codes],
        "names": ["a"],
        "sortorder": None,
    }
    return Made(_new_Index, pd.MultiIndex, given)


def categorical():
    made = pd.Categorical.from_codes(np.zeros(5, "int8"), categories=np.arange(9))
    _, codes, _ = made.__reduce__()[2]  # the array itself
    codes[:] = 100  # as a file could say
    return made


@pytest.mark.parametrize(
    "value",
    [
        Made(_new_Index, pd.Index, {"data": levels(np.full(5, 10**9)), "name": None}),
        Made(_new_Index, pd.CategoricalIndex, {"data": levels(np.full(5, 10**9)), "name": None}),
        Made(_new_Index, pd.Index, {"data": categorical(), "dtype": np.dtype("O"), "name": None}),
        Made(pd.CategoricalDtype, levels(np.full(5, 10**9)), False),  # noqa: FBT003
    ],
    ids=["levels", "levels as categories", "categories", "a dtype"],
)
def test_nothing_is_made_of_codes_before_they_are_checked(value, tmp_path):
    with pytest.raises(UntrustedModel):
        load(holding(value), tmp_path)


def test_tables_with_codes_load(tmp_path):
    for index in (
        pd.MultiIndex.from_product([["a", "b"], pd.Categorical(["x", "y"])]),
        pd.CategoricalIndex(["a", "b"]),
        pd.Index(["a", "b"]),
    ):
        assert load(holding(index), tmp_path).coef_.equals(index)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (np.sqrt, {"where": False}),
        (np.concatenate, {"out": np.zeros(3), "casting": "unsafe"}),
        (np.nan_to_num, {"copy": False}),
    ],
)
def test_arguments_that_write_or_skip_are_refused(function, arguments, tmp_path):
    for model in (
        FunctionTransformer(function, kw_args=arguments),
        FunctionTransformer(functools.partial(function, **arguments)),
    ):
        with pytest.raises(UntrustedModel, match="kept with an argument"):
            load(model, tmp_path)


def test_arrays_that_are_checked_are_no_arguments_of_functions(tmp_path):
    machine = SVC().fit(np.arange(12.0).reshape(6, 2), [0, 1] * 3)
    steps = [
        FunctionTransformer(functools.partial(np.atleast_2d, machine._n_support)),
        FunctionTransformer(operator.itemgetter(0)),
        SimpleImputer(copy=False),
    ]
    with pytest.raises(InvalidModel, match="argument of a function and a part"):
        load(make_pipeline(*steps, machine), tmp_path)
    alone = FunctionTransformer(np.isin, kw_args={"test_elements": np.arange(3)})
    assert load(alone, tmp_path).transform(np.array([[1, 9]])).tolist() == [[True, False]]


@pytest.mark.thorough
def test_what_many_objects_share_is_looked_at_once():
    shared = {f"k{number}": [number] for number in range(2_000)}
    models = [FunctionTransformer(np.isin, kw_args=shared) for _ in range(2_000)]
    assert (
        scan(pickle.dumps(models, 4)).container == "pickle"
    )  # looked at each time, it takes minutes
