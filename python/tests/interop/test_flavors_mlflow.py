"""Models of further flavors, both ways with MLflow: equal to the bit, and no `mlflow` imported here."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import mlmodel

pytestmark = pytest.mark.slow

#: Predictions as hexadecimal bytes of their arrays, so that nothing is lost on the way.
HEX = """
def plain(out):
    import numpy as np
    if hasattr(out, "items"):
        return {name: plain(np.asarray(one)) for name, one in out.items()}
    return [str(out.dtype), list(out.shape), out.tobytes().hex()]
"""

MLFLOW_LOADS = (
    HEX
    + """
import json, sys, mlflow, pandas as pd
frame = pd.read_json(sys.argv[2], orient="split")
data = {"frame": frame, "array": frame.to_numpy("float32")}[sys.argv[3]]
model = mlflow.pyfunc.load_model(sys.argv[1])
native = getattr(mlflow, sys.argv[4]).load_model(sys.argv[1])
print(json.dumps({"out": plain(model.predict(data)), "native": type(native).__qualname__,
                  "mlmodel": [n for n in sys.modules if n.partition(".")[0] == "mlmodel"]}))
"""
)

LOADS_HERE = (
    HEX
    + """
import json, sys, mlmodel, pandas as pd
frame = pd.read_json(sys.argv[2], orient="split")
data = {"frame": frame, "array": frame.to_numpy("float32")}[sys.argv[3]]
model = mlmodel.load(sys.argv[1])
native = getattr(mlmodel, sys.argv[4]).load_model(sys.argv[1])
print(json.dumps({"out": plain(model.predict(data)), "native": type(native).__qualname__,
                  "mlflow": [n for n in sys.modules if n.partition(".")[0] == "mlflow"]}))
"""
)

MLFLOW_SAVES_XGBOOST = (
    HEX
    + """
import json, sys, mlflow, numpy as np, pandas as pd, xgboost as xgb
frame = pd.read_json(sys.argv[2], orient="split")
target = np.arange(len(frame)) % 3
if sys.argv[3] == "Booster":
    model = xgb.train({"objective": "multi:softprob", "num_class": 3},
                      xgb.DMatrix(frame, label=target), num_boost_round=4)
else:
    model = getattr(xgb, sys.argv[3])(n_estimators=4).fit(frame, target)
mlflow.xgboost.save_model(model, sys.argv[1], model_format=sys.argv[4],
    input_example=frame.head(2), pip_requirements=["xgboost"])
print(json.dumps(plain(mlflow.pyfunc.load_model(sys.argv[1]).predict(frame))))
"""
)

MLFLOW_SAVES_ONNX = (
    HEX
    + """
import json, sys, mlflow, onnx, pandas as pd
frame = pd.read_json(sys.argv[2], orient="split")
mlflow.onnx.save_model(onnx.load(sys.argv[3]), sys.argv[1], pip_requirements=["onnx"],
    save_as_external_data=sys.argv[4] == "external", onnx_session_options={"intra_op_num_threads": 1})
model = mlflow.pyfunc.load_model(sys.argv[1])
print(json.dumps([plain(model.predict(frame)), plain(model.predict(frame.to_numpy("float32")))]))
"""
)


def plain(out):
    if hasattr(out, "items"):
        return {name: plain(np.asarray(one)) for name, one in out.items()}
    return [str(out.dtype), list(out.shape), out.tobytes().hex()]


@pytest.fixture
def rows(tmp_path):
    frame = pd.DataFrame(
        np.random.default_rng(0).normal(size=(40, 4)).round(3), columns=["a", "b", "c", "d"]
    )
    file = tmp_path / "rows.json"
    file.write_text(frame.to_json(orient="split"))
    return frame, file


def here(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", LOADS_HERE, *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    assert answer["mlflow"] == []
    return answer


def trained(name, frame):
    import xgboost as xgb

    target = np.arange(len(frame)) % 3
    if name == "Booster":
        return xgb.train({"max_depth": 3}, xgb.DMatrix(frame, label=target), num_boost_round=4)
    return getattr(xgb, name)(n_estimators=4).fit(frame, target)


@pytest.mark.parametrize(
    ("name", "form"), [("Booster", "ubj"), ("XGBClassifier", "json"), ("XGBRFClassifier", "ubj")]
)
def test_xgboost_saved_here_loads_in_mlflow(run_mlflow, rows, tmp_path, name, form):
    frame, file = rows
    model = trained(name, frame)
    mlmodel.xgboost.save_model(
        model, tmp_path / "m", model_format=form, input_example=frame.head(2)
    )
    answer = run_mlflow(MLFLOW_LOADS, tmp_path / "m", file, "frame", "xgboost")
    assert answer == {
        "out": plain(mlmodel.load(tmp_path / "m").predict(frame)), "native": name, "mlmodel": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "form"), [("Booster", "xgb"), ("XGBClassifier", "ubj"), ("XGBRegressor", "json")]
)
def test_xgboost_saved_by_mlflow_loads_here(run_mlflow, rows, tmp_path, name, form):
    _, file = rows
    expected = run_mlflow(MLFLOW_SAVES_XGBOOST, tmp_path / "m", file, name, form)
    report = mlmodel.validate(tmp_path / "m")
    assert report.valid, report.violations
    answer = here(tmp_path / "m", file, "frame", "xgboost")
    assert (answer["out"], answer["native"]) == (expected, name)


@pytest.fixture
def graph(tmp_path):
    """A graph of two outputs, with weights that are large enough to stand outside."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(1).normal(size=(4, 300)).astype("f4")
    nodes = [
        helper.make_node("MatMul", ["X", "W"], ["H"]),
        helper.make_node("ReduceMax", ["H"], ["best"], axes=[1], keepdims=1),
        helper.make_node("ArgMax", ["H"], ["which"], axis=1, keepdims=0),
    ]
    made = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", 4])],
        [
            helper.make_tensor_value_info("best", TensorProto.FLOAT, ["N", 1]),
            helper.make_tensor_value_info("which", TensorProto.INT64, ["N"]),
        ],
        [numpy_helper.from_array(weights, "W")],
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "graph.onnx")
    return model, tmp_path / "graph.onnx"


@pytest.mark.parametrize("data", ["frame", "array"])
@pytest.mark.parametrize("external", [True, False])
def test_onnx_saved_here_loads_in_mlflow(run_mlflow, rows, graph, tmp_path, external, data):
    frame, file = rows
    example = frame.head(2) if data == "frame" else None
    mlmodel.onnx.save_model(
        graph[0], tmp_path / "m", save_as_external_data=external, input_example=example
    )
    answer = run_mlflow(MLFLOW_LOADS, tmp_path / "m", file, data, "onnx")
    given = frame if data == "frame" else frame.to_numpy("float32")
    expected = plain(mlmodel.load(tmp_path / "m").predict(given))
    assert answer == {"out": expected, "native": "ModelProto", "mlmodel": []}


@pytest.mark.parametrize("external", ["external", "inside"])
def test_onnx_saved_by_mlflow_loads_here(run_mlflow, rows, graph, tmp_path, external):
    _, file = rows
    expected = run_mlflow(MLFLOW_SAVES_ONNX, tmp_path / "m", file, graph[1], external)
    assert any(tmp_path.glob("m/*.data")) == (external == "external")
    report = mlmodel.validate(tmp_path / "m")
    assert report.valid, report.violations
    answers = [here(tmp_path / "m", file, data, "onnx") for data in ("frame", "array")]
    assert [one["out"] for one in answers] == expected
    assert {one["native"] for one in answers} == {"ModelProto"}
