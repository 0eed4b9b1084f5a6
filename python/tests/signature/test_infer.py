"""Signatures from data."""

# ruff: noqa: DTZ001 - a time without zone means UTC here
from __future__ import annotations

import datetime as dt
import decimal
import json
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.errors import InvalidArgument
from mlmodel.signature.infer.from_data import infer_signature
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import AnyType, Array, Object, Property
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
        ([None, np.nan], "any", False),
        ([], "any", True),
        ([decimal.Decimal("1.5"), None], "double", False),
        ([[1], [2, 3]], "array", True),
        ([(1, 2), np.array([3])], "array", True),
        ([{"x": 1}, None], "object", False),
        ([{"x": 1}, np.nan], "object", False),
    ],
)
def test_object_columns_go_by_their_cells(cells: list[object], kind: str, required: bool) -> None:
    frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
    assert kinds(frame) == [(kind, "a", required)]


@pytest.mark.parametrize(
    "cells",
    [
        ["x", 1],
        [decimal.Decimal(1), 1],
        [2**70],
        [{1: 2}],
        [{1, 2}],
        [[dt.time(1)]],
        [np.array([1], "uint64")],
        [[2**64]],
        [[2**53 + 1, 0.5]],
        [[True, None]],
        [dt.date(9999, 12, 31)],
        [b"x", "y"],
    ],
)
def test_cells_of_no_type(cells: list[object]) -> None:
    with pytest.raises(InvalidArgument, match="'a'.*SIG-014"):
        infer_signature(pd.DataFrame({"a": pd.Series(cells, dtype=object)}))


def test_names() -> None:
    """SIG-012."""
    assert kinds(pd.DataFrame([[1.5, 2.5]])) == [("double", None, True)] * 2
    assert kinds(pd.Series([1.5], name="x")) == [("double", "x", True)]
    with pytest.raises(InvalidArgument, match="SIG-012"):
        infer_signature(pd.DataFrame({1.5: [1.5], 2: [1.5]}))
    with pytest.raises(InvalidArgument, match="SIG-012"):
        infer_signature(pd.DataFrame({True: [1.5], 2: [1.5]}))
    with pytest.raises(InvalidArgument, match="SIG-012"):
        infer_signature(pd.DataFrame({("a", "b"): [1.5]}))


def test_whole_numbers_as_names() -> None:
    """SIG-063, SIG-064."""
    labels = pd.Index([np.int64(2020), "a", 7], dtype=object)
    found = infer_signature(pd.DataFrame([[1.5, 2.5, 3.5]], columns=labels)).inputs
    assert [spec.to_dict()["name"] for spec in found] == [2020, "a", 7]
    assert "np" not in found.to_json()
    assert kinds(pd.Series([1.5], name=2020)) == [("double", 2020, True)]
    with pytest.raises(InvalidArgument, match="SIG-064"):
        infer_signature(pd.DataFrame([[1.5, 2.5]], columns=[2020, "2020"]))


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
    decimals = pd.Series([None], dtype=pd.ArrowDtype(pa.decimal128(5, 2)))
    assert kinds(pd.DataFrame({"a": decimals})) == [("double", "a", False)]
    with pytest.raises(InvalidArgument, match="SIG-014"):
        infer_signature(pd.DataFrame({"a": pd.Series([None], dtype=pd.ArrowDtype(pa.time32("s")))}))


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
    for value in (
        None,
        {},
        [],
        [1, "x"],
        [1, None],
        object(),
        [[1]],
        [{"x": 1}],
        decimal.Decimal(1),
    ):
        with pytest.raises(InvalidArgument, match="SIG-017"):
            infer_signature(params={"a": value})


def test_parameters_that_are_objects() -> None:
    """SIG-017, SIG-040: as MLflow 3 reads them."""
    given = {"x": np.int64(1), "y": [1.5], "z": {"q": None}}
    (param,) = infer_signature(params={"p": given}).params
    assert param.dtype == Object(
        [
            Property("x", "long"),
            Property("y", Array("double")),
            Property("z", Object([Property("q", AnyType(), required=False)])),
        ]
    )
    assert param.shape is None
    assert json.loads(json.dumps(param.to_dict()))["default"] == {
        "x": 1,
        "y": [1.5],
        "z": {"q": None},
    }


def test_columns_without_a_name_are_required() -> None:
    """SIG-015: MLflow reads no optional column without a name."""
    assert kinds(pd.DataFrame([[1.5, "x"], [None, None]])) == [
        ("double", None, True),
        ("string", None, True),
    ]
    unnamed = pd.DataFrame({0: pd.array([1, None], dtype="Int64")})
    with pytest.raises(InvalidArgument, match="Column 0 is long.*SIG-015"):
        infer_signature(unnamed)
    outputs = infer_signature(model_output=unnamed).outputs
    assert [spec.required for spec in outputs] == [True]


def test_where_values_differ_is_told() -> None:
    """SIG-041."""
    frame = pd.DataFrame({"a": [{"m": [{"c": "x"}, {"c": ["y"]}]}], "b": [[1, "x"]]})
    with pytest.warns(UserWarning, match="SIG-041") as caught:
        signature = infer_signature(frame)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert "'c' of an item of 'm' of column 'a' (list, string)" in str(caught[0].message)
    assert "an item of column 'b' (long, string)" in str(caught[0].message)
    assert signature.enforce(frame) is not None


def test_an_empty_list_does_not_tell_how_deep_a_cell_is() -> None:
    """SIG-018, SIG-073, ENF-015."""
    data = {"a": [[], [[1]]]}
    assert infer_signature(data).enforce(data)["a"].tolist() == [[[], [[1]]]]


@pytest.mark.parametrize(
    "data",
    [
        {"messages": [{"role": "user", "content": "hi"}]},
        {"messages": ({"role": "user", "content": "hi"},), "k": [1]},
        {"a": [[1, 2], [3, 4]], "b": [1.5, 2.5]},
        {
            "messages": [{"content": "hi"}, {"content": [{"text": "hi"}]}],
            "tools": [{"f": {"n": 1}}],
        },
    ],
)
def test_lists_of_mappings_and_of_lists_are_cells_of_one_row(data: dict[str, Any]) -> None:
    """SIG-073, SIG-018."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = infer_signature(data).enforce(data)
    assert frame.to_dict("records") == [{name: list(value) for name, value in data.items()}]


@pytest.mark.parametrize(
    "data", [{"a": [1, 2]}, {"a": [None, {"x": 1}]}, {"a": [[1], ["x"]]}, {"a": [[1], None]}]
)
def test_other_lists_are_columns(data: dict[str, Any]) -> None:
    """SIG-073: where nothing else is declared than any, enforcement cannot tell a cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = infer_signature(data).enforce(data)
    assert len(frame) == 2


def test_too_deep() -> None:
    deep: object = 1
    for _ in range(2000):
        deep = [deep]
    with pytest.raises(
        InvalidArgument, match="Column 'a' holds lists or objects more than 64 deep"
    ):
        infer_signature({"a": deep, "b": 1})


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (SimpleNamespace(__array__=None), "numpy.asarray"),
        (SimpleNamespace(model_dump=None), "type hint"),
        (SimpleNamespace(collect_schema=None), "Collect the frame first"),
        (object(), "python_function's output"),
        (list[str], "call infer_signature_from_type_hints"),
        (int | None, "call infer_signature_from_type_hints"),
        (int, "call infer_signature_from_type_hints"),
        (lambda data: data, "call infer_signature_from_type_hints"),
    ],
)
def test_advice_for_what_is_unsupported(data: object, advice: str) -> None:
    """SIG-010."""
    with pytest.raises(InvalidArgument, match="SIG-010") as caught:
        infer_signature(data)
    assert advice in caught.value.message
    assert type(data).__name__ in caught.value.message


_SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.datetimes(min_value=dt.datetime(1700, 1, 1), max_value=dt.datetime(2200, 1, 1)),
    st.none(),
)
_CELLS = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.thorough
@settings(max_examples=300)
@given(
    st.one_of(
        st.lists(_CELLS, min_size=1, max_size=4),
        st.lists(
            st.dictionaries(st.sampled_from("ab"), _CELLS, min_size=1), min_size=1, max_size=3
        ),
        st.dictionaries(st.sampled_from("ab"), _CELLS, min_size=1),
        st.lists(_CELLS, min_size=1, max_size=4).map(
            lambda cells: pd.DataFrame({"a": pd.Series(cells, dtype=object)})
        ),
    )
)
def test_what_was_inferred_is_enforced(data: object) -> None:
    """SIG-018: whatever the data, they are refused at once or pass for good."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            signature = infer_signature(data)
        except InvalidArgument:
            return
    assert signature.enforce(data) is not None
    written = ModelSignature.from_dict(signature.to_dict())
    assert written == signature


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, None], dtype="Int8"),
        pd.array([1, None], dtype="UInt32"),
        pd.array([1.5, None], dtype="Float32"),
        pd.array([True, None], dtype="boolean"),
        pd.array(["x", None], dtype="string"),
        pd.Categorical(["x", None]),
        pd.Categorical([1, None]),
        pd.Categorical(pd.array([1, None], dtype="Int64")),
        pd.Categorical([True, None]),
        pd.Categorical(pd.to_datetime(["2020-01-01", None])),
        pd.Categorical([None, None]),
        pd.arrays.SparseArray([0.0, np.nan]),
        pd.to_datetime(["2020-01-01", None]).tz_localize("Europe/Berlin"),
        pd.to_datetime(["2020-01-01", None]).as_unit("s"),
        pd.to_datetime(["2020-01-01", None]).tz_localize("UTC").as_unit("ms"),
        np.array([1, 2], "uint8"),
        np.array([1.5, np.inf], "float16"),
        np.array([decimal.Decimal("0.1"), None], object),
        np.array([1, None], object),
        np.array([1, 2.5], object),
        np.array([dt.date(2020, 1, 1), None], object),
    ],
    ids=lambda column: str(column.dtype),
)
def test_every_dtype_passes_what_was_inferred_from_it(column: object) -> None:
    """SIG-014, SIG-015, SIG-018: with missing values where the dtype has some."""
    frame = pd.DataFrame({"a": column})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = infer_signature(frame, frame["a"])
    delivered = signature.enforce(frame)
    assert delivered["a"].isna().tolist() == frame["a"].isna().tolist()
    assert signature.inputs == signature.outputs


@pytest.mark.parametrize("name", [0, 5, np.int64(7), "a", None])
def test_a_series_is_taken_under_its_own_signature(name: object) -> None:
    """SIG-063: a column is named as the series is, zero too."""
    series = pd.Series([1.0, 2.0], name=name)
    signature = infer_signature(series)
    assert signature.inputs.input_names() == ([name] if name is not None else [0])
    assert signature.enforce(series).shape == (2, 1)
