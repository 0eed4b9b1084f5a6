"""What spec/stricter.md says of MLflow and no vector asks, asked of MLflow itself."""

from __future__ import annotations

import pickle

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
import mlflow, pandas as pd
from mlflow.pyfunc import scoring_server
root = sys.argv[1]
class Failing(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        raise ValueError("no answer")
mlflow.pyfunc.save_model(root + "/failing", python_model=Failing(), pip_requirements=["pandas"])
failing = mlflow.pyfunc.load_model(root + "/failing")
try:
    scoring_server.invocations('{"inputs": {"a": [1]}}', "application/json", failing, None)
except mlflow.exceptions.MlflowException as error:
    answer = json.loads(error.serialize_as_json())
written = mlflow.models.Model.load(root + "/written")
try:
    mlflow.sklearn.load_model(root + "/hostile")
except Exception:
    pass
print(json.dumps({"failure": answer, "version": written.flavors["python_function"]["python_version"]}))
"""


class Touch:
    """Unpickled, it makes a file: what the pickle of a stranger may do, and worse."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_what_mlflow_does_there(run_mlflow, tmp_path):
    for name in ("written", "hostile"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "MLmodel").write_text(
            "flavors:\n"
            "  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl,"
            " python_version: 3.10}\n"
            "  sklearn: {pickled_model: model.pkl, serialization_format: pickle,"
            " sklearn_version: 1.9.1}\n"
        )
    ran = tmp_path / "ran"
    (tmp_path / "hostile" / "model.pkl").write_bytes(pickle.dumps(Touch(ran)))
    found = run_mlflow(SCRIPT, tmp_path)
    assert found["version"] == pytest.approx(3.1)
    assert "Traceback" in found["failure"]["stack_trace"]
    assert ran.exists()
