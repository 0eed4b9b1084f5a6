"""Answers in the form that a client asks for (RST-124 to RST-127)."""

from __future__ import annotations

import csv
import decimal
import io
import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.models import ModelSignature
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations import handle
from mlmodel.types import ColSpec, Schema

if TYPE_CHECKING:
    from mlmodel.scoring.answers import Answer

JSON, CSV = "application/json", "text/csv"
STREAM = "application/vnd.apache.arrow.stream"
TABLES = (CSV, STREAM, "application/vnd.apache.arrow.file", "application/vnd.apache.parquet")
#: What CSV's readers take for a missing value, and what cannot be written in UTF-8.
MISSING = {
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "",
}  # fmt: skip


def answered(
    predictions: Any, accept: str | None, signature: ModelSignature | None = None
) -> Answer:
    engine = Engine(lambda _data, _: predictions, signature)
    return handle(JSON, b'{"inputs": {"a": [1.5]}}', engine, accept=accept)


def text(predictions: Any, signature: ModelSignature | None = None) -> str:
    answer = answered(predictions, CSV, signature)
    assert (answer.status, answer.content_type) == (200, "text/csv; charset=utf-8"), answer.body
    return answer.body.decode()


KINDS = {
    "d": "double",
    "f": "float",
    "l": "long",
    "i": "integer",
    "b": "boolean",
    "s": "string",
    "x": "binary",
    "t": "datetime",
}
TEXTS = st.text(max_size=8).filter(
    lambda one: one not in MISSING and not any(0xD800 <= ord(c) < 0xE000 for c in one)
)
CELLS: dict[str, Any] = {
    "d": st.floats(allow_nan=False),
    "f": st.floats(width=32, allow_nan=False),
    "l": st.integers(-(2**63), 2**63 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "b": st.booleans(),
    "s": TEXTS,
    "x": st.binary(min_size=1, max_size=8),
    "t": st.integers(-(2**62), 2**62),
}  # fmt: skip
DTYPES = {
    "d": "float64",
    "f": "float32",
    "l": "int64",
    "i": "int32",
    "b": "bool",
    "t": "datetime64[ns]",
}


@pytest.mark.slow
@given(data=st.data(), gaps=st.booleans())
def test_csv_that_is_sent_back_is_the_same_table(data: st.DataObject, gaps: bool) -> None:
    """RST-126: what is answered as CSV is read as a request with every cell as it was."""
    rows = data.draw(st.integers(0, 4))
    columns = {
        name: data.draw(st.lists(cells, min_size=rows, max_size=rows))
        for name, cells in CELLS.items()
    }
    frame = pd.DataFrame(
        {name: pd.Series(held, dtype=DTYPES.get(name, "object")) for name, held in columns.items()}
    )
    if gaps and rows:
        frame["s"] = pd.Series([None, *columns["s"][1:]], dtype=object)
        frame["l"] = pd.Series(pd.array([None, *columns["l"][1:]], dtype="Int64"))
    seen: list[pd.DataFrame] = []
    declared = ModelSignature(
        Schema([ColSpec(kind, name, required=False) for name, kind in KINDS.items()])
    )
    engine = Engine(lambda given, _: seen.append(given) or np.ones(1), declared)
    answer = handle(CSV, text(frame).encode(), engine)
    assert answer.status == 200, answer.body
    for name in frame.columns:
        back = [None if pd.isna(c) else c for c in seen[0][name].astype(object)]
        assert back == [None if pd.isna(c) else c for c in frame[name].astype(object)], name


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=2, max_size=2),
        min_size=1,
    )
)
def test_csv_is_that_of_the_standard(rows: list[list[str]]) -> None:
    """RST-126: the standard library's reader finds the same texts."""
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    told = text(frame)
    assert told.endswith("\r\n")
    if not any("\r" in cell or "\n" in cell for row in rows for cell in row):
        assert "\n" not in told.replace("\r\n", "")
    assert list(csv.reader(io.StringIO(told, newline="")))[1:] == rows


def test_values_are_written_as_in_json() -> None:
    """RST-126"""
    frame = pd.DataFrame({
        "d": [decimal.Decimal("1.10"), None], "f": np.array([0.1, np.inf], "f4"), "n": [np.nan, -np.inf],
        "z": pd.to_datetime(["2020-01-01T00:00:00+02:00", None]),
        "c": pd.Categorical(["x", None]), "p": pd.period_range("2020-01", periods=2, freq="M"),
    })  # fmt: skip
    assert text(frame).split("\r\n") == [
        "d,f,n,z,c,p",
        "1.10,0.10000000149011612,,2020-01-01T00:00:00+02:00,x,2020-01",
        ",Infinity,-Infinity,,,2020-02",
        "",
    ]


@pytest.mark.parametrize(
    ("predictions", "lines"),
    [
        (np.array([1.5, 2.0]), ["predictions", "1.5", "2.0"]),
        (np.array([[1, 2]]), ["0,1", "1,2"]),
        (pd.Series([1]), ["0", "1"]),
        (pd.Series([1], name="y"), ["y", "1"]),
        (pd.DataFrame({2019: [1], 2020: [2]}), ["2019,2020", "1,2"]),
        ([1, "x", None], ["predictions", "1", "x", '""']),
        ([[1, "x"], [2, "y"]], ["0,1", "1,x", "2,y"]),
        ([{"a": 1, "b": "x"}, {"b": "y", "a": 2}], ["a,b", "1,x", "2,y"]),
        ({"a": np.array([1, 2]), "b": ["x", "y"]}, ["a,b", "1,x", "2,y"]),
        ([], ["predictions"]),
        (np.array(["a,b", "c"]), ["predictions", '"a,b"', "c"]),
    ],
)
def test_what_is_a_table(predictions: Any, lines: list[str]) -> None:
    """RST-125"""
    assert text(predictions).split("\r\n") == [*lines, ""]
    for accept in TABLES[1:]:
        if not (isinstance(predictions, list) and predictions[:2] == [1, "x"]):
            assert answered(predictions, accept).status == 200


@pytest.mark.thorough
@pytest.mark.parametrize(
    "predictions",
    [
        1.5, "text", None, {"a": 1}, {"a": [1], "b": [1, 2]}, {}, np.ones((1, 1, 1)), np.float64(1), [[1], [2, 3]],
        [{"a": 1}, {"b": 1}], [{"a": 1}, 2], [{}], [np.ones(2), np.ones(2)], np.ma.masked_array([1, 2], [True, False]),
        pd.DataFrame(), pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[1, 2]], columns=["1", 1]),
        pd.DataFrame({("a", "b"): [1]}), np.ones((2, 0)), np.zeros(1, [("a", "i4")]),
    ],
)  # fmt: skip
def test_what_is_not_a_table(predictions: Any) -> None:
    """RST-125: JSON is answered where it is taken, too; else nothing is."""
    in_json = answered(predictions, None)
    for accept in TABLES:
        refused = answered(predictions, accept)
        assert (refused.status, json.loads(refused.body)["error_code"]) == (406, "NOT_ACCEPTABLE")
        assert answered(predictions, f"{accept}, */*;q=0.1") == in_json


def test_a_form_that_cannot_hold_a_cell_gives_way_to_the_next() -> None:
    """RST-125: lists in CSV, two kinds of values in a column of Arrow."""
    lists, mixed = pd.DataFrame({"a": [[1], [2]]}), pd.DataFrame({"a": [1, "x"]})
    assert answered(lists, CSV).status == 406
    assert answered(lists, f"{CSV}, {STREAM};q=0.5").content_type == STREAM
    assert answered(mixed, STREAM).status == 406
    assert answered(mixed, f"{STREAM}, {CSV};q=0.5").content_type == "text/csv; charset=utf-8"


def test_the_model_is_not_asked_for_a_form_that_there_is_not() -> None:
    """RST-124"""
    asked: list[Any] = []
    engine = Engine(lambda data, _: asked.append(data) or np.ones(1))
    answer = handle(JSON, b'{"inputs": {"a": [1.5]}}', engine, accept="text/html")
    assert (answer.status, answer.content_type, asked) == (406, JSON, [])
    assert b"text/csv" in answer.body


def test_without_the_library_its_forms_are_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """RST-124: what cannot be written is not chosen, and not named."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.setitem(sys.modules, name, None)
    refused = answered(np.ones(1), f"{STREAM};v=1")
    assert (refused.status, b"text/csv" in refused.body, b"it can be" in refused.body) == (
        406,
        True,
        True,
    )
    assert b"parquet" not in refused.body
    assert answered(np.ones(1), f"{STREAM};v=2, {JSON};q=0.1").content_type == JSON


def test_arrow_keeps_the_types_of_columns() -> None:
    """RST-127"""
    frame = pd.DataFrame({
        "i": np.array([1, 2], "i4"), "n": pd.array([2**62 + 1, None], "Int64"), "f": np.array([0.1, np.nan], "f4"),
        "s": ["x", None], "t": pd.to_datetime(["2020-01-01", None]), "c": pd.Categorical(["u", "v"]),
    }, index=[7, 8])  # fmt: skip
    table = pa.ipc.open_stream(answered(frame, STREAM).body).read_all()
    assert table.schema.metadata is None
    assert table.schema.names == list(frame.columns)
    *numbers, text = list(map(str, table.schema.types))[:4]
    assert numbers == ["int32", "int64", "float"]
    assert text in {"string", "large_string"}  # as the data frame's own texts are
    assert table["n"].to_pylist() == [2**62 + 1, None]
    assert table["f"].null_count == 1
    assert table["c"].to_pylist() == ["u", "v"]
