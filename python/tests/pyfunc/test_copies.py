"""Loaded models are pickled and copied where their native models are (TRU-047)."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import UntrustedModel
from mlmodel.trust import scan

ROWS = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})


class Offset(pyfunc.PythonModel):
    def __init__(self):
        self.by = 2

    def predict(self, context, model_input, params=None):
        return [len(model_input) + self.by + (context.model_config or {}).get("more", 0)]


def _joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    return joblib.load(io.BytesIO(buffer.getvalue()))


WAYS = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "oldest pickle": lambda model: pickle.loads(pickle.dumps(model, protocol=2)),
    "cloudpickle": lambda model: pickle.loads(cloudpickle.dumps(model)),
    "joblib": _joblib,
    "deepcopy": copy.deepcopy,
    "twice": lambda model: copy.deepcopy(pickle.loads(pickle.dumps(copy.deepcopy(model)))),
}


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.setenv("MLMODEL_INFER_REQUIREMENTS", "false")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "trust"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def saved(kind, path):
    """Save a model of a kind; of xgboost and onnx a small one."""
    if kind == "sklearn":
        mlmodel.save(LinearRegression().fit(ROWS, [1, 2]), path, example=ROWS)
    elif kind == "xgboost":
        xgboost = pytest.importorskip("xgboost")
        mlmodel.save(xgboost.XGBRegressor(n_estimators=2).fit(ROWS, [1, 2]), path, example=ROWS)
    elif kind == "onnx":
        helper = pytest.importorskip("onnx").helper
        value = [helper.make_tensor_value_info(name, 1, [None, 2]) for name in "XY"]
        node = helper.make_node("Identity", ["X"], ["Y"])
        graph = helper.make_graph([node], "g", value[:1], value[1:])
        opset = [helper.make_opsetid("", 13)]
        mlmodel.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    elif kind == "class":
        pyfunc.save_model(path, python_model=Offset(), model_config={"more": 1})
    elif kind == "code":
        file = path.with_name("made_model.py")
        file.write_text(
            "from mlmodel.pyfunc import PythonModel\nfrom mlmodel.models import set_model\n"
            "class M(PythonModel):\n    def predict(self, context, model_input, params=None):\n"
            "        return [7]\nset_model(M())\n"
        )
        pyfunc.save_model(path, python_model=str(file))
    else:
        file = path.with_name("own_loader.py")
        file.write_text("def _load_pyfunc(path):\n    return lambda data: [9]\n")
        pyfunc.save_model(path, loader_module="own_loader", code_paths=[str(file)])
    return path


KINDS = ["sklearn", "xgboost", "onnx", "class", "code", "loader"]
DATA = {"onnx": np.ones((2, 2), dtype="float32")}


@pytest.mark.thorough
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_answers_as_the_model_does(tmp_path, kind, way):
    """TRU-047."""
    model = mlmodel.load(saved(kind, tmp_path / "m"))
    copied = WAYS[way](model)
    data = DATA.get(kind, ROWS)
    expected = model.predict(data)
    assert repr(copied.predict(data)) == repr(expected)
    assert copied.metadata.document == model.metadata.document
    assert copied.signature == model.signature
    assert copied.model_config == model.model_config


def test_a_deep_copy_has_a_native_model_of_its_own(tmp_path):
    model = mlmodel.load(saved("class", tmp_path / "m"))
    copied = copy.deepcopy(model)
    copied.unwrap_python_model().by = 100
    assert model.predict(ROWS) == [5]
    assert copied.predict(ROWS) == [103]


def test_what_is_pickled_by_its_native_model_needs_no_folder(tmp_path):
    model = mlmodel.load(saved("sklearn", tmp_path / "m"))
    data = pickle.dumps(model)
    (tmp_path / "m").rename(tmp_path / "gone")
    assert pickle.loads(data).predict(ROWS).tolist() == model.predict(ROWS).tolist()


@pytest.mark.parametrize("kind", ["class", "code", "loader"])
def test_trust_in_a_load_goes_with_the_copy(tmp_path, kind, monkeypatch):
    """TRU-047: by the digest, where no store has it."""
    path = saved(kind, tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another"))
    model = mlmodel.load(path, trust=True)
    data = pickle.dumps(model)
    assert pickle.loads(data).predict(ROWS) == model.predict(ROWS)
    (path / "more.txt").write_text("changed")
    with pytest.raises(UntrustedModel):
        pickle.loads(data)


@pytest.mark.parametrize("kind", ["class", "code", "loader"])
def test_a_folder_that_was_changed_before_is_not_trusted_by_a_copy(tmp_path, kind, monkeypatch):
    """TRU-047: what is trusted is what was loaded, not what is there when it is pickled."""
    path = saved(kind, tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another"))
    model = mlmodel.load(path, trust=True)
    (path / "more.txt").write_text("changed")
    data = pickle.dumps(model)
    with pytest.raises(UntrustedModel):
        pickle.loads(data)
    assert copy.deepcopy(model).predict(ROWS) == model.predict(ROWS)


def test_a_models_own_pickle_cannot_open_another_folder(tmp_path):
    """TRU-047: what a copy is opened by is on no list."""
    data = pickle.dumps(mlmodel.load(saved("class", tmp_path / "m")))
    assert not scan(data).allowed
    data = pickle.dumps(mlmodel.load(saved("sklearn", tmp_path / "s")))
    assert not scan(data).allowed


def _predicted(model):
    return list(model.predict(ROWS))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sklearn", "class", "loader"])
def test_in_other_processes(tmp_path, kind):
    model = mlmodel.load(saved(kind, tmp_path / "m"))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(_predicted, model).result() == list(model.predict(ROWS))


@pytest.mark.slow
def test_code_of_a_model_is_found_in_another_process(tmp_path):
    (tmp_path / "model.bin").write_bytes(
        pickle.dumps(mlmodel.load(saved("loader", tmp_path / "m")))
    )
    code = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).predict([1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.bin"],
        capture_output=True, text=True, check=True, cwd="/",
    )  # fmt: skip
    assert done.stdout == "[9]\n"
