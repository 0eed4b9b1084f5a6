"""Scripts as MLflow's users write them, after the change of one word.

Each ends in checks of its own; it is run as a user runs it, by itself and in a folder of its own.
"""

from __future__ import annotations

import runpy

import pytest

SCRIPTS = {
    "pipeline": """
import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_iris(return_X_y=True, as_frame=True)
pipe = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
mlflow.sklearn.save_model(pipe, "model", input_example=X.head())
loaded = mlflow.pyfunc.load_model("model")
assert (loaded.predict(X) == pipe.predict(X)).all()
assert (mlflow.sklearn.load_model("model").predict_proba(X) == pipe.predict_proba(X)).all()
""",
    "infer_signature": """
import mlflow
import pandas as pd
from mlflow.models.signature import infer_signature
from mlflow.types import ColSpec, DataType, Schema
from sklearn.tree import DecisionTreeClassifier

X = pd.DataFrame({"age": [20.0, 40.0, 60.0], "height": [1.5, 1.6, 1.7]})
clf = DecisionTreeClassifier().fit(X, [0, 1, 1])
signature = infer_signature(X, clf.predict(X))
assert signature.inputs == Schema([ColSpec("double", "age"), ColSpec(DataType.double, "height")])
mlflow.sklearn.save_model(clf, "model", signature=signature)
assert mlflow.models.get_model_info("model").signature == signature
try:
    mlflow.pyfunc.load_model("model").predict(X[["age"]])
except mlflow.exceptions.MlflowException as error:
    assert error.error_code == "INVALID_PARAMETER_VALUE"
    assert "height" in str(error)
else:
    raise AssertionError
""",
    "python_model_with_artifacts_and_code": """
import json
import os
import sys
import mlflow.pyfunc

os.mkdir("src")
with open("src/scaling.py", "w") as f:
    f.write("def scale(values, factor):\\n    return [factor * v for v in values]\\n")
with open("config.json", "w") as f:
    json.dump({"factor": 3}, f)

class Model(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        with open(context.artifacts["config"]) as f:
            self.factor = json.load(f)["factor"]

    def predict(self, context, model_input):
        from scaling import scale
        return scale(model_input["x"], self.factor)

mlflow.pyfunc.save_model(
    path="model", python_model=Model(), artifacts={"config": "config.json"},
    code_paths=["src/scaling.py"], pip_requirements=["pandas"],
)
import pandas as pd
assert mlflow.pyfunc.load_model("model").predict(pd.DataFrame({"x": [1, 2]})) == [3, 6]
sys.modules.pop("scaling")
""",
    "params": """
import mlflow
import pandas as pd
from mlflow.models import infer_signature

class Generator(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [f"{t}/{params['temperature']}/{params['stop']}" for t in model_input["text"]]

frame = pd.DataFrame({"text": ["a"]})
params = {"temperature": 0.5, "stop": ["x", "y"]}
signature = infer_signature(frame, ["a"], params=params)
mlflow.pyfunc.save_model("model", python_model=Generator(), signature=signature)
model = mlflow.pyfunc.load_model("model")
assert model.predict(frame) == ["a/0.5/['x', 'y']"]
assert model.predict(frame, params={"temperature": 1.0}) == ["a/1.0/['x', 'y']"]
""",
    "type_hints": """
import mlflow
import pydantic

class Message(pydantic.BaseModel):
    role: str
    content: str

class Chat(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[Message], params=None) -> list[str]:
        return [m.content.upper() for m in model_input]

mlflow.pyfunc.save_model("model", python_model=Chat())
model = mlflow.pyfunc.load_model("model")
assert model.predict([{"role": "user", "content": "hi"}]) == ["HI"]
assert model.metadata.is_signature_from_type_hint
""",
    "models_from_code": """
import mlflow

with open("chain.py", "w") as f:
    f.write('''
import mlflow
from mlflow.models import ModelConfig, set_model

config = ModelConfig(development_config={"greeting": "hello"})

class Chain(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [config.get("greeting") + " " + name for name in model_input["name"]]

set_model(Chain())
''')
mlflow.pyfunc.save_model("model", python_model="chain.py", model_config={"greeting": "good day"})
import pandas as pd
frame = pd.DataFrame({"name": ["Ada"]})
assert mlflow.pyfunc.load_model("model").predict(frame) == ["good day Ada"]
assert mlflow.pyfunc.load_model("model", model_config={"greeting": "hi"}).predict(frame) == ["hi Ada"]
""",
    "xgboost": """
import mlflow.xgboost
import numpy as np
import xgboost as xgb
from mlflow.models import infer_signature

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
booster = xgb.train({"max_depth": 2}, xgb.DMatrix(X, label=X[:, 0]), num_boost_round=3)
expected = booster.predict(xgb.DMatrix(X))
mlflow.xgboost.save_model(booster, "model", signature=infer_signature(X, expected), model_format="json")
assert np.array_equal(mlflow.pyfunc.load_model("model").predict(X), expected)
assert isinstance(mlflow.xgboost.load_model("model"), xgb.Booster)
assert any("xgboost" in line for line in mlflow.xgboost.get_default_pip_requirements())
""",
    "load_model": """
import mlflow
import pandas as pd
from sklearn.dummy import DummyRegressor

mlflow.sklearn.save_model(DummyRegressor().fit([[1.0]], [2.0]), "model", metadata={"team": "a"})
model = mlflow.pyfunc.load_model("model")
assert model.metadata.flavors[mlflow.pyfunc.FLAVOR_NAME][mlflow.pyfunc.MAIN] == "mlflow.sklearn"
assert model.metadata.metadata == {"team": "a"}
assert model.predict(pd.DataFrame({"x": [1.0, 2.0]})).tolist() == [2.0, 2.0]
assert model.metadata.get_input_schema() is None
with open(mlflow.pyfunc.get_model_dependencies("model")) as f:
    assert "scikit-learn" in f.read()
""",
    "set_signature": """
import mlflow
import pandas as pd
from mlflow.models import Model, infer_signature, set_signature
from sklearn.linear_model import LinearRegression

X = pd.DataFrame({"a": [1.0, 2.0]})
mlflow.sklearn.save_model(LinearRegression().fit(X, [1.0, 2.0]), "model")
assert Model.load("model").signature is None
set_signature("model", infer_signature(X, [1.0]))
loaded = mlflow.pyfunc.load_model("model")
assert loaded.metadata.signature.inputs.input_names() == ["a"]
signature = loaded.metadata.signature
signature.outputs = None
set_signature("model", signature)
assert Model.load("model").get_output_schema() is None
""",
    "predict": """
import json
import mlflow
import pandas as pd
from mlflow.models import convert_input_example_to_serving_input, validate_serving_input

class Doubles(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return (model_input["a"] * 2).to_numpy()

example = pd.DataFrame({"a": [1.0, 2.0]})
mlflow.pyfunc.save_model("model", python_model=Doubles(), input_example=example)
mlflow.models.predict("model", input_data={"dataframe_split": example.to_dict(orient="split")},
                      output_path="out.json", env_manager="local")
with open("out.json") as f:
    assert json.load(f) == {"predictions": [2.0, 4.0]}
body = convert_input_example_to_serving_input(example)
assert list(validate_serving_input("model", body)) == [2.0, 4.0]
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_after_the_change_of_one_word(name, tmp_path, monkeypatch):
    if name == "type_hints":
        pytest.importorskip("pydantic")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(SCRIPTS[name].replace("mlflow", "mlmodel").replace(
        '"mlmodel.sklearn"', '"mlflow.sklearn"'  # what the file says is the format's
    ))  # fmt: skip
    runpy.run_path(str(tmp_path / "script.py"), run_name="__main__")
