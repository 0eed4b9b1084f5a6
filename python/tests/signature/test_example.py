"""Input examples: written, read back to the bit, refused (EXA-001 to EXA-009)."""

# ruff: noqa: DTZ001 - a time without zone means UTC here
from __future__ import annotations

import datetime as dt
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlmodel.errors import InvalidArgument, InvalidInput, InvalidModel, UnreadableModel
from mlmodel.scoring.example import read_example
from mlmodel.signature.example import as_model_input, write_example
from mlmodel.signature.infer import infer_signature
from mlmodel.signature.types import ModelSignature
from mlmodel.types import ColSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:SIG-016")

COLUMNS = {
    "frame": pd.DataFrame(
        {
            "long": [1, 2**53 + 1],
            "double": [0.1, None],
            "text": pd.Series(['x\u2028"', None], dtype=object),
            "flag": [True, False],
            "at": pd.to_datetime(["2020-01-01 01:02:03.123456789", None]),
            "float": np.array([0.1, np.nan], "float32"),
            "bytes": pd.Series([b"1\xff\0", None], dtype=object),
        }
    ),
    "numbered": pd.DataFrame([[1.5, 2.5]]),
    "nullable": pd.DataFrame(
        {
            "a": pd.array([2**53 + 1, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
        }
    ),
    "zoned": pd.DataFrame({"a": pd.to_datetime(["2020-01-01T00:00:00+01:00"])}),
    "scalars": {"a": 1, "b": "x"},
    "lists": {"a": [1, 2], "b": ["x", "y"]},
    "records": [{"a": 1}, {"a": 2}],
    "rows": [[1, "x"], [2, "y"]],
    "values": ["x", "y"],
}
TENSORS = {
    "float32": np.array([[0.1, np.nan]], "float32"),
    "float16": np.array([0.1], "float16"),
    "uint64": np.array([2**64 - 1], "uint64"),
    "bool": np.array([[True, False]]),
    "text": np.array(["a", "bcd"]),
    "bytes": np.array([b"ab", b"c"]),
    "days": np.array(["2020-01-01", "NaT"], "datetime64[D]"),
    "months": np.array(["2020-02"], "datetime64[M]"),
    "by name": {"x": np.zeros((2, 2)), "y": np.array([1, 2], "int8")},
}


def equal(a: Any, b: Any) -> None:
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for name in a:
            equal(a[name], b[name])
    else:
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


def round_trip(example: Any, root: Path, signature: ModelSignature) -> tuple[dict, Any]:
    info = write_example(example, root, signature)
    return info, read_example(root, info, signature)


@pytest.mark.parametrize("name", COLUMNS)
def test_columns(name: str, tmp_path: Path) -> None:
    """EXA-001, EXA-002, EXA-006."""
    model_input = as_model_input(COLUMNS[name])
    signature = infer_signature(model_input)
    info, got = round_trip(COLUMNS[name], tmp_path, signature)
    equal(got, signature.enforce(model_input))
    assert info["artifact_path"] == "input_example.json"
    assert info["type"] == "dataframe"
    assert info["pandas_orient"] == ("split" if signature.inputs.has_input_names() else "values")
    document = json.loads((tmp_path / "input_example.json").read_text())
    assert set(document) == ({"columns", "data"} if info["pandas_orient"] == "split" else {"data"})
    read_example(tmp_path, info, None)


@pytest.mark.parametrize("name", TENSORS)
def test_tensors(name: str, tmp_path: Path) -> None:
    """EXA-002, EXA-006: dtype and shape survive."""
    signature = infer_signature(TENSORS[name])
    info, got = round_trip(TENSORS[name], tmp_path, signature)
    assert info == {"artifact_path": "input_example.json", "type": "ndarray"}
    equal(got, TENSORS[name])


def test_one_scalar_row(tmp_path: Path) -> None:
    signature = infer_signature({"a": 1.5, "b": "x"})
    write_example({"a": 1.5, "b": "x"}, tmp_path, signature)
    assert json.loads((tmp_path / "input_example.json").read_text()) == {
        "columns": ["a", "b"],
        "data": [[1.5, "x"]],
    }


def test_it_fits_the_signature(tmp_path: Path) -> None:
    """EXA-003."""
    signature = ModelSignature(Schema([ColSpec("long", "a")]))
    with pytest.raises(InvalidInput):
        write_example({"a": 1.5}, tmp_path, signature)
    assert not list(tmp_path.iterdir())
    extra = pd.DataFrame({"x": [1], "a": np.array([1], "int8")})
    assert round_trip(extra, tmp_path, signature)[1].to_dict("list") == {"a": [1]}


def test_it_holds_a_row(tmp_path: Path) -> None:
    """EXA-004."""
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    with pytest.raises(InvalidArgument, match="EXA-004"):
        write_example(pd.DataFrame({"a": np.array([], "float64")}), tmp_path, signature)
    with pytest.raises(InvalidArgument, match="EXA-004"):
        write_example(np.zeros((0, 2)), tmp_path, None)


def test_the_batch_axis(tmp_path: Path) -> None:
    """EXA-005."""
    first = ModelSignature(Schema([TensorSpec("float64", (-1, 4, 4))]))
    second = ModelSignature(Schema([TensorSpec("float64", (4, -1, 4), "x")]))
    with pytest.raises(InvalidArgument, match=r"expand_dims\(example, 0\).*EXA-005"):
        write_example(np.zeros((4, 4)), tmp_path, first)
    with pytest.raises(InvalidArgument, match=r"expand_dims\(example, 1\).*EXA-005"):
        write_example({"x": np.zeros((4, 4))}, tmp_path, second)
    with pytest.raises(InvalidArgument):
        write_example(np.array(1.0), tmp_path, None)
    assert write_example(np.zeros((4, 1, 4)), tmp_path, None)["type"] == "ndarray"


@pytest.mark.parametrize(
    "example",
    [
        {"a": [float("inf")]},
        np.array([np.inf]),
        np.array([1j]),
        np.array([object()]),
        (1, 2),
        object(),
    ],
)
def test_what_json_cannot_hold(example: Any, tmp_path: Path) -> None:
    """EXA-001, EXA-006."""
    with pytest.raises(InvalidArgument):
        write_example(example, tmp_path, None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "info"),
    [
        ("{", {}),
        ("\ud800", {}),
        ('{"columns": ["a"]}', {}),
        ('{"columns": ["a"], "data": [[1, 2]]}', {}),
        ('{"columns": ["a"], "data": [[1], 2]}', {}),
        ('{"columns": ["a"], "data": [[1]]}', {"type": "parquet"}),
        ('{"a": [1], "b": [1, 2]}', {"type": "json_object"}),
        ("[" * 100_000, {}),
    ],
)
def test_what_is_no_example(text: str, info: dict, tmp_path: Path) -> None:
    """EXA-007."""
    (tmp_path / "e.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    info = {"artifact_path": "e.json", "type": "dataframe", **info}
    with pytest.raises(InvalidModel, match="cannot be read") as caught:
        read_example(tmp_path, info, ModelSignature(Schema([ColSpec("long", "a")])))
    assert caught.value.details[0].rule == "EXA-007"


def test_the_file_lies_inside(tmp_path: Path) -> None:
    """EXA-008."""
    (tmp_path / "e.json").write_text('{"columns": ["a"], "data": [[1]]}')
    (tmp_path / "model").mkdir()
    with pytest.raises(InvalidModel):
        read_example(tmp_path / "model", {"artifact_path": "../e.json", "type": "dataframe"}, None)
    with pytest.raises(UnreadableModel, match="cannot be read"):
        read_example(tmp_path / "model", {"artifact_path": "e.json", "type": "dataframe"}, None)
    with (tmp_path / "big.json").open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(UnreadableModel, match="EXA-008"):
        read_example(tmp_path, {"artifact_path": "big.json", "type": "dataframe"}, None)
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UnreadableModel, match="no regular file"):
        read_example(tmp_path, {"artifact_path": "pipe.json", "type": "dataframe"}, None)


def test_forms_of_mlflow(tmp_path: Path) -> None:
    """EXA-009."""

    def read(text: str, info: dict, *specs: Any) -> Any:
        (tmp_path / "e.json").write_text(text)
        signature = ModelSignature(Schema(specs)) if specs else None
        return read_example(tmp_path, {"artifact_path": "e.json", **info}, signature)

    specs = (ColSpec("double", "a"), ColSpec("datetime", "b"), ColSpec("binary", "c"))
    text = '{"columns": ["a", "b", "c"], "data": [[NaN, "NaT", "MTI=\\n"]], "index": [0]}'
    got = read(text, {"type": "dataframe"}, *specs)
    assert pd.isna(got["a"][0])
    assert pd.isna(got["b"][0])
    assert got["c"][0] == b"12"
    wrapped = read(
        '{"inputs": [[1, 2]]}',
        {"type": "ndarray", "format": "tf-serving"},
        TensorSpec("uint8", (-1, 2)),
    )
    equal(wrapped, np.array([[1, 2]], "uint8"))
    named = read('{"inputs": [1]}', {"type": "ndarray"}, TensorSpec("int64", (-1,), "inputs"))
    equal(named["inputs"], np.array([1]))
    params = read(
        '{"inputs": {"columns": ["a"], "data": [[1.5]]}, "params": {"k": 1}}',
        {"type": "dataframe", "params": "true"},
        ColSpec("double", "a"),
    )
    assert params["a"].tolist() == [1.5]
    for text in ('{"a": 1}', '{"a": [1]}', '[{"a": 1}]'):
        assert read(text, {"type": "json_object"}, ColSpec("long", "a"))["a"].tolist() == [1]
        assert read(text, {"type": "json_object"}) == json.loads(text)
    assert read("[1, 2]", {"type": "json_object"}, ColSpec("long"))[0].tolist() == [1, 2]
    assert read("[[1, 2]]", {"type": "json_object"}, TensorSpec("int64", (-1, 2))).shape == (1, 2)


def test_examples_of_real_models(corpus: Path) -> None:
    yaml = pytest.importorskip("yaml")
    found = 0
    for folder in sorted(path.parent for path in corpus.glob("*/input_example.json")):
        document = yaml.safe_load((folder / "MLmodel").read_text())
        signature = ModelSignature.from_dict(document["signature"])
        got = read_example(folder, document["saved_input_example_info"], None)
        assert len(got) > 0
        assert signature.inputs is not None
        found += 1
    assert found


@given(
    hnp.arrays(
        st.sampled_from(["float16", "float32", "float64", "int64", "uint64", "bool"]),
        hnp.array_shapes(max_dims=3, max_side=3),
    )
)
@settings(max_examples=150)
def test_every_tensor_survives(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    if array.dtype.kind == "f" and np.isinf(array).any():
        return
    root = tmp_path_factory.mktemp("example")
    got = round_trip(array, root, infer_signature(array))[1]
    nan = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    assert got.dtype == array.dtype
    assert got[~nan].tobytes() == array[~nan].tobytes()


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_infinity=False)
        | st.text(max_size=4)
        | st.binary(max_size=4)
        | st.booleans()
        | st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=150)
def test_every_record_survives(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, Any]
) -> None:
    model_input = as_model_input(record)
    signature = infer_signature(model_input)
    equal(
        round_trip(record, tmp_path_factory.mktemp("example"), signature)[1],
        signature.enforce(record),
    )
