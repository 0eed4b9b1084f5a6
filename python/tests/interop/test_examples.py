"""Examples written here are read by MLflow, and MLflow's here: data, parameters, requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

import mlmodel
from mlmodel.models import Model
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations.protocol import score

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:SIG-016", "ignore:.*PYF-016"),
]

#: Examples in Python, for both sides: what stands here is run by MLflow's interpreter too.
EXAMPLES = """
import numpy as np, pandas as pd
EXAMPLES = {
    "frame": pd.DataFrame({
        "long": [1, 2], "double": [0.1, None], "text": ["x", None], "flag": [True, False],
        "bytes": [b"1\\xff", b""], "at": pd.to_datetime(["2020-01-01 01:02:03.000004", None]),
    }),
    "infinite": pd.DataFrame({"a": [np.inf, -np.inf, 1.5]}),
    "unnamed": pd.DataFrame([[1.5, 2.5]]),
    "nested": pd.DataFrame({"a": [[1, 2], [3]], "o": [{"x": 1.5}, {"x": 2.5}]}),
    "array": np.array([[0.5, np.nan], [np.inf, 1.0]], "float32"),
    "integers": np.array([[1, 255]], "uint8"),
    "arrays": {"x": np.array([[1.5]]), "y": np.array([3], "int8")},
    "parameters": (pd.DataFrame({"a": [1.5]}), {"k": 1, "l": [1.5, 2.5], "s": "x"}),
    "array with parameters": (np.array([[1.5]]), {"k": 1}),
    "records": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    "scalars": {"a": 1, "b": "x"},
    "values": ["x", "y"],
}
try:
    import scipy.sparse
    EXAMPLES["sparse"] = scipy.sparse.csr_matrix(np.array([[0.0, 1.5], [2.5, 0.0]]))
except ImportError:
    pass
"""

#: What is left of an example, in a form that both sides can print.
PLAIN = """
def cell(value):
    if isinstance(value, bytes):
        return "bytes:" + value.hex()
    if isinstance(value, (list, tuple)):
        return [cell(one) for one in value]
    if isinstance(value, dict):
        return {key: cell(one) for key, one in value.items()}
    if hasattr(value, "tolist"):
        return cell(value.tolist())
    if value is None or value is pd.NaT or value != value:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def plain(value):
    if isinstance(value, pd.DataFrame):
        names = [str(name) for name in value.columns]
        cells = [[cell(one) for one in value.iloc[:, at]] for at in range(len(names))]
        return {"columns": names, "cells": cells}
    if isinstance(value, dict) and all(isinstance(one, np.ndarray) for one in value.values()):
        return {name: plain(one) for name, one in value.items()}
    if hasattr(value, "toarray"):
        return {"sparse": value.format, **plain(value.toarray())}
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "cells": cell(value)}
    return {"value": cell(value)}
"""

MLFLOW_SAVES = (
    EXAMPLES
    + PLAIN
    + """
import json, os, sys, mlflow, warnings
warnings.simplefilter("ignore")
class Nothing(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [1]
found = {}
for name, example in EXAMPLES.items():
    path = os.path.join(sys.argv[1], name)
    mlflow.pyfunc.save_model(path, python_model=Nothing(), input_example=example,
                             pip_requirements=["pandas"])
    model = mlflow.models.Model.load(path)
    found[name] = [plain(model.load_input_example(path)), model.load_input_example_params(path)]
print(json.dumps(found))
"""
)

MLFLOW_READS = (
    PLAIN
    + """
import json, os, sys, mlflow, numpy as np, pandas as pd
found = {}
for name in os.listdir(sys.argv[1]):
    path = os.path.join(sys.argv[1], name)
    model = mlflow.models.Model.load(path)
    request = model.get_serving_input(path)
    found[name] = [plain(model.load_input_example(path)), model.load_input_example_params(path),
                   json.loads(request)]
print(json.dumps(found))
"""
)

_OURS: dict[str, Any] = {}
exec(EXAMPLES + PLAIN, _OURS)  # the same text runs in MLflow's interpreter


class Nothing(mlmodel.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [1]


@pytest.fixture(scope="module")
def from_mlflow(run_each_mlflow, tmp_path_factory):
    root = tmp_path_factory.mktemp("theirs")
    return root, run_each_mlflow(MLFLOW_SAVES, root)


@pytest.fixture(scope="module")
def read_by_mlflow(run_each_mlflow, tmp_path_factory):
    root = tmp_path_factory.mktemp("ours")
    for name, example in _OURS["EXAMPLES"].items():
        mlmodel.pyfunc.save_model(root / name, python_model=Nothing(), input_example=example)
    return root, run_each_mlflow(MLFLOW_READS, root)


def comparable(found: Any) -> Any:
    """JSON has no infinity of its own: both sides print it in one way."""
    return json.loads(json.dumps(found))


@pytest.mark.parametrize("name", _OURS["EXAMPLES"])
def test_mlflow_reads_ours(read_by_mlflow, name):
    """EXA-002, EXA-006, EXA-010, EXA-011, EXA-012."""
    root, found = read_by_mlflow
    data, params, request = found[name]
    model = Model.load(root / name)
    given = model.load_input_example(root / name)
    assert data == comparable(_OURS["plain"](given))
    assert params == comparable(model.load_input_example_params(root / name))
    assert request == json.loads(model.get_serving_input(root / name) or "")


@pytest.mark.parametrize("name", _OURS["EXAMPLES"])
def test_ours_reads_mlflow(from_mlflow, name):
    """EXA-007, EXA-009 to EXA-012: the data are what MLflow was given, in the model's form."""
    root, found = from_mlflow
    model = Model.load(root / name)
    got = model.load_input_example(root / name)
    assert model.load_input_example_params(root / name) == found[name][1]
    data = _OURS["EXAMPLES"][name]
    data = data[0] if isinstance(data, tuple) else data
    expected = data if model.signature is None else model.signature.enforce(data)
    assert comparable(_OURS["plain"](got)) == comparable(_OURS["plain"](expected))
    assert not [one for one in mlmodel.validate(root / name).violations if "EXA" in one.rule]


@pytest.mark.parametrize("name", _OURS["EXAMPLES"])
def test_a_request_of_mlflow_is_answered(from_mlflow, name):
    """EXA-011: what MLflow wrote for its server reaches the model here."""
    root, _ = from_mlflow
    model = Model.load(root / name)
    body = model.get_serving_input(root / name)
    assert body is not None
    got: list[Any] = []
    engine = Engine(lambda data, params: got.append(data) or [], model.signature)
    score("application/json", body.encode(), engine)
    assert len(got) == 1
