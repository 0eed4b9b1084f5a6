"""The ONNX flavor (ONX rules)."""

from __future__ import annotations

import json
import os
import re
import warnings

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

import mlmodel
from asking import as_objects, posted_forms
from mlmodel import document
from mlmodel.errors import InvalidArgument, InvalidInput, InvalidModel, ModelExists, UnreadableModel
from mlmodel.flavors import _named_files
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.trust.describe import look_into

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})
ARRAY = FRAME.to_numpy(np.float32)
FLOAT, INT64, STRING, DOUBLE = (
    TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING, TensorProto.DOUBLE
)  # fmt: skip


def info(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def graph(nodes, inputs, outputs, weights=()):
    made = helper.make_graph(nodes, "g", inputs, outputs, list(weights))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def matmul(width=1, kind=FLOAT):
    """X [N, 2] times a matrix whose columns are (1, 2), (2, 3), …"""
    numbers = np.arange(1, width + 1)[None] + np.array([[0.0], [1.0]])
    weights = numpy_helper.from_array(numbers.astype(np.float32 if kind == FLOAT else float), "W")
    return graph(
        [helper.make_node("MatMul", ["X", "W"], ["Y"])],
        [info("X", kind, ["N", 2])], [info("Y", kind, ["N", width])], [weights],
    )  # fmt: skip


def two_inputs(shape=("N",)):
    return graph(
        [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["diff"])],
        [info("a", FLOAT, shape), info("b", FLOAT, shape)],
        [info("sum", FLOAT, shape), info("diff", FLOAT, shape)],
    )  # fmt: skip


def texts():
    node = helper.make_node("Identity", ["t"], ["u"])
    return graph([node], [info("t", STRING, ["N"])], [info("u", STRING, ["N"])])


def run(model, **feed):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, feed)


@pytest.fixture(autouse=True)
def _nobody_trusts(tmp_path, monkeypatch):
    """Whoever loads did not save the model: no file of this flavor needs trust."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


def saved(model, folder, **options):
    mlmodel.onnx.save_model(model, folder, **options)
    return mlmodel.load(folder)


def flavors_of(path):
    return document.read(path / "MLmodel").data["flavors"]


def test_saved_and_loaded(tmp_path):
    """ONX-001, ONX-009: the keys are MLflow's, the native form is the graph."""
    model = matmul()
    before = model.SerializeToString()
    mlmodel.onnx.save_model(model, tmp_path / "m")
    assert model.SerializeToString() == before
    flavors = flavors_of(tmp_path / "m")
    assert flavors["onnx"] == {
        "code": None, "data": "model.onnx", "onnx_session_options": None,
        "onnx_version": onnx.__version__,
        "providers": ["CUDAExecutionProvider", "CPUExecutionProvider"],
    }  # fmt: skip
    assert flavors["python_function"]["loader_module"] == "mlflow.onnx"
    assert flavors["python_function"]["data"] == "model.onnx"
    assert mlmodel.validate(tmp_path / "m").violations == ()
    assert look_into(tmp_path / "m") == []
    native = mlmodel.onnx.load_model(tmp_path / "m")
    assert type(native) is onnx.ModelProto
    assert native == model
    lines = (tmp_path / "m" / "requirements.txt").read_text()
    assert f"onnx=={onnx.__version__}" in lines
    assert f"onnxruntime=={onnxruntime.__version__}" in lines


def test_the_flavor_is_detected(tmp_path):
    mlmodel.save(matmul(), tmp_path / "m")
    assert set(flavors_of(tmp_path / "m")) == {"onnx", "python_function"}
    assert mlmodel.flavors.onnx is mlmodel.onnx
    assert isinstance(mlmodel.load(tmp_path / "m").get_raw_model(), onnxruntime.InferenceSession)


def test_no_signature_is_made_up(tmp_path):
    """ONX-006: what a graph declares is less than what it takes."""
    model = saved(matmul(), tmp_path / "m")
    assert model.signature is None
    expected = run(matmul(), X=ARRAY)[0]
    for given in (ARRAY, FRAME, FRAME.astype({"a": "int64"}), ARRAY.astype(float)):
        answer = model.predict(given)
        assert list(answer) == ["Y"]
        assert np.array_equal(np.reshape(answer["Y"], (3, 1)), expected)


def test_weights_that_are_inputs_too_may_be_given(tmp_path):
    """ONX-012: before IR version 4 all weights stood among the inputs."""
    for version in (3, 8):
        model = matmul()
        model.ir_version = version
        model.graph.input.append(info("W", FLOAT, [2, 1]))
        loaded = saved(model, tmp_path / str(version))
        assert loaded.predict(ARRAY)["Y"].tolist() == run(model, X=ARRAY)[0].tolist()
    other = loaded.predict({"X": ARRAY, "W": [[1], [0]]})
    assert other["Y"].tolist() == [[1.0], [2.0], [3.0]]


def test_an_input_that_numpy_has_not(tmp_path):
    """ONX-011: what ONNX Runtime says of it, in one line."""
    node = helper.make_node("Cast", ["X"], ["Y"], to=FLOAT)
    model = graph([node], [info("X", TensorProto.BFLOAT16, ["N"])], [info("Y", FLOAT, ["N"])])
    loaded = saved(model, tmp_path / "m")
    with pytest.raises(
        InvalidInput, match=r"these data: Unexpected input data type.*bfloat16.*ONX-011"
    ):
        loaded.predict(np.ones(2, np.float32))


def test_a_table_as_example_makes_a_column_signature(tmp_path):
    """ONX-006, ONX-008: double columns serve a graph of float32."""
    with pytest.warns(UserWarning, match="rounded to the nearest.*ONX-008"):
        mlmodel.onnx.save_model(
            matmul(), tmp_path / "m", input_example=pd.DataFrame({"a": [0.1], "b": [0.2]})
        )
    model = mlmodel.load(tmp_path / "m")
    assert [str(one) for one in model.signature.inputs.input_types()] == ["double", "double"]
    answer = model.predict(FRAME)
    assert isinstance(answer, pd.DataFrame)
    assert answer["Y"].tolist() == run(matmul(), X=ARRAY)[0].ravel().tolist()
    assert answer["Y"].dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_array_as_example_makes_a_tensor_signature(dtype, tmp_path):
    """ONX-006, ONX-008: doubles are given, and the graph gets what astype makes of them."""
    rows = np.array([[0.1, 0.7], [1 / 3, 1e-7]], dtype)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Input 'X' of the graph is float32")
        mlmodel.onnx.save_model(matmul(), tmp_path / "m", input_example=rows)
        model = mlmodel.load(tmp_path / "m")
        assert model.signature.inputs.inputs[0].shape == (-1, 2)
        assert model.signature.outputs.inputs[0].name == "Y"
        got = model.predict(rows)["Y"]
    assert np.array_equal(got, run(matmul(), X=rows.astype("float32"))[0])
    assert mlmodel.validate(tmp_path / "m").violations == ()


def identity(kind, shape, name="X"):
    node = helper.make_node("Identity", [name], ["Y"])
    return graph([node], [info(name, kind, shape)], [info("Y", kind, shape)])


def pair(kinds, shape):
    """Two inputs of their own types, which come out as they are."""
    nodes = [helper.make_node("Identity", [name], [name * 2]) for name in "ab"]
    inputs, outputs = (
        [info(name * times, kind, shape) for name, kind in zip("ab", kinds, strict=True)]
        for times in (1, 2)
    )
    return graph(nodes, inputs, outputs)


_REALS = pd.DataFrame({"a": [0.1, 2.5], "b": [3.0, np.nan]})
_WHOLE = pd.DataFrame({"a": [1, 2], "b": [3, 2**53]})
_MIXED = pd.DataFrame({"b": [0.5, 1 / 3], "a": [1, 2]})
_TEXTS = pd.DataFrame({"a": ["x", "y z"], "b": ["é", "q1"]})
_TRUTH = pd.DataFrame({"a": [True, False], "b": [False, False]})
TAKEN = {
    "float": (identity(FLOAT, ["N", 2]), _REALS, "float32"),
    "float16": (identity(TensorProto.FLOAT16, ["N", 2]), _REALS, "float16"),
    "double from mixed": (identity(DOUBLE, ["N", 2]), _MIXED, "float64"),
    "integers": (identity(INT64, ["N", 2]), _WHOLE, "int64"),
    "small integers": (identity(TensorProto.UINT8, ["N", 2]), _WHOLE.head(1), "uint8"),
    "texts": (identity(STRING, ["N", 2]), _TEXTS, "object"),
    "booleans": (identity(TensorProto.BOOL, ["N", 2]), _TRUTH, "bool"),
    "fixed batch": (identity(FLOAT, [2, 2]), _REALS, "float32"),
    "one axis": (identity(FLOAT, ["N"]), _REALS[["a"]], "float32"),
    "one column": (identity(INT64, ["N", 1], "z"), _WHOLE[["a"]], "int64"),
    "its own name": (identity(FLOAT, ["N"], "a"), _REALS, "float32"),
}


def asked(model, rows):
    """Return what a model answers to a table in every form, by the form's name."""
    answers = {"frame": model.predict(rows), "objects": model.predict(as_objects(rows))}
    answers["nullable"] = model.predict(rows.convert_dtypes())
    answers["mapping"] = model.predict({name: rows[name].to_numpy() for name in rows})
    for name, got in posted_forms(model, rows).items():
        answers[name] = pd.DataFrame(got) if isinstance(got, list) else got
    return answers


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:Input .* are rounded")
@pytest.mark.parametrize("kind", TAKEN)
def test_a_table_is_taken_in_every_form(kind, tmp_path):
    """ONX-006, ONX-008: without a signature, the graph's own declaration is what is taken."""
    model, rows, dtype = TAKEN[kind]
    loaded = saved(model, tmp_path / "m")
    name = model.graph.input[0].name
    taken = rows[[name]] if name in rows else rows
    shape = (-1,) if len(model.graph.input[0].type.tensor_type.shape.dim) == 1 else taken.shape
    expected = run(model, **{name: taken.to_numpy().astype(dtype).reshape(shape)})[0]
    for form, answer in asked(loaded, rows).items():
        got = np.array(list(answer["Y"])).astype(dtype).reshape(shape)
        same = np.array_equal(got, expected, equal_nan=expected.dtype.kind == "f")
        assert same, (form, got)


@pytest.mark.filterwarnings("ignore:Input .* are rounded")
@pytest.mark.parametrize("shape", [["N"], ["N", 1]])
def test_columns_of_other_types_are_taken_in_every_form(shape, tmp_path):
    """ONX-008: each by its name, in its own type."""
    loaded = saved(pair([INT64, FLOAT], shape), tmp_path / "m")
    for form, answer in asked(loaded, _MIXED).items():
        assert np.ravel(list(answer["aa"])).tolist() == [1, 2], form
        assert (
            np.ravel(list(answer["bb"])).astype("f4").tolist() == _MIXED["b"].astype("f4").tolist()
        )
    loaded = saved(pair([STRING, TensorProto.BOOL], shape), tmp_path / "n")
    for form, answer in asked(loaded, pd.DataFrame({"a": ["x", "y"], "b": [True, False]})).items():
        assert np.ravel(list(answer["aa"])).tolist() == ["x", "y"], form
        assert np.ravel(list(answer["bb"])).tolist() == [True, False], form


def test_cells_may_be_arrays(tmp_path):
    """ONX-008: a row of an input in one cell."""
    loaded = saved(identity(FLOAT, ["N", 2]), tmp_path / "m")
    cells = [[1.5, 2.0], [3.0, 4.0]]
    for given in (
        pd.DataFrame({"X": cells}),
        pd.DataFrame({"X": list(np.array(cells))}),
        [{"X": row} for row in cells],
        {"X": cells},
    ):
        assert np.array(list(loaded.predict(given)["Y"])).tolist() == cells
    with pytest.raises(InvalidInput, match="different lengths.*ONX-008"):
        loaded.predict({"X": [[1.0], [1.0, 2.0]]})


def of_type(name, kind):
    return helper.make_value_info(name, kind)


_TENSOR = helper.make_tensor_type_proto(FLOAT, ["N"])


def test_an_optional_input_may_be_left_out(tmp_path):
    """ONX-012."""
    node = helper.make_node("OptionalHasElement", ["a"], ["has"])
    kind = helper.make_optional_type_proto(_TENSOR)
    loaded = saved(
        graph([node], [of_type("a", kind)], [info("has", TensorProto.BOOL, [])]), tmp_path / "m"
    )
    assert not loaded.predict({})["has"]
    assert not loaded.predict({"a": None})["has"]
    assert loaded.predict({"a": [1, 2]})["has"]
    assert loaded.predict(FRAME[["a"]])["has"]


def test_a_sequence_is_a_list_of_arrays(tmp_path):
    """ONX-012."""
    node = helper.make_node("ConcatFromSequence", ["a"], ["c"], axis=0)
    kind = helper.make_sequence_type_proto(_TENSOR)
    loaded = saved(graph([node], [of_type("a", kind)], [info("c", FLOAT, ["N"])]), tmp_path / "m")
    for given in ({"a": [[1, 2], [3.5]]}, [np.array([1.0, 2.0]), np.array([3.5])]):
        assert loaded.predict(given)["c"].tolist() == [1.0, 2.0, 3.5]


@pytest.mark.parametrize(
    "labels", [{"classlabels_int64s": [3, 7]}, {"classlabels_strings": ["q", "r"]}]
)
def test_a_mapping_per_row_is_answered(labels, tmp_path):
    """ONX-010: as classifiers that were converted answer."""
    (names,) = labels.values()
    key = INT64 if names == [3, 7] else STRING
    kind = helper.make_map_type_proto(key, helper.make_tensor_type_proto(FLOAT, None))
    node = helper.make_node("ZipMap", ["X"], ["Y"], domain="ai.onnx.ml", **labels)
    output = of_type("Y", helper.make_sequence_type_proto(kind))
    model = graph([node], [info("X", FLOAT, ["N", 2])], [output])
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    loaded = saved(model, tmp_path / "m")
    expected = run(model, X=ARRAY)[0]
    assert list(loaded.predict(FRAME)["Y"]) == expected
    assert loaded.predict(ARRAY)["Y"] == expected
    body = b'{"dataframe_split": {"columns": ["a", "b"], "data": [[1, 4.0]]}}'
    answer = json.loads(handle("application/json", body, loaded.engine).body)
    assert answer == {"predictions": [{"Y": dict(zip(map(str, names), [1.0, 4.0], strict=True))}]}


def test_an_output_that_is_not_one_value_per_row(tmp_path):
    """ONX-010: no frame can hold it beside the rows."""
    nodes = [
        helper.make_node("ReduceSum", ["X"], ["all"], keepdims=0),
        helper.make_node("Identity", ["X"], ["Y"]),
    ]
    outputs = [info("all", FLOAT, []), info("Y", FLOAT, ["N", 2])]
    answer = saved(graph(nodes, [info("X", FLOAT, ["N", 2])], outputs), tmp_path / "m").predict(
        FRAME
    )
    assert isinstance(answer, dict)
    assert answer["all"] == 21
    assert answer["Y"].tolist() == ARRAY.tolist()


FAILING = {
    "Attempting to broadcast an axis by a dimension other than 1. 2 by 3": (
        graph([helper.make_node("Add", ["a", "b"], ["c"])],
              [info("a", FLOAT, ["N"]), info("b", FLOAT, ["M"])], [info("c", FLOAT, ["K"])]),
        {"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]},
    ),
    "indices element out of data bounds, idx=7": (
        graph([helper.make_node("Gather", ["a", "b"], ["c"])],
              [info("a", FLOAT, ["N"]), info("b", INT64, ["M"])], [info("c", FLOAT, ["K"])]),
        {"a": [1.0, 2.0], "b": [7]},
    ),
    "The input tensor cannot be reshaped to the requested shape": (
        graph([helper.make_node("Reshape", ["X", "s"], ["Y"])], [info("X", FLOAT, ["N", 2])],
              [info("Y", FLOAT, [3, 2])], [numpy_helper.from_array(np.array([3, 2]), "s")]),
        {"X": [[1.0, 2.0]]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("reason", FAILING)
def test_the_reason_of_onnx_runtime_is_told(reason, tmp_path):
    """ONX-011: in one line, without places in its source code."""
    model, given = FAILING[reason]
    loaded = saved(model, tmp_path / "m", onnx_session_options={"log_severity_level": 4})
    with pytest.raises(InvalidInput) as caught:
        loaded.predict(given)
    assert caught.value.message.startswith(
        f"ONNX Runtime cannot run the graph on these data: {reason}"
    )
    assert not re.search(r"\n|onnxruntime_src|Status|\[ONNX", caught.value.message)
    assert [one.rule for one in caught.value.details] == ["ONX-011"]


EXACT = {
    "float64": ARRAY.astype(float), "int64": ARRAY.astype("int64"), "float16": ARRAY.astype("f2"),
    "a list": ARRAY.tolist(), "a frame": FRAME, "a mixed frame": FRAME.astype({"a": "int64"}),
    "a mapping": {"X": FRAME.to_numpy()}, "a mapping of lists": {"X": ARRAY.tolist(), "more": 3},
    "numbers for names": pd.DataFrame(ARRAY), "nullable": FRAME.astype({"a": "Int64"}),
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("given", EXACT)
def test_exact_numbers_of_other_types_are_converted(given, tmp_path):
    """ONX-008: without a signature, or with one of columns."""
    model = saved(matmul(), tmp_path / "m")
    answer = model.predict(EXACT[given])
    assert np.asarray(answer["Y"]).ravel().tolist() == [9.0, 12.0, 15.0]


def test_doubles_are_rounded_with_one_warning(tmp_path):
    """ONX-008: to the nearest, as the graph would have been given by NumPy."""
    model = saved(matmul(), tmp_path / "m")
    with pytest.warns(UserWarning, match="'X'.*float32.*float64.*ONX-008") as caught:
        answers = [model.predict(np.array([[0.1, 0.2]])) for _ in range(3)]
    assert [one.filename for one in caught] == [__file__]
    expected = run(matmul(), X=np.array([[0.1, 0.2]], np.float32))[0]
    assert all(np.array_equal(one["Y"], expected) for one in answers)


LOSSY = [
    np.array([[1e300, 1.0]]), np.array([[2**24 + 1, 1]]), np.array([["1", "2"]]),
    np.array([[True, False]]), np.array([["2020-01-01"] * 2], "datetime64[ns]"),
    np.array([[None, "1"]]), [[None, True]], np.array([[1j, 1]]), pd.DataFrame({"a": ["x"], "b": [1.0]}),
    pd.DataFrame({"a": [2**53 + 1], "b": [0.5]}),
]  # fmt: skip


@pytest.mark.parametrize("given", LOSSY, ids=range(len(LOSSY)))
def test_what_would_change_is_refused(given, tmp_path):
    """ONX-008."""
    with pytest.raises(InvalidInput, match=r"'X' is float32.*ONX-008"):
        saved(matmul(), tmp_path / "m").predict(given)


@pytest.mark.parametrize(
    ("given", "dtype"), [(-1, TensorProto.UINT8), (2**63, INT64), (1.5, INT64)]
)
def test_integers_out_of_range_are_refused(given, dtype, tmp_path):
    """ONX-008."""
    node = helper.make_node("Identity", ["X"], ["Y"])
    model = graph([node], [info("X", dtype, ["N"])], [info("Y", dtype, ["N"])])
    loaded = saved(model, tmp_path / "m")
    assert loaded.predict(np.array([7]))["Y"].tolist() == [7]
    with pytest.raises(InvalidInput, match="ONX-008"):
        loaded.predict(np.array([given]))


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_special_numbers_stay(special, tmp_path):
    model = saved(matmul(), tmp_path / "m")
    answer = model.predict(np.array([[special, 0.0]]))["Y"]
    assert np.array_equal(answer, [[special]], equal_nan=True)


@pytest.mark.parametrize(
    "given", [ARRAY[:, :1], ARRAY[0], ARRAY[None], FRAME[["a"]], FRAME.assign(c=1.0)]
)
def test_another_shape_is_refused(given, tmp_path):
    """ONX-008."""
    with pytest.raises(InvalidInput, match=r"shape \[-1, 2\].*ONX-008"):
        saved(matmul(), tmp_path / "m").predict(given)


@pytest.mark.parametrize("shape", [("N",), ("N", 1)])
def test_columns_become_inputs(shape, tmp_path):
    """ONX-008: of one axis, or of two the second of which has one place."""
    answer = saved(two_inputs(shape), tmp_path / "m").predict(FRAME[["b", "a"]].assign(more="x"))
    assert answer.to_dict("list") == {"sum": [5.0, 7.0, 9.0], "diff": [-3.0, -3.0, -3.0]}


def test_missing_inputs_are_listed(tmp_path):
    """ONX-007."""
    model = saved(two_inputs(), tmp_path / "m")
    for given in (pd.DataFrame({"x": [1.0]}), {"x": np.zeros(1)}):
        with pytest.raises(InvalidInput, match="a, b.*ONX-007") as caught:
            model.predict(given)
        assert [one.column for one in caught.value.details] == ["a", "b"]
    for given in (ARRAY, "text", 3, [1.0]):
        with pytest.raises(InvalidInput, match="inputs a, b.*ONX-008"):
            model.predict(given)


def test_texts(tmp_path):
    model = saved(texts(), tmp_path / "m")
    for given in (pd.DataFrame({"t": ["q", "é"]}), np.array(["q", "é"]), {"t": ["q", "é"]}):
        assert list(model.predict(given)["u"]) == ["q", "é"]
    for given in (np.array([1, 2]), ["q", None]):
        with pytest.raises(InvalidInput, match=r"'t' is text.*give text"):
            model.predict(given)
    mlmodel.onnx.save_model(texts(), tmp_path / "signed", input_example=np.array(["q"]))
    assert list(mlmodel.load(tmp_path / "signed").predict(np.array(["q"]))["u"]) == ["q"]


def test_an_answer_has_a_row_for_each_row(tmp_path):
    """ONX-010."""
    answer = saved(matmul(3), tmp_path / "m").predict(FRAME)
    assert list(answer.columns) == ["Y"]
    assert [row.tolist() for row in answer["Y"]] == run(matmul(3), X=ARRAY)[0].tolist()
    assert len(answer) == 3


def test_parameters_have_no_effect_and_that_is_said(tmp_path):
    model = saved(matmul(), tmp_path / "m")
    with pytest.warns(UserWarning, match="An ONNX graph has no parameters") as caught:
        assert model.predict(ARRAY, {"k": 1})["Y"].shape == (3, 1)
    assert [one.filename for one in caught] == [__file__]


def test_it_is_served(tmp_path):
    mlmodel.onnx.save_model(matmul(), tmp_path / "t")
    engine = mlmodel.load(tmp_path / "t").engine
    answer = handle("application/json", b'{"inputs": [[1, 4], [2, 5.0]]}', engine)
    assert json.loads(answer.body) == {"predictions": {"Y": [[9.0], [12.0]]}}
    refused = handle("application/json", b'{"inputs": [[1, "4"]]}', engine)
    assert refused.status == 400
    mlmodel.onnx.save_model(matmul(3), tmp_path / "c", input_example=FRAME)
    engine = mlmodel.load(tmp_path / "c").engine
    answer = handle("application/json", b'{"dataframe_records": [{"b": 4, "a": 1}]}', engine)
    assert json.loads(answer.body) == {"predictions": [{"Y": [9.0, 14.0, 19.0]}]}
    body = b'{"dataframe_records": [{"b": 1e300, "a": 1}]}'
    refused = handle("application/json", body, engine)
    assert (refused.status, json.loads(refused.body)["details"][0]["rule"]) == (400, "ONX-008")


def test_a_model_of_a_real_user_loads_and_predicts(corpus):
    """Saved by MLflow 2.8.1, for a graphics card if there is one (ONX-002)."""
    folder = corpus / "onnx-2.8.1"
    rows = np.random.default_rng(0).normal(size=(4, 10)).astype("f4")
    native = mlmodel.onnx.load_model(folder)
    expected = run(native, input=rows)[0]
    assert np.array_equal(mlmodel.load(folder).predict(rows)["variable"], expected)
    frame = mlmodel.load(folder).predict(pd.DataFrame(rows))
    assert np.array_equal(frame["variable"], expected.ravel())


def test_overwriting(tmp_path):
    mlmodel.onnx.save_model(matmul(1000), tmp_path / "m")
    with pytest.raises(ModelExists):
        mlmodel.onnx.save_model(matmul(), tmp_path / "m")
    mlmodel.onnx.save_model(matmul(), tmp_path / "m", overwrite=True)
    assert not (tmp_path / "m" / "model.onnx.data").exists()


@pytest.mark.parametrize("wrong", [{}, b"bytes", "model.onnx", None])
def test_what_is_no_graph_is_refused(wrong, tmp_path):
    with pytest.raises(InvalidArgument, match="onnx.ModelProto, not"):
        mlmodel.onnx.save_model(wrong, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("external", [True, False])
def test_an_invalid_graph_is_not_saved(external, tmp_path):
    """ONX-005."""
    model = graph([helper.make_node("Nonsense", ["X"], ["Y"])], [info("X", FLOAT, [1])], [])
    for wrong in (model, onnx.ModelProto()):
        with pytest.raises(InvalidArgument, match="ONX-005") as caught:
            mlmodel.onnx.save_model(wrong, tmp_path / "m", save_as_external_data=external)
        assert ".partial" not in str(caught.value)
    assert not (tmp_path / "m").exists()


# Providers and session options.


def options_of(path):
    return mlmodel.load(path).get_raw_model().get_session_options()


def test_session_options_are_honoured(tmp_path):
    """ONX-003."""
    given = {
        "execution_mode": "parallel", "graph_optimization_level": 1, "inter_op_num_threads": 2,
        "intra_op_num_threads": 1, "enable_mem_pattern": False,
        "extra_session_config": {"session.intra_op.allow_spinning": "0"},
    }  # fmt: skip
    mlmodel.onnx.save_model(matmul(), tmp_path / "m", onnx_session_options=given)
    assert flavors_of(tmp_path / "m")["onnx"]["onnx_session_options"] == given
    found = options_of(tmp_path / "m")
    assert found.execution_mode == onnxruntime.ExecutionMode.ORT_PARALLEL
    assert found.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    assert (found.inter_op_num_threads, found.intra_op_num_threads) == (2, 1)
    assert found.enable_mem_pattern is False
    assert found.get_session_config_entry("session.intra_op.allow_spinning") == "0"


REFUSED = [
    {"optimized_model_filepath": "/tmp/written"}, {"enable_profiling": True},
    {"profile_file_prefix": "/tmp/written"}, {"register_custom_ops_library": "evil.so"},
    {"execution_mode": "fast"}, {"graph_optimization_level": 4}, {"intra_op_num_threads": "1"},
    {"intra_op_num_threads": True}, {"enable_mem_reuse": 1}, {"extra_session_config": "x"},
    {"extra_session_config": {"session.model_external_initializers_file_folder_path": "/etc"}},
    {"extra_session_config": {"ep.context_file_path": "/tmp/written"}},
]  # fmt: skip


@pytest.mark.parametrize("given", REFUSED, ids=[json.dumps(one)[:50] for one in REFUSED])
def test_other_session_options_are_not_set(given, tmp_path):
    """ONX-003: refused when saving, left out with a warning when loading."""
    with pytest.raises(InvalidArgument, match="ONX-003"):
        mlmodel.onnx.save_model(matmul(), tmp_path / "m", onnx_session_options=given)
    mlmodel.onnx.save_model(matmul(), tmp_path / "m")
    file = tmp_path / "m" / "MLmodel"
    text = file.read_text()
    file.write_text(
        text.replace("onnx_session_options: null", f"onnx_session_options: {json.dumps(given)}")
    )
    with pytest.warns(UserWarning, match="ONX-003") as caught:
        found = mlmodel.load(tmp_path / "m").get_raw_model().get_session_options()
    assert [one.filename for one in caught] == [__file__]
    plain = onnxruntime.SessionOptions()
    for name in ("optimized_model_filepath", "enable_profiling", "profile_file_prefix"):
        assert getattr(found, name) == getattr(plain, name)


@pytest.mark.filterwarnings("error")
def test_the_default_providers_are_no_reason_to_warn(tmp_path):
    """ONX-002."""
    mlmodel.onnx.save_model(matmul(), tmp_path / "m")
    assert (
        mlmodel.load(tmp_path / "m").get_raw_model().get_providers()[-1] == "CPUExecutionProvider"
    )


@pytest.mark.parametrize(
    "wanted", [["NonsenseExecutionProvider"], ["AzureExecutionProvider", "CPUExecutionProvider"]]
)
def test_other_providers_are_left_out_with_a_warning(wanted, tmp_path):
    """ONX-002: also one that is there and would call another machine."""
    mlmodel.onnx.save_model(matmul(), tmp_path / "m", onnx_execution_providers=wanted)
    assert flavors_of(tmp_path / "m")["onnx"]["providers"] == wanted
    with pytest.warns(UserWarning, match=f"{wanted[0]}.*ONX-002") as caught:
        session = mlmodel.load(tmp_path / "m").get_raw_model()
    assert [one.filename for one in caught] == [__file__]
    assert session.get_providers() == ["CPUExecutionProvider"]


# Weights in a file of their own.


@pytest.fixture
def outside(tmp_path):
    """A model with weights in model.onnx.data, and what it predicts."""
    mlmodel.onnx.save_model(matmul(1000), tmp_path / "m")
    assert (tmp_path / "m" / "model.onnx.data").stat().st_size >= 8000
    return tmp_path / "m", run(matmul(1000), X=ARRAY)[0]


def test_external_weights(outside, tmp_path):
    """ONX-004: they are found wherever the folder is moved."""
    folder, expected = outside
    folder.rename(tmp_path / "moved")
    assert np.array_equal(mlmodel.load(tmp_path / "moved").predict(ARRAY)["Y"], expected)
    native = mlmodel.onnx.load_model(tmp_path / "moved")
    assert np.array_equal(run(native, X=ARRAY)[0], expected)
    # What was loaded can be saved again, in one file too.
    mlmodel.onnx.save_model(native, tmp_path / "one", save_as_external_data=False)
    assert not (tmp_path / "one" / "model.onnx.data").exists()
    assert np.array_equal(mlmodel.load(tmp_path / "one").predict(ARRAY)["Y"], expected)


def test_weights_that_are_not_loaded_are_not_saved(outside, tmp_path):
    """ONX-004."""
    half = onnx.load(outside[0] / "model.onnx", load_external_data=False)
    with pytest.raises(InvalidArgument, match="ONX-004"):
        mlmodel.onnx.save_model(half, tmp_path / "again")


def relocate(folder, location):
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    (folder / "model.onnx").write_bytes(model.SerializeToString())


LOCATIONS = [
    "/etc/hostname", "../secret", "sub/../../secret", "missing.data", "link", "linked/secret", "",
    "hard", "folder", "*/_ORT_MEM_ADDR_/*", "C:\\secret", "file:///etc/hostname", "pipe", ".",
]  # fmt: skip


@pytest.mark.parametrize("location", LOCATIONS)
def test_weights_elsewhere_are_refused(outside, location, tmp_path):
    """ONX-004: by every way of loading, in a trusted folder too."""
    folder, _ = outside
    weights = (folder / "model.onnx.data").read_bytes()
    (tmp_path / "secret").write_bytes(weights)
    (folder / "link").symlink_to("model.onnx.data")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "folder").mkdir()
    os.link(tmp_path / "secret", folder / "hard")
    os.mkfifo(folder / "pipe")
    relocate(folder, location)
    for load in (mlmodel.load, mlmodel.onnx.load_model):
        with pytest.raises(InvalidModel, match="model.onnx.*ONX-004"):
            load(folder, trust=True)


@pytest.mark.parametrize(
    ("kind", "why"), [("link", "reached by a link"), ("pipe", "not a file"), ("hard", "hard link")]
)
def test_what_is_put_in_the_place_of_weights_is_refused(outside, kind, why, tmp_path, monkeypatch):
    """ONX-004: after the look at the path, and before it is opened; it is called what it is."""
    weights = outside[0] / "model.onnx.data"
    looked = _named_files.stand_in_at

    def stand_in_at(*arguments):
        found = looked(*arguments)
        weights.rename(tmp_path / "secret")
        if kind == "pipe":
            os.mkfifo(weights)
        else:
            (os.symlink if kind == "link" else os.link)(tmp_path / "secret", weights)
        return found

    monkeypatch.setattr(_named_files, "stand_in_at", stand_in_at)
    with pytest.raises(InvalidModel, match=rf"{why}.*ONX-004"):
        mlmodel.onnx.load_model(outside[0])


def test_weights_at_any_depth_are_looked_at(tmp_path):
    """ONX-004: in the branches of an operator, in its attributes, in functions."""
    mlmodel.onnx.save_model(matmul(), tmp_path / "m")
    secret = numpy_helper.from_array(np.zeros((1,), np.float32), "s")
    secret.data_location = TensorProto.EXTERNAL
    secret.external_data.add(key="location", value="../secret")
    secret.ClearField("raw_data")
    constant = helper.make_node("Constant", [], ["c"], value=secret)
    branch = helper.make_graph([constant], "branch", [], [info("c", FLOAT, [1])])
    held = helper.make_graph([], "held", [], [], [secret])
    inner = helper.make_node("If", ["p"], ["Y"], then_branch=branch, else_branch=branch)
    function = helper.make_function("d", "F", [], ["c"], [constant], [helper.make_opsetid("", 17)])
    for nodes, functions in (
        ([inner], []), ([constant], []), ([helper.make_node("If", ["p"], ["Y"], then_branch=held)], []),
        ([], [function]),
    ):  # fmt: skip
        model = graph(nodes, [info("p", TensorProto.BOOL, [])], [])
        model.functions.extend(functions)
        (tmp_path / "m" / "model.onnx").write_bytes(model.SerializeToString())
        for load in (mlmodel.load, mlmodel.onnx.load_model):
            with pytest.raises(InvalidModel, match=r"'\.\./secret'.*ONX-004"):
                load(tmp_path / "m")


# Files that are damaged.

DAMAGED = {
    "garbage": lambda raw: b"garbage" * 30, "cut off": lambda raw: raw[:-9],
    "text": lambda raw: b"{}", "pickle": lambda raw: b"\x80\x04K\x03.", "deep": lambda raw: b"\x3a\x7f" * 999,
    "a node nobody knows": lambda raw: raw.replace(b"MatMul", b"MatFoo"),
    "a missing input": lambda raw: raw.replace(b"\n\x01X\n\x01W", b"\n\x01Q\n\x01W"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused(what, tmp_path):
    """ONX-005: in one line, without the server's paths."""
    mlmodel.onnx.save_model(matmul(), tmp_path / "m", save_as_external_data=False)
    file = tmp_path / "m" / "model.onnx"
    file.write_bytes(DAMAGED[what](file.read_bytes()))
    for load in (mlmodel.load, mlmodel.onnx.load_model):
        with pytest.raises(InvalidModel, match="model.onnx.*ONX-005") as caught:
            load(tmp_path / "m")
        assert str(tmp_path) not in str(caught.value)
        assert "\n" not in caught.value.message


def test_a_pipe_is_not_waited_for(tmp_path):
    """TRU-007."""
    mlmodel.onnx.save_model(matmul(), tmp_path / "m")
    (tmp_path / "m" / "model.onnx").unlink()
    os.mkfifo(tmp_path / "m" / "model.onnx")
    with pytest.raises(UnreadableModel, match="model.onnx"):
        mlmodel.load(tmp_path / "m")


def test_a_graph_may_stand_in_a_folder(tmp_path):
    mlmodel.onnx.save_model(matmul(1000), tmp_path / "m")
    folder = tmp_path / "m" / "graph"
    folder.mkdir()
    for name in ("model.onnx", "model.onnx.data"):
        (tmp_path / "m" / name).rename(folder / name)
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("data: model.onnx", "data: graph/model.onnx"))
    expected = run(matmul(1000), X=ARRAY)[0]
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ARRAY)["Y"], expected)


def test_native_loads_enforce_nothing(tmp_path):
    """Row 15 of the editions: what loads natively is the graph alone."""
    mlmodel.onnx.save_model(matmul(), tmp_path / "m", input_example=FRAME)
    assert type(mlmodel.onnx.load_model(tmp_path / "m")) is onnx.ModelProto


@pytest.mark.thorough
@pytest.mark.parametrize("absent", ["onnx", "onnxruntime"])
def test_the_extra_is_named(absent, load_without, tmp_path):
    """The library that only the native form needs is not imported for predictions."""
    mlmodel.onnx.save_model(matmul(), tmp_path / "m")
    told = load_without(tmp_path / "m", absent)
    assert re.search(r"pip install .*\[onnx\]", told) or (absent == "onnx" and not told)
