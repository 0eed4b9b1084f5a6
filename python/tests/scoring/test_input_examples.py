"""Input examples: written, read back to the bit, refused, checked (EXA rules)."""

# ruff: noqa: DTZ001 - a time without zone means UTC here
from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mlmodel
from mlmodel.cli.validate import command
from mlmodel.errors import InvalidArgument, InvalidInput, InvalidModel, UnreadableModel
from mlmodel.models import Model
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.examples.checking import faults
from mlmodel.scoring.examples.reading import read_example, read_params, read_serving_input
from mlmodel.scoring.examples.writing import as_model_input, write_example
from mlmodel.scoring.invocations.protocol import score
from mlmodel.signature.infer.from_data import infer_signature
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.types import ColSpec, ParamSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:SIG-016", "ignore:.*PYF-016")

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
            "infinite": [np.inf, -np.inf],
        }
    ),
    "nested": pd.DataFrame({"a": [[1, 2], []], "o": [{"x": 1.5, "t": ["u"]}, {"x": 2.0, "t": []}]}),
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
    "infinite": np.array([[np.inf, -np.inf, np.nan]]),
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
    model_input, _ = as_model_input(COLUMNS[name])
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
    assert info == {
        "artifact_path": "input_example.json",
        "type": "ndarray",
        "serving_input_path": "serving_input_example.json",
    }
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
    with pytest.raises(UnreadableModel, match="not a regular file"):
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
    found = 0
    for folder in sorted(path.parent for path in corpus.glob("*/input_example.json")):
        document = yaml.safe_load((folder / "MLmodel").read_text())
        signature = ModelSignature.from_dict(document["signature"])
        got = read_example(folder, document["saved_input_example_info"], None)
        assert len(got) > 0
        assert signature.inputs is not None
        found += 1
    assert found


@pytest.mark.slow
@given(
    hnp.arrays(
        st.sampled_from(["float16", "float32", "float64", "int64", "uint64", "bool"]),
        hnp.array_shapes(max_dims=3, max_side=3),
    )
)
@settings(max_examples=150)
def test_every_tensor_survives(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    root = tmp_path_factory.mktemp("example")
    got = round_trip(array, root, infer_signature(array))[1]
    nan = np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    assert got.dtype == array.dtype
    assert got[~nan].tobytes() == array[~nan].tobytes()


@pytest.mark.slow
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=4),
        st.integers(-(2**63), 2**63 - 1)
        | st.floats()
        | st.text(max_size=4)
        | st.binary(max_size=4)
        | st.booleans()
        | st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)),
        min_size=1,
        max_size=4,
    )
)
@example({"0": float("nan")})
@settings(max_examples=150)
def test_every_record_survives(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, Any]
) -> None:
    model_input, _ = as_model_input(record)
    signature = infer_signature(model_input)
    equal(
        round_trip(record, tmp_path_factory.mktemp("example"), signature)[1],
        signature.enforce(record),
    )


# -- parameters, requests, sparse matrices ---------------------------------------------------------


REQUESTS = {
    **COLUMNS,
    **{name: value for name, value in TENSORS.items() if name not in {"days", "months"}},
    "with parameters": ({"a": [1, 2]}, {"k": 3, "names": ["x"]}),
    "array with parameters": (np.zeros((1, 2)), {"k": 0.5}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_request_is_one_that_a_server_reads(name: str, tmp_path: Path) -> None:
    """EXA-011: the same data and parameters reach the model."""
    model_input, params = as_model_input(REQUESTS[name])
    signature = infer_signature(model_input, None, params)
    info = write_example(REQUESTS[name], tmp_path, signature)
    body = read_serving_input(tmp_path, info)
    assert body is not None
    got: list[Any] = []
    engine = Engine(lambda data, given: got.append((data, given)) or [], signature)
    score("application/json", body.encode(), engine)
    equal(got[0][0], signature.enforce(model_input))
    assert got[0][1] == signature.enforce_params(params)


def test_parameters(tmp_path: Path) -> None:
    """EXA-010."""
    example = (pd.DataFrame({"a": [1]}), {"k": 2, "f": float("inf")})
    info = write_example(example, tmp_path, None)
    assert info["params"] == "true"
    assert read_params(tmp_path, info) == {"k": 2, "f": "Infinity"}
    assert read_example(tmp_path, info, None)["a"].tolist() == [1]
    assert read_params(tmp_path, {**info, "params": None}) is None
    signature = ModelSignature(Schema([ColSpec("long", "a")]))
    with pytest.warns(UserWarning, match="'k', 'f' are not declared"):
        write_example(example, tmp_path, signature)
    declared = ModelSignature(signature.inputs, params=[ParamSpec("k", "string", "x")])
    with pytest.raises(InvalidInput, match="'k'"):
        write_example(example, tmp_path / "other", declared)
    for wrong in [({"a": 1}, 2), ({"a": 1}, {}, {})]:
        with pytest.raises(InvalidArgument, match="EXA-010"):
            write_example(wrong, tmp_path, None)


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_sparse_matrices(form: str, tmp_path: Path) -> None:
    """EXA-012."""
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.random(4, 6, 0.5, form, "float32", random_state=0)
    signature = infer_signature(matrix)
    info, got = round_trip(matrix, tmp_path, signature)
    assert info["type"] == f"sparse_matrix_{form}"
    assert got.format == form
    equal(got.toarray(), matrix.toarray())
    body = json.loads(read_serving_input(tmp_path, info) or "")
    np.testing.assert_array_equal(np.array(body["inputs"], "float32"), matrix.toarray())


def test_a_large_sparse_matrix_has_no_request(tmp_path: Path) -> None:
    """EXA-011."""
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix((1000, 1_000_000), dtype="float64")
    info = write_example(matrix, tmp_path, None)
    assert "serving_input_path" not in info
    assert read_serving_input(tmp_path, info) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input_example.json"]


def test_an_example_that_nobody_would_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXA-008."""
    monkeypatch.setattr("mlmodel.scoring.examples.writing.MOST_BYTES", 100)
    with pytest.raises(InvalidArgument, match="EXA-008"):
        write_example(np.zeros(100), tmp_path, None)
    assert not list(tmp_path.iterdir())


# -- in a model folder -------------------------------------------------------------------------------


class Sum(mlmodel.pyfunc.PythonModel):
    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return (model_input["a"] * params["k"]).tolist()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    example = (pd.DataFrame({"a": [1.5]}), {"k": 2})
    mlmodel.pyfunc.save_model(tmp_path / "m", python_model=Sum(), input_example=example)
    return tmp_path / "m"


def test_a_model_gives_its_example(saved: Path) -> None:
    """EXA-010, EXA-011; the outputs are those for the example's own parameters."""
    model = Model.load(saved)
    assert model.load_input_example(saved).to_dict("list") == {"a": [1.5]}
    assert model.load_input_example()["a"].tolist() == [1.5]
    assert model.load_input_example_params(saved) == {"k": 2}
    assert json.loads(model.get_serving_input(saved) or "") == {
        "dataframe_split": {"columns": ["a"], "data": [[1.5]]},
        "params": {"k": 2},
    }
    assert model.signature is not None
    assert model.signature.outputs is not None
    assert model.signature.params is not None
    assert mlmodel.validate(saved).violations == ()


def test_a_model_without_an_example_gives_none(tmp_path: Path) -> None:
    mlmodel.pyfunc.save_model(tmp_path / "m", python_model=Sum())
    model = Model.load(tmp_path / "m")
    assert model.load_input_example(tmp_path / "m") is None
    assert model.load_input_example_params(tmp_path / "m") is None
    assert model.get_serving_input(tmp_path / "m") is None


def test_an_example_under_the_early_key(tmp_path: Path) -> None:
    """EXA-014."""
    (tmp_path / "e.json").write_text('{"columns": ["a"], "data": [[1]]}')
    model = Model.from_dict({"input_example": "e.json", "flavors": {}})
    assert model.load_input_example(tmp_path)["a"].tolist() == [1]


def test_saving_refuses_an_example_that_does_not_fit(tmp_path: Path) -> None:
    """EXA-003: nothing is saved; the error names column, row and rule."""
    signature = ModelSignature(Schema([ColSpec("long", "a")]))
    with pytest.raises(InvalidInput) as caught:
        mlmodel.pyfunc.save_model(
            tmp_path / "m", python_model=Sum(), signature=signature, input_example={"a": [1, 2.5]}
        )
    (detail,) = caught.value.details
    assert (detail.rule, detail.column, detail.row) == ("ENF-042", "a", 1)
    assert not (tmp_path / "m").exists()


def test_validate_tells_what_does_not_fit(saved: Path) -> None:
    """EXA-013: rule, row and place; the model stays valid."""
    rows = ", ".join(f'["{row}"]' for row in range(30))
    (saved / "input_example.json").write_text(
        f'{{"inputs": {{"columns": ["a"],\n"data": [{rows}]}}, "params": {{"k": 1}}}}'
    )
    report = mlmodel.validate(saved)
    assert report.valid
    (found,) = report.violations
    assert (found.rule, found.severity, found.line, found.column) == ("EXA-003", "warning", 2, 11)
    assert found.pointer == "/inputs/data/0/0"
    assert found.message.endswith("(ENF-049)")


def test_validate_says_what_it_could_not_check(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXA-013: without numpy."""
    monkeypatch.setattr(
        "mlmodel.reports.example.find_spec", lambda name: None if name == "numpy" else name
    )
    report = mlmodel.validate(saved)
    assert report.valid
    assert report.violations == ()
    (note,) = report.unchecked
    assert "input_example.json was not checked: that needs numpy" in note
    assert report.as_dict()["unchecked"] == [note]
    printed = CliRunner().invoke(command, [str(saved)])
    assert f"note: {note}" in printed.output


def test_validate_does_without_pandas(saved: Path) -> None:
    code = (
        "import sys, mlmodel\n"
        "sys.modules['pandas'] = None\n"
        f"report = mlmodel.validate({str(saved)!r})\n"
        "assert not report.violations and not report.unchecked, report\n"
        "assert 'numpy' in sys.modules\n"
    )
    info = yaml.safe_load((saved / "MLmodel").read_text())
    info["saved_input_example_info"].pop("params")
    (saved / "MLmodel").write_text(yaml.safe_dump(info))
    # 2^53 + 2 is a double; that it is one is not plain to see.
    (saved / "input_example.json").write_text('{"columns": ["a"], "data": [[9007199254740994]]}')
    subprocess.run([sys.executable, "-c", code], check=True)


def test_examples_of_real_models_are_not_blamed(corpus: Path) -> None:
    checked = 0
    for folder in sorted(path.parent for path in corpus.glob("*/input_example.json")):
        report = mlmodel.validate(folder)
        assert not [found for found in report.violations if found.rule.startswith("EXA")]
        assert report.unchecked == ()
        checked += 1
    assert checked


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["x", "NaT", "eA==\n"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "columns", "data", "inputs"]), inner)
        | st.fixed_dictionaries(
            {name: st.lists(inner, max_size=3) for name in ("data", "indices", "indptr", "shape")}
        )
    ),
    max_leaves=12,
)
SIGNATURES = [
    None,
    ModelSignature(Schema([ColSpec("long", "a"), ColSpec("double", "b", required=False)])),
    ModelSignature(Schema([ColSpec("string"), ColSpec("datetime")])),
    ModelSignature(Schema([TensorSpec("float32", (-1, 2))])),
    ModelSignature(Schema([TensorSpec("str", (-1,), "a"), TensorSpec("int8", (-1, -1), "b")])),
]


@pytest.mark.slow
@given(
    JSON,
    st.sampled_from(["dataframe", "ndarray", "json_object", "sparse_matrix_csr", "x"]),
    st.sampled_from(SIGNATURES),
    st.booleans(),
)
@settings(max_examples=200)
def test_no_example_stops_a_checker(
    tmp_path_factory: pytest.TempPathFactory,
    document: Any,
    kind: str,
    signature: ModelSignature | None,
    params: bool,
) -> None:
    """EXA-013: whatever the file holds, it is told and nothing is raised."""
    root = tmp_path_factory.mktemp("example")
    (root / "e.json").write_text(json.dumps(document))
    info = {"artifact_path": "e.json", "type": kind, "params": "true" if params else None}
    for rule, message, _, _ in faults(root, info, signature):
        assert rule.startswith(("EXA-", "DIR-"))
        assert message
