"""What a model may answer with, and how it is written."""

from __future__ import annotations

import datetime as dt
import json
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from mlmodel.errors import UnserializablePrediction
from mlmodel.scoring.writers.predictions import write_bare, write_enveloped

Point = namedtuple("Point", "x y")  # noqa: PYI024 - a model may well answer with one

WRITTEN: list[tuple[Any, str]] = [
    (np.array([1, 2]), "[1,2]"),
    (np.array([[1.5, np.nan]]), "[[1.5,null]]"),
    (np.array([0.1], np.float32), "[0.10000000149011612]"),
    (np.array([0.1], np.float16), "[0.0999755859375]"),
    (np.array([0.1], np.longdouble(0.1).dtype), "[0.1]"),
    (np.array([1.5], ">f8"), "[1.5]"),
    (np.array([258], ">i4"), "[258]"),
    (np.array([[1, 2], [3, 4]]).T, "[[1,3],[2,4]]"),
    (np.arange(6.0).reshape(2, 3)[:, ::2], "[[0.0,2.0],[3.0,5.0]]"),
    (np.array([True, False]), "[true,false]"),
    (np.array([2**63], np.uint64), "[9223372036854775808]"),
    (np.array(5), "5"),
    (np.array(5.5), "5.5"),
    (np.array(np.nan), "null"),
    (np.array([]), "[]"),
    (np.zeros((2, 0)), "[[],[]]"),
    (np.array(["a", "é"]), '["a","é"]'),
    (np.array([b"ab"]), '["YWI="]'),
    (np.array(["a", b"b", None, 1.5, np.int64(2)], object), '["a","Yg==",null,1.5,2]'),
    (np.array([np.array([1, 2]), np.array([3])], object), "[[1,2],[3]]"),
    (np.array(["2020-01-01T00:00:01", "NaT"], "M8[s]"), '["2020-01-01T00:00:01",null]'),
    (np.ma.masked_array([1, 2], mask=[False, True]), "[1,null]"),
    (pd.Series([1, 2]), '[{"0":1},{"0":2}]'),
    (pd.Series([1.5], name="p"), '[{"p":1.5}]'),
    (pd.DataFrame({"a": [1], "b": ["x"]}), '[{"a":1,"b":"x"}]'),
    (pd.DataFrame({0: [1], 1: [2]}), '[{"0":1,"1":2}]'),
    (
        pd.DataFrame({"a": np.array([0.1, np.nan], np.float32)}),
        '[{"a":0.10000000149011612},{"a":null}]',
    ),
    (pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), '[{"a":1},{"a":null}]'),
    (pd.DataFrame({"a": pd.array([True, None], dtype="boolean")}), '[{"a":true},{"a":null}]'),
    (pd.DataFrame({"a": pd.array(["x", None], dtype="string")}), '[{"a":"x"},{"a":null}]'),
    (pd.DataFrame({"a": pd.Categorical(["x", None])}), '[{"a":"x"},{"a":null}]'),
    (
        pd.DataFrame({"a": pd.to_datetime(["2020-01-01", None])}),
        '[{"a":"2020-01-01T00:00:00"},{"a":null}]',
    ),
    (
        pd.DataFrame({"a": pd.to_datetime(["2020-01-01T00:00:01.5Z"])}),
        '[{"a":"2020-01-01T00:00:01.500000+00:00"}]',
    ),
    (pd.DataFrame({"a": [np.array([1.0, np.nan])]}), '[{"a":[1.0,null]}]'),
    (pd.DataFrame(index=[0, 1]), "[{},{}]"),
    (pd.DataFrame({"a": []}), "[]"),
    (pd.Index([1, 2]), "[1,2]"),
    ([1, "a", None, b"xy", True], '[1,"a",null,"eHk=",true]'),
    ((1, [2.5, (3,)]), "[1,[2.5,[3]]]"),
    (Point(1, 2), "[1,2]"),
    ({"a": np.array([1]), 2: [np.float32(0.5)]}, '{"a":[1],"2":[0.5]}'),
    (OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
    ({"x": pd.DataFrame({"a": [1]})}, '{"x":[{"a":1}]}'),
    (5, "5"),
    (2**64, "18446744073709551616"),
    ([10**30, float("nan"), np.array([1.5, np.nan])], f"[{10**30},null,[1.5,null]]"),
    (9007199254740993, "9007199254740993"),
    (np.int64(2**60), "1152921504606846976"),
    (np.float64(0.1), "0.1"),
    (np.bool_(1), "true"),
    (np.str_("s"), '"s"'),
    (np.datetime64("2020-01-01T00:00"), '"2020-01-01T00:00"'),
    (pd.Timestamp("2020-01-01"), '"2020-01-01T00:00:00"'),
    (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), '"2020-01-01T00:00:00+00:00"'),
    (dt.date(2020, 1, 1), '"2020-01-01"'),
    (dt.time(12, 30), '"12:30:00"'),
    (bytearray(b"ab"), '"YWI="'),
    (float("nan"), "null"),
    (np.array([1.5, -np.inf, np.nan]), '[1.5,"-Infinity",null]'),
    (np.array([[1.5], [np.inf]], np.float32), '[[1.5],["Infinity"]]'),
    (np.array(-np.inf), '"-Infinity"'),
    ([1.0, {"a": float("inf")}], '[1.0,{"a":"Infinity"}]'),
    (np.array([np.inf, np.nan, 2**70], object), '["Infinity",null,1180591620717411303424]'),
    (np.ma.masked_array([np.inf, 1.5], mask=[False, True]), '["Infinity",null]'),
    (pd.DataFrame({"a": [1.0], "b": [np.inf]}), '[{"a":1.0,"b":"Infinity"}]'),
    (pd.DataFrame({"a": [np.array([-np.inf, np.nan])]}), '[{"a":["-Infinity",null]}]'),
    (
        pd.DataFrame({"a": pd.array([np.inf, None], dtype="Float32")}),
        '[{"a":"Infinity"},{"a":null}]',
    ),
    (pd.DataFrame({"a": [np.nan], "b": [2**70]}), '[{"a":null,"b":1180591620717411303424}]'),
    (np.float64(np.inf), '"Infinity"'),
    (pd.NA, "null"),
    (pd.NaT, "null"),
    (None, "null"),
    ("s", '"s"'),
]


@pytest.mark.parametrize(("prediction", "expected"), WRITTEN)
def test_prediction_is_written(prediction: Any, expected: str) -> None:
    """RST-041, RST-043, RST-044, RST-045, RST-046, RST-083, RST-085."""
    assert write_enveloped(prediction).decode() == f'{{"predictions":{expected}}}'
    assert write_bare(prediction).decode() == expected


REFUSED: list[tuple[Any, str, str]] = [
    (np.array([1 + 2j]), "complex128", "RST-047"),
    (1j, "builtins.complex", "RST-047"),
    ({1, 2}, "builtins.set", "RST-047"),
    (object(), "builtins.object", "RST-047"),
    ([1, {"x": sparse.csr_matrix([[1]])}], "/predictions/1/x is a scipy", "RST-047"),
    (pd.DataFrame({"t": pd.to_timedelta(["1s"])}), "Timedelta", "RST-047"),
    (np.array([1], "m8[s]"), "timedelta64[s]", "RST-047"),
    (np.zeros(1, [("a", "i4")]), "of dtype", "RST-047"),
    (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns with the same name", "RST-047"),
    (pd.DataFrame([[1, 2]], columns=["0", 0]), "two columns with the same name", "RST-047"),
    (pd.DataFrame({("a", "b"): [1]}), "a key of type tuple", "RST-047"),
    ({1: "a", "1": "b"}, "two keys with the same name", "RST-047"),
    ({None: 1}, "a key of type NoneType", "RST-047"),
    (["\ud800"], "half of a surrogate pair", "RST-048"),
]


@pytest.mark.parametrize(("prediction", "said", "rule"), REFUSED)
def test_prediction_without_form_is_refused(prediction: Any, said: str, rule: str) -> None:
    """RST-045, RST-047, RST-048."""
    with pytest.raises(UnserializablePrediction) as raised:
        write_enveloped(prediction)
    assert said in str(raised.value)
    assert rule in str(raised.value)


def test_long_double_that_no_double_holds_is_refused() -> None:
    value = np.longdouble(1) + np.finfo(np.longdouble).eps
    if value == 1 or np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long double is double here")
    with pytest.raises(UnserializablePrediction, match="a double cannot hold"):
        write_enveloped(np.array([value]))


@given(st.lists(st.floats(allow_nan=True, allow_infinity=False, width=64)))
def test_doubles_come_back_exactly(values: list[float]) -> None:
    back = json.loads(write_enveloped(np.array(values, np.float64)))["predictions"]
    np.testing.assert_array_equal(np.array(back, np.float64), np.array(values, np.float64))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_narrow_floats_come_back_as_the_double_that_they_equal(values: list[float]) -> None:
    assert json.loads(write_enveloped(np.array(values, np.float32)))["predictions"] == values


@given(st.lists(st.integers(-(2**70), 2**70)))
def test_integers_come_back_exactly(values: list[int]) -> None:
    assert json.loads(write_enveloped(values))["predictions"] == values
