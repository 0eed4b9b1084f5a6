"""Models saved here load in MLflow, and MLflow's load here, with no `mlflow` module imported."""

from __future__ import annotations

import json
import subprocess
import sys

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import mlmodel
from mlmodel import pyfunc

pytestmark = pytest.mark.slow

LOAD_AND_PREDICT = """
import json, sys, mlflow, pandas as pd
frame = pd.read_json(sys.argv[2], orient="split")
model = mlflow.pyfunc.load_model(sys.argv[1])
out = model.predict(frame, **({"params": json.loads(sys.argv[3])} if len(sys.argv) > 3 else {}))
print(json.dumps({"out": out.tolist() if hasattr(out, "tolist") else out,
                  "signature": model.metadata.signature and model.metadata.signature.to_dict(),
                  "mlmodel": [n for n in sys.modules if n.partition(".")[0] == "mlmodel"]}))
"""

LOAD_HERE = """
import json, sys, pandas as pd, mlmodel
frame = pd.read_json(sys.argv[2], orient="split")
model = mlmodel.load(sys.argv[1], trust=sys.argv[3] == "trust")
out = model.predict(frame)
print(json.dumps({"out": out.tolist() if hasattr(out, "tolist") else out,
                  "mlflow": [n for n in sys.modules if n.partition(".")[0] == "mlflow"]}))
"""

MLFLOW_SAVES_SKLEARN = """
import json, sys, mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
X, y = load_iris(return_X_y=True, as_frame=True)
model = LogisticRegression(max_iter=500).fit(X, y)
mlflow.sklearn.save_model(model, sys.argv[1], serialization_format=sys.argv[2],
    input_example=X.head(2), pip_requirements=["scikit-learn"])
print(json.dumps(model.predict(X).tolist()))
"""

MLFLOW_SAVES_PYTHON_MODEL = """
import json, sys, mlflow, pandas as pd
class AddN(mlflow.pyfunc.PythonModel):
    def __init__(self, n):
        self.n = n
    def load_context(self, context):
        self.more = int(open(context.artifacts["more"]).read())
    def predict(self, HEAD):
        return (model_input["a"] + self.n + self.more).tolist()
open(sys.argv[2], "w").write("100")
mlflow.pyfunc.save_model(sys.argv[1], python_model=AddN(5), artifacts={"more": sys.argv[2]},
    pip_requirements=["pandas"])
print("null")
"""


class Scale(pyfunc.PythonModel):
    def __init__(self, by):
        self.by = by

    def load_context(self, context: pyfunc.PythonModelContext):
        with open(context.artifacts["offset"]) as file:
            self.offset = float(file.read())

    def predict(self, context, model_input, params=None):
        return (model_input["a"] * self.by + self.offset).tolist()


@pytest.fixture
def rows(tmp_path):
    frame = load_iris(as_frame=True).data.iloc[::10]
    file = tmp_path / "rows.json"
    file.write_text(frame.to_json(orient="split"))
    return frame, file


@pytest.fixture
def column(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.5]})
    file = tmp_path / "column.json"
    file.write_text(frame.to_json(orient="split"))
    return frame, file


def load_here(path, file, trust=""):
    done = subprocess.run(
        [sys.executable, "-c", LOAD_HERE, str(path), str(file), trust],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("form", ["pickle", "cloudpickle", "skops"])
def test_sklearn_saved_here_loads_in_mlflow(run_mlflow, rows, tmp_path, form):
    frame, file = rows
    data = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(*data)
    mlmodel.sklearn.save_model(
        model, tmp_path / "m", serialization_format=form, input_example=frame.head(2)
    )
    answer = run_mlflow(LOAD_AND_PREDICT, tmp_path / "m", file)
    assert answer["out"] == model.predict(frame).tolist()
    assert json.loads(answer["signature"]["inputs"])[0]["type"] == "double"
    assert answer["mlmodel"] == []


def test_python_model_saved_here_loads_in_mlflow(run_mlflow, column, tmp_path):
    frame, file = column
    offset = tmp_path / "offset"
    offset.write_text("0.5")
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    try:
        pyfunc.save_model(
            tmp_path / "m", python_model=Scale(2), artifacts={"offset": offset},
            input_example=frame,
        )  # fmt: skip
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    answer = run_mlflow(LOAD_AND_PREDICT, tmp_path / "m", file)
    assert answer["out"] == [2.5, 5.5]
    assert answer["mlmodel"] == []
    assert mlmodel.load(tmp_path / "m").predict(frame) == [2.5, 5.5]


@pytest.mark.parametrize("form", ["pickle", "cloudpickle", "skops"])
def test_sklearn_saved_by_mlflow_loads_here_without_mlflow(run_mlflow, rows, tmp_path, form):
    """PYF-003: `mlflow.sklearn` is mapped to our own loader."""
    frame, file = rows
    expected = run_mlflow(MLFLOW_SAVES_SKLEARN, tmp_path / "m", form)
    report = mlmodel.validate(tmp_path / "m")
    assert report.valid, report.violations
    # Without trust: every name in such a file is on our list.
    answer = load_here(tmp_path / "m", file)
    assert answer["mlflow"] == []
    assert answer["out"] == expected[::10]
    assert np.array_equal(mlmodel.sklearn.load_model(tmp_path / "m").predict(frame), expected[::10])


@pytest.mark.parametrize(
    "head",
    [
        "context, model_input",
        "context, model_input, params=None",
        "model_input",
        "model_input, params=None",
        "context, model_input: pd.DataFrame, params: dict | None = None",
    ],
)
def test_python_model_saved_by_mlflow_loads_here_without_mlflow(run_mlflow, column, tmp_path, head):
    _, file = column
    run_mlflow(MLFLOW_SAVES_PYTHON_MODEL.replace("HEAD", head), tmp_path / "m", tmp_path / "more")
    answer = load_here(tmp_path / "m", file, "trust")
    assert answer == {"out": [106.0, 107.5], "mlflow": []}
    refused = subprocess.run(
        [sys.executable, "-c", LOAD_HERE, str(tmp_path / "m"), str(file), ""],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "UntrustedModel" in refused.stderr
