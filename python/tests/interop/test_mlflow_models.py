"""User-made models both ways: from code, functions, type hints, configuration, streams.

One MLflow process saves all cases, one of ours loads them, and the other way round.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from mlmodel.models import Model

pytestmark = pytest.mark.slow

#: A file that both sides take as it is.
FILE = """
import mlflow
from mlflow.models import ModelConfig, set_model
import helper_of_interop

config = ModelConfig(development_config={"scale": 1})

class Scaled(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        with open(context.artifacts["offset"]) as file:
            self.offset = float(file.read())

    def predict(self, context, model_input, params=None):
        scaled = [config.get("scale") * value for value in model_input["a"]]
        return [value + self.offset + helper_of_interop.MORE for value in scaled]

set_model(Scaled())
"""

#: Classes and functions of a script; LIBRARY is the one that saves.
MODELS = """
import os, sys
import pandas as pd
import LIBRARY as library
PythonModel = library.pyfunc.PythonModel

class Hinted(PythonModel):
    def predict(self, context, model_input: list[str], params=None) -> list[str]:
        assert type(model_input) is list
        return [text.upper() for text in model_input]

class Lists(PythonModel):
    def predict(self, model_input: list[dict[str, int]]) -> list[int]:
        return [sum(one.values()) for one in model_input]

class Streams(PythonModel):
    def predict(self, context, model_input, params=None):
        return [1]
    def predict_stream(self, context, model_input, params=None):
        yield from model_input

class Configured(PythonModel):
    def predict(self, context, model_input):
        return [dict(context.model_config), sorted(context.artifacts)]

def function(model_input):
    return model_input["a"] * 2

def hinted_function(model_input: list[str]) -> list[int]:
    return [len(text) for text in model_input]

root = sys.argv[1]
os.chdir(root)
sys.path.insert(0, root)
K = {"pip_requirements": ["pandas"]}
def save(name, model, **more):
    library.pyfunc.save_model(os.path.join(root, name), python_model=model, **K, **more)

save("code", os.path.join(root, "model.py"), model_config={"scale": 10},
     artifacts={"offset": "offset"}, code_paths=["helper_of_interop.py"])
save("hinted", Hinted())
save("lists", Lists())
save("streams", Streams())
save("configured", Configured(), model_config={"a": 1, "b": [2]},
     artifacts={"x": "offset", "y": "deep/offset"}, metadata={"team": {"n": 1}})
save("function", function)
save("hinted_function", hinted_function)
library.pyfunc.save_model(os.path.join(root, "loader"), loader_module="loader_of_interop",
    data_path="offset", code_paths=["loader_of_interop.py"], model_config={"plus": 1}, **K)
"""

LOADER = """
class Loaded:
    def __init__(self, path, config):
        self.offset, self.config = float(open(path).read()), config
    def predict(self, model_input):
        return [value + self.offset + self.config["plus"] for value in model_input["a"]]
def _load_pyfunc(path, model_config=None):
    return Loaded(path, model_config)
"""

#: How each model is loaded and asked, by whichever side; TRUST is empty for MLflow.
ASK = """
import json, sys
import pandas as pd
import LIBRARY as library
root = sys.argv[1]
frame = pd.DataFrame({"a": [1.0, 2.0]})
def load(name, **more):
    return library.pyfunc.load_model(root + "/" + name, **more, TRUST)
out = {
    "code": load("code").predict(frame),
    "code overridden": load("code", model_config={"scale": 2}).predict(frame),
    "hinted": load("hinted").predict(["a", "b"]),
    "hinted frame": load("hinted").predict(pd.DataFrame({"x": ["a", "b"]})),
    "lists": load("lists").predict([{"a": 1, "b": 2}, {}]),
    "streams": list(load("streams").predict_stream("ab")),
    "configured": load("configured").predict(frame),
    "configured overridden": load("configured", model_config={"a": 5}).predict(frame),
    "metadata": load("configured").metadata.metadata,
    "function": load("function").predict(frame).tolist(),
    "hinted_function": load("hinted_function").predict(["a", "bc"]),
    "loader": load("loader").predict(frame),
    "loader overridden": load("loader", model_config={"plus": 2}).predict(frame),
}
others = [name for name in sys.modules if name.partition(".")[0] == "OTHER"]
print(json.dumps({"out": out, "others": others}))
"""

EXPECTED = {
    "code": [110.5, 120.5],
    "code overridden": [102.5, 104.5],
    "hinted": ["A", "B"],
    "hinted frame": ["A", "B"],
    "lists": [3, 0],
    "streams": ["a", "b"],
    "configured": [{"a": 1, "b": [2]}, ["x", "y"]],
    "configured overridden": [{"a": 5, "b": [2]}, ["x", "y"]],
    "metadata": {"team": {"n": 1}},
    "function": [2.0, 4.0],
    "hinted_function": [1, 2],
    "loader": [2.5, 3.5],
    "loader overridden": [3.5, 4.5],
}


@pytest.fixture
def root(tmp_path):
    (tmp_path / "model.py").write_text(FILE)
    (tmp_path / "helper_of_interop.py").write_text("MORE = 100\n")
    (tmp_path / "loader_of_interop.py").write_text(LOADER)
    (tmp_path / "deep").mkdir()
    for name in ("offset", "deep/offset"):
        (tmp_path / name).write_text("0.5")
    return tmp_path


def remove_sources(root):
    """What is loaded from now on is what was saved."""
    for name in ("model.py", "helper_of_interop.py", "loader_of_interop.py", "offset"):
        (root / name).unlink()


#: What MLflow alone writes.
THEIRS = """
from mlflow.types.type_hints import TypeFromExample
class FromExample(PythonModel):
    def predict(self, model_input: TypeFromExample):
        return [type(model_input).__name__, list(model_input)]
save("from_example", FromExample(), input_example=["a", "b"])
def module_in_globals(model_input):
    return library.models.infer_signature(model_input).inputs.input_names()
save("module", module_in_globals)
print("null")
"""
ASK_THEIRS = """
for name, data in (("from_example", ["x"]), ("module", frame)):
    out[name] = load(name).predict(data)
"""
EXPECTED_OF_THEIRS = {"from_example": ["list", ["x"]], "module": ["a"]}


def asked_here(root, more=""):
    script = ASK.replace("others = [", f"{more}others = [")
    script = script.replace("LIBRARY", "mlmodel").replace("TRUST", "trust=True")
    done = subprocess.run(
        [sys.executable, "-c", script.replace("OTHER", "mlflow"), str(root)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_mlflows_models_load_here_without_mlflow(run_each_mlflow, root):
    run_each_mlflow(MODELS.replace("LIBRARY", "mlflow") + THEIRS, root)
    written = Model.load(root / "code").flavors["python_function"]
    assert written["model_code_path"] == str(root / "model.py")
    remove_sources(root)
    answer = asked_here(root, ASK_THEIRS)
    assert answer == {"out": {**EXPECTED, **EXPECTED_OF_THEIRS}, "others": []}


def test_our_models_load_in_mlflow_without_us(run_each_mlflow, root):
    done = subprocess.run(
        [sys.executable, "-c", MODELS.replace("LIBRARY", "mlmodel"), str(root)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    remove_sources(root)
    assert asked_here(root)["out"] == EXPECTED
    ask = ASK.replace("LIBRARY", "mlflow").replace(", TRUST", "").replace("OTHER", "mlmodel")
    answer = run_each_mlflow(ask, root)
    assert answer == {"out": EXPECTED, "others": []}


DESCRIBED = """
import json, sys
from mlflow.models import Model
model = Model.load(sys.argv[1])
print(json.dumps([model.flavors["mine"], model.utc_time_created, model.signature.to_dict(),
                  model.metadata, model.to_dict()["owner"]]))
model.add_flavor("theirs", b=[1])
model.save(sys.argv[1] + "/MLmodel")
"""


def test_a_description_written_here_is_mlflows_and_back(run_each_mlflow, tmp_path):
    import pandas as pd

    from mlmodel.models import infer_signature

    model = Model(
        owner="me", metadata={"a": 1}, signature=infer_signature(pd.DataFrame({"a": [1.0]}))
    )
    model.add_flavor("mine", a={"deep": [1.5, None]})
    model.save(tmp_path)
    mine, time, signature, metadata, owner = run_each_mlflow(DESCRIBED, tmp_path)
    assert (mine, time, metadata, owner) == (
        {"a": {"deep": [1.5, None]}}, model.utc_time_created, {"a": 1}, "me",
    )  # fmt: skip
    assert json.loads(signature["inputs"]) == model.signature.inputs.to_dict()
    back = Model.load(tmp_path)
    assert back.flavors == {"mine": mine, "theirs": {"b": [1]}}
    assert back.signature == model.signature
    assert back.document["owner"] == "me"
