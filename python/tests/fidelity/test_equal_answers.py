"""When two answers are equal, and what is said where they are not (FID-002)."""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from mlmodel.scoring.fidelity.answers import Incomparable, difference
from mlmodel.scoring.fidelity.data import arrives_otherwise, copied

NOON = dt.datetime(2024, 1, 1, 12)  # noqa: DTZ001 - a moment without a zone


@dataclass
class Point:
    """What a model may answer with."""

    x: float


class Named:
    """An object that is equal to none but itself."""

    def __init__(self, name):
        self.name = name


EQUAL = [
    ([1, 2], np.array([1, 2])),
    ([1.0, 2.0], pd.Series([1.0, 2.0], index=["x", "y"])),
    ([1, 2], np.array([1.0, 2.0])),
    (["a", None], np.array(["a", np.nan], dtype=object)),
    ([None, 1.0], pd.array([pd.NA, 1.0], dtype="Float64")),
    ([pd.NaT], [None]),
    ([0.1 + 0.2], [0.3]),
    (np.array([0.1], dtype="float32"), [0.1]),
    (np.zeros((2, 2)), pd.DataFrame({"a": [0, 0], "b": [0, 0]})),
    (pd.DataFrame({"a": [0.0]}), pd.DataFrame({"a": [0]})),
    (scipy.sparse.csr_matrix([[0, 1]]), np.array([[0, 1]])),
    ([[1, 2], [3]], [np.array([1, 2]), (3,)]),
    ([{"a": [1.0, None]}], [{"a": (1, float("nan"))}]),
    ([NOON], [pd.Timestamp(NOON)]),
    (np.array([NOON], dtype="datetime64[us]"), [NOON]),
    (pd.Series(["a", "b"], dtype="category"), ["a", "b"]),
    (pd.Series([True, None], dtype="boolean"), [True, None]),
    ({"a": np.ones(2)}, {"a": [1, 1]}),
    ((np.ones(2), np.zeros(2)), (np.ones(2), np.zeros(2))),
    ([Point(1.0)], [Point(1.0)]),
    ([Named("a")], [Named("a")]),
    ("text", "text"),
    (None, None),
    (3, 3.0),
    ([], np.array([])),
    ([float("inf")], [float("inf")]),
    ([2**70], [2**70]),
    ([1 + 2j], [1 + 2j]),
]
OTHER = [
    ([1, 2], [1, 3]),
    ([1, 2], [1, 2, 3]),
    ([1], []),
    ([1], [None]),
    ([1.0], [float("nan")]),
    ([1.0], [1.0 + 1e-8]),
    ([0.0], [1e-11]),
    (np.array([1.0], dtype="float32"), [1.00001]),
    ([float("inf")], [float("-inf")]),
    ([float("inf")], [1.0]),
    ([2**60], [2**60 + 1]),
    (np.array([2**60]), np.array([2**60 + 1])),
    ([True], [1]),
    (np.array([True]), np.array([1])),
    (["1"], [1]),
    ([b"a"], ["a"]),
    ([decimal.Decimal("0.1")], [decimal.Decimal("0.10000000001")]),
    ([decimal.Decimal(1)], [1.0]),
    ([NOON], [NOON + dt.timedelta(microseconds=1)]),
    ([NOON], [NOON.replace(tzinfo=dt.UTC)]),
    ([[1, 2]], [[1, 2, 3]]),
    ([{"a": 1}], [{"a": 1, "b": 2}]),
    ([{"a": 1}], [[1]]),
    ({"a": [1]}, [1]),
    (np.zeros((2, 2)), np.zeros((2, 3))),
    (np.zeros((2, 2)), np.zeros(2)),
    (np.zeros((2, 2, 2)), np.zeros((2, 2, 3))),
    (pd.DataFrame({"a": [0], "b": [1]}), pd.DataFrame({"b": [1], "a": [0]})),
    ((np.ones(2), np.zeros(2)), (np.ones(2), np.ones(2))),
    ([Point(1.0)], [Point(2.0)]),
    ([Named("a")], [Named("b")]),
    ([Named("a")], [Point(1.0)]),
    (None, [1]),
    ("text", "texts"),
    ([1 + 2j], [1 + 3j]),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_what_is_equal(one, other):
    """FID-002."""
    assert difference(one, other) is None
    assert difference(other, one) is None


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_is_not(one, other):
    """FID-002."""
    for what in (difference(one, other), difference(other, one)):
        assert what is not None
        assert "by the model itself" in what


def test_floats_of_32_bits_may_be_declared():
    """FID-002: data that were rounded on their way in are answered to that precision."""
    assert difference([1.0], [1.0 + 1e-7]) is not None
    assert difference([1.0], [1.0 + 1e-7], single=True) is None
    assert difference(np.array([1.0]), np.array([1.0 + 1e-7]), single=True) is None
    assert difference([1.0], [1.0 + 1e-5], single=True) is not None


def test_what_is_used_up_by_looking_is_left_alone():
    """FID-006."""
    with pytest.raises(Incomparable):
        difference(iter([1]), iter([1]))
    large = scipy.sparse.csr_matrix((10_000, 10_000))
    with pytest.raises(Incomparable):
        difference(large, large)


FRAME = pd.DataFrame({"a": [1.0, np.nan], "t": ["x", None], "l": [[1], [2]]})


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (FRAME.astype({"a": "float32"}), "column 'a' is given as float64 and arrives as float32"),
        (FRAME.assign(t=["x", np.nan]), "in column 't', row 1, None is given and nan arrives"),
        (FRAME.assign(l=[[1], [2.0]]), "in column 'l', row 1, [2] is given and [2.0] arrives"),
        (FRAME.rename(columns={"a": "b"}), "the columns ['a', 't', 'l'] are given and ['b', "),
        (FRAME.head(1), "2 rows are given and 1 arrive"),
        (FRAME.set_axis([5, 6]), "rows with the labels [0, 1] are given, and [5, 6] arrive"),
        (FRAME.to_dict("list"), "a DataFrame is given and a dict arrives"),
    ],
    ids=str,
)
def test_what_arrives_otherwise(other, said):
    """FID-004."""
    assert said in str(arrives_otherwise(FRAME, other))


@pytest.mark.parametrize(
    "data", [FRAME, np.array([1.0, np.nan]), np.array(["a", None], dtype=object), [1, None], {"a": [1]}],
    ids=str,
)  # fmt: skip
def test_a_copy_arrives_alike_and_is_its_own(data):
    """FID-006."""
    own = copied(data)
    assert arrives_otherwise(data, own) is None
    assert own is not data


def test_arrays_that_differ():
    one = np.array([1.0, 2.0])
    assert "array of float64 and shape [2]" in str(arrives_otherwise(one, one.astype("int64")))
    assert arrives_otherwise(one, one + 1) == "its values are others"
