"""Models of the flavors behind a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

import mlmodel

pytestmark = pytest.mark.slow

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})


@contextmanager
def serving(folder):
    """Give a function that asks a server; it is started without trust, by whoever trusts nothing."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", "-m", str(folder), "-p", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert line.startswith("mlmodel: ready at "), (line, process.communicate()[1])

        def ask(body):
            request = urllib.request.Request(
                f"{line.split()[-1].rstrip('/')}/invocations",
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())

        yield ask
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(autouse=True)
def _nobody_trusts(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))


def test_trees_are_served(tmp_path, monkeypatch):
    import xgboost as xgb

    model = xgb.XGBRegressor(n_estimators=3).fit(FRAME, [1.0, 2.0, 4.0])
    mlmodel.save(model, tmp_path / "m", example=FRAME)
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another"))
    with serving(tmp_path / "m") as ask:
        answer = ask({"dataframe_split": FRAME[["b", "a"]].to_dict("split")})
        assert np.array_equal(np.array(answer["predictions"], "f4"), model.predict(FRAME))


def test_a_graph_is_served(tmp_path, monkeypatch):
    from onnx import TensorProto, helper

    made = helper.make_graph(
        [helper.make_node("ReduceSum", ["X"], ["Y"], keepdims=0)], "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", 2])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [])],
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    mlmodel.save(model, tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another"))
    with serving(tmp_path / "m") as ask:
        assert ask({"inputs": FRAME.to_numpy().tolist()}) == {"predictions": {"Y": 21.0}}
