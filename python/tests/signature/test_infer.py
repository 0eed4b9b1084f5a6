"""Signatures from data."""

# ruff: noqa: DTZ001 - a time without zone means UTC here
from __future__ import annotations

import datetime as dt
import decimal
import warnings

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidArgument
from mlmodel.signature.infer import infer_signature
from mlmodel.types import DataType


def kinds(data: object) -> list[tuple[object, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [(s.type.value, s.name, s.required) for s in infer_signature(data).inputs]


@pytest.mark.parametrize(
    "data",
    [
        object(),
        {1},
        (1, 2),
        iter([1]),
        np.array(1.0),
        [],
        {},
        pd.DataFrame(),
        pd.Index([1]),
        [[], []],
        [[1], [1, 2]],
        {1: 2},
    ],
)
def test_unsupported_objects_are_named(data: object) -> None:
    """SIG-010, SIG-012, SIG-013: an error, never a signature without the inputs."""
    with pytest.raises(InvalidArgument):
        infer_signature(data)
    with pytest.raises(InvalidArgument):
        infer_signature(pd.DataFrame({"a": [1.5]}), data)


def test_the_error_names_type_and_supported_ones() -> None:
    with pytest.raises(
        InvalidArgument,
        match=r"model_output, which is builtins\.tuple; supported are a pandas DataFrame",
    ):
        infer_signature(pd.DataFrame({"a": [1.5]}), (1, 2))


@pytest.mark.parametrize(
    ("cells", "kind", "required"),
    [
        ([1, 2], "long", True),
        ([1, None], "double", False),
        ([1, 2.5], "double", True),
        ([True, None], "boolean", False),
        (["x", np.nan], "string", False),
        ([b"x", bytearray(b"y")], "binary", True),
        ([dt.date(2020, 1, 1), None], "datetime", False),
        ([dt.datetime(2020, 1, 1), pd.NaT], "datetime", False),
        ([None, None], "any", False),
        ([None, np.nan], "double", False),
        ([], "any", True),
    ],
)
def test_object_columns_go_by_their_cells(cells: list[object], kind: str, required: bool) -> None:
    frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
    assert kinds(frame) == [(kind, "a", required)]


@pytest.mark.parametrize(
    "cells", [["x", 1], [decimal.Decimal(1)], [2**70], [{"a": 1}], [[1]], [b"x", "y"]]
)
def test_cells_of_no_type(cells: list[object]) -> None:
    with pytest.raises(InvalidArgument, match="'a'.*SIG-014"):
        infer_signature(pd.DataFrame({"a": pd.Series(cells, dtype=object)}))


def test_names() -> None:
    """SIG-012."""
    assert kinds(pd.DataFrame([[1.5, 2.5]])) == [("double", None, True)] * 2
    assert kinds(pd.Series([1.5], name="x")) == [("double", "x", True)]
    with pytest.raises(InvalidArgument, match="SIG-012"):
        infer_signature(pd.DataFrame({1: [1.5], 2: [1.5]}))
    with pytest.raises(InvalidArgument, match="SIG-012"):
        infer_signature(pd.DataFrame({("a", "b"): [1.5]}))


def test_pandas_own_dtypes() -> None:
    frame = pd.DataFrame(
        {
            "z": pd.to_datetime(["2020-01-01"]).tz_localize("Europe/Berlin"),
            "s": pd.arrays.SparseArray([0.0]),
            "c": pd.Categorical(["x"]),
            "t": pd.array(["x"], dtype="string"),
            "m": pd.array([None], dtype="Float32"),
        }
    )
    assert [k for k, *_ in kinds(frame)] == ["datetime", "double", "string", "string", "float"]


def test_arrow() -> None:
    pa = pytest.importorskip("pyarrow")
    types = {
        pa.int32(): "integer",
        pa.int64(): "long",
        pa.string(): "string",
        pa.bool_(): "boolean",
        pa.timestamp("us", "UTC"): "datetime",
        pa.date32(): "datetime",
        pa.binary(): "binary",
        pa.float32(): "float",
    }
    for held, kind in types.items():
        assert kinds(pd.DataFrame({"a": pd.Series([None], dtype=pd.ArrowDtype(held))})) == [
            (kind, "a", False)
        ]
    with pytest.raises(InvalidArgument, match="SIG-014"):
        infer_signature(
            pd.DataFrame({"a": pd.Series([None], dtype=pd.ArrowDtype(pa.decimal128(5, 2)))})
        )


def test_nan_is_found_wherever_it_lies() -> None:
    for rows in (1, 1000):
        values = np.ones((rows, 3))
        values[rows - 1, 1] = np.nan
        by_rows = pd.DataFrame(values, columns=list("abc"))
        by_columns = pd.DataFrame({n: values[:, i].copy() for i, n in enumerate("abc")})
        for frame in (by_rows, by_columns):
            assert [required for *_, required in kinds(frame)] == [True, False, True]
    infinite = pd.DataFrame({"a": [np.inf, -np.inf]})
    assert kinds(infinite) == [("double", "a", True)]


def test_integer_columns_are_warned_of() -> None:
    """SIG-016."""
    with pytest.warns(UserWarning, match="SIG-016: the integer columns a, b will") as caught:
        infer_signature(pd.DataFrame({"a": [1], "b": np.array([1], "int8"), "c": [1.5]}))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        infer_signature(pd.DataFrame({"c": [1.5]}), np.array([1]))


def test_parameters() -> None:
    """SIG-017."""
    moment = dt.datetime(2020, 1, 1)
    given = {
        "a": True,
        "b": 1,
        "c": 1.5,
        "d": "x",
        "e": [1.5, 2.5],
        "f": np.float32(0.5),
        "g": np.array([1, 2]),
        "h": moment,
        "i": np.int8(1),
        "j": b"x",
    }
    params = infer_signature(params=given).params
    assert [(p.dtype, p.shape) for p in params] == [
        (DataType.boolean, None), (DataType.long, None), (DataType.double, None), (DataType.string, None),
        (DataType.double, (-1,)), (DataType.float, None), (DataType.long, (-1,)), (DataType.datetime, None),
        (DataType.integer, None), (DataType.binary, None),
    ]  # fmt: skip
    for value in (None, {}, [], [1, "x"], object(), [[1]]):
        with pytest.raises(InvalidArgument, match="SIG-017"):
            infer_signature(params={"a": value})
