"""Data as callers hold them, written into a request and read again (PRO-050 to PRO-055)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InvalidArgument
from mlmodel.scoring.protobuf import read_request, write_request
from mlmodel.signature.data.columns import Columns, Tensors
from mlmodel.signature.infer.from_data import infer_signature
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import Schema, TensorSpec

PAGE = Path(__file__).resolve().parents[3] / "spec" / "protobuf.md"
FRAME = pd.DataFrame(
    {
        "whole": [1, 2],
        "real": [0.5, np.nan],
        "other": [2.5, -0.0],
        "text": ["a", None],
        "yes": [True, False],
        "time": pd.to_datetime(["2024-01-01", None]).as_unit("ns"),
        "zoned": pd.to_datetime(["2024-01-01", "2024-06-01"]).as_unit("ns").tz_localize("UTC"),
        "gap": pd.array([1, None], dtype="Int64"),
        "flag": pd.array([True, None], dtype="boolean"),
        "kind": pd.Categorical(["x", "y"]),
        "string": pd.array(["p", None], dtype="string"),
        "lists": [[1, 2], []],
    },
    index=[7, 9],
)


def there_and_back(data: Any) -> Any:
    return read_request(write_request(data))[0]


def test_the_example_of_the_page_runs() -> None:
    (example,) = re.findall("```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    held: dict[str, Any] = {}
    exec(example, held)
    assert isinstance(held["data"], Columns)
    assert held["params"] == {"quantile": 0.5}


@pytest.mark.filterwarnings("ignore:SIG-016")
def test_a_frame_is_enforced_as_if_it_had_not_been_sent() -> None:
    """PRO-055: its index is not kept, nor that pandas 3 has a dtype of its own for text."""
    signature = infer_signature(FRAME)
    sent = signature.enforce(there_and_back(FRAME))
    due = signature.enforce(FRAME).reset_index(drop=True)
    texts = [name for name in due if str(due[name].dtype) == "str"]
    pd.testing.assert_frame_equal(sent, due.astype(dict.fromkeys(texts, object)))
    assert np.signbit(sent["other"].to_numpy()[1])


def test_columns_of_one_dtype_share_a_block() -> None:
    """PRO-052."""
    read = there_and_back(pd.DataFrame({"a": [1.0], "b": [1], "c": [2.0]}))
    assert sorted(block.positions for block in read.blocks) == [(0, 2), (1,)]


def test_arrays_and_dicts_of_arrays() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    read = there_and_back(array)
    assert isinstance(read, Tensors)
    np.testing.assert_array_equal(read.arrays[None], array, strict=True)
    read = there_and_back({"x": array, "y": array[0]})
    assert list(read.arrays) == ["x", "y"]
    np.testing.assert_array_equal(read.arrays["y"], array[0], strict=True)
    signature = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 3))]))
    np.testing.assert_array_equal(signature.enforce(there_and_back(array)), array, strict=True)


def test_series_numbered_frames_and_what_was_read() -> None:
    assert there_and_back(pd.Series([1.0], name="a")).names == ("a",)
    numbered = there_and_back(pd.DataFrame([[1.0, 2.0]]))
    assert numbered.names == (0, 1)
    assert write_request(numbered) == write_request(pd.DataFrame([[1.0, 2.0]]))
    assert there_and_back(pd.DataFrame(index=range(3))).rows == 3


def test_arrow_tables() -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": [1, None], "b": ["x", None]})
    read = there_and_back(table)
    with pytest.warns(UserWarning, match="SIG-016"):
        signature = infer_signature(table)
    pd.testing.assert_frame_equal(signature.enforce(read), signature.enforce(table))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[1.0]], "builtins.list was given: make a data frame"),
        ({}, "builtins.dict was given"),
        (1.5, "builtins.float was given"),
        (None, "NoneType was given"),
        ({"a": [1.0]}, "under 'a' is builtins.list, not an array"),
        ({1: np.ones(1)}, "The name 1 of an array is not text"),
        (np.ma.masked_array([1.0], [True]), "is a masked array"),
        (np.zeros(1, [("a", "i4")]), "."),
        (pd.DataFrame({1.5: [1]}), "The column name 1.5"),
        (pd.DataFrame({True: [1]}), "The column name True"),
        (pd.DataFrame({"p": pd.period_range("2024", periods=1, freq="Y")}), "'p' is of dtype per"),
        (pd.DataFrame({"o": [object()]}), "."),
        (pd.DataFrame({"o": [pd.NA, "a"]}, dtype=object), "."),
    ],
    ids=range(13),
)
def test_what_no_message_holds_is_refused(data: Any, message: str) -> None:
    """PRO-040, PRO-050, PRO-051, PRO-053."""
    with pytest.raises(InvalidArgument, match=message):
        write_request(data)
