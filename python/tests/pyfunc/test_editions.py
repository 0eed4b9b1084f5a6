"""What the editions' users write: names, positions, deprecated names (EDITIONS rows 11, 27-31)."""

from __future__ import annotations

import inspect
import sys
import warnings

import cloudpickle
import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import pyfunc
from mlmodel._base import deprecated
from mlmodel.errors import InvalidArgument

FRAME = pd.DataFrame({"a": [1.0]})

LOADER = """
class Model:
    def __init__(self, path):
        self.offset = float(open(path).read())
    def predict(self, model_input):
        return model_input["a"] + self.offset
def {name}(path):
    return Model(path)
"""


class AddN(pyfunc.PythonModel):
    def __init__(self, n):
        self.n = n

    def predict(self, context, model_input):
        return model_input.apply(lambda column: column + self.n)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Nothing has been warned of yet; the classes of this file travel by value."""
    monkeypatch.setattr(deprecated, "SAID", set())
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


@pytest.fixture
def loader(tmp_path, request):
    def write(name="_load_pyfunc"):
        code = tmp_path / f"loader_of_{request.node.name}.py"
        code.write_text(LOADER.format(name=name))
        (tmp_path / "offset").write_text("1")
        return code

    return write


def test_old_names_warn_once(tmp_path):
    """EDITIONS row 31."""
    with pytest.warns(DeprecationWarning, match="dst_path of .*save_model is now called path"):
        pyfunc.save_model(dst_path=tmp_path / "a", python_model=AddN(1))
    with pytest.warns(DeprecationWarning, match="load_pyfunc is now called load_model"):
        pyfunc.load_pyfunc(tmp_path / "a")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pyfunc.save_model(dst_path=tmp_path / "b", python_model=AddN(1))
        assert pyfunc.load_pyfunc(tmp_path / "b").predict(FRAME)["a"].tolist() == [2.0]


def test_the_old_name_of_code_paths_works_and_warns(tmp_path, loader):
    """EDITIONS row 31."""
    code = loader()
    arguments = (tmp_path / "m", code.stem, tmp_path / "offset")
    with pytest.warns(DeprecationWarning, match="code_paths"):
        pyfunc.save_model(*arguments, code_path=[code])
    assert list(pyfunc.load_model(tmp_path / "m").predict(FRAME)) == [2.0]
    with pytest.raises(InvalidArgument, match="old name"):
        pyfunc.save_model(tmp_path / "n", *arguments[1:], code_path=[code], code_paths=[code])


def test_old_arguments_of_old_names(tmp_path):
    """EDITIONS row 31: `load_pyfunc(path=…)`, as before 1.0."""
    pyfunc.save_model(tmp_path / "a", python_model=AddN(1))
    with pytest.warns(DeprecationWarning, match="is now called") as caught:
        pyfunc.load_pyfunc(path=tmp_path / "a")
    assert [warning.filename for warning in caught] == [__file__] * 2


def test_positional_arguments_are_the_editions(tmp_path, loader):
    """path, loader_module, data_path, code_path, conda_env: from 0.7 to 3.x."""
    code = loader()
    conda = {"name": "x", "dependencies": ["python=3.11", {"pip": ["pandas"]}]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pyfunc.save_model(tmp_path / "m", code.stem, tmp_path / "offset", [code], conda)
    assert (tmp_path / "m" / "requirements.txt").read_text() == "pandas\n"
    names = list(inspect.signature(pyfunc.save_model).parameters)
    assert names[:8] == [
        "path", "loader_module", "data_path", "code_paths", "conda_env", "mlflow_model",
        "python_model", "artifacts",
    ]  # fmt: skip
    assert list(inspect.signature(pyfunc.load_model).parameters)[:4] == [
        "model_uri", "suppress_warnings", "dst_path", "model_config",
    ]  # fmt: skip


def test_the_early_loader_function_is_called(tmp_path, loader):
    """PYF-021: `load_pyfunc` was its name before MLflow 0.8."""
    code = loader("load_pyfunc")
    pyfunc.save_model(tmp_path / "m", code.stem, tmp_path / "offset", [code])
    assert list(pyfunc.load_model(tmp_path / "m").predict(FRAME)) == [2.0]


def test_a_loader_may_give_a_function(tmp_path):
    """PYF-021: the early edition's "predict method or function"."""
    code = tmp_path / "loader_gives_a_function.py"
    code.write_text("def _load_pyfunc(path): return lambda model_input: len(model_input)\n")
    pyfunc.save_model(tmp_path / "m", code.stem, code_paths=[code])
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == 1


def test_a_loader_is_given_the_configuration_where_it_takes_one(tmp_path):
    """PYF-012."""
    code = tmp_path / "loader_with_config.py"
    code.write_text(
        "class Model:\n"
        "    def __init__(self, config): self.config = config\n"
        "    def predict(self, model_input): return self.config\n"
        "    def predict_stream(self, model_input): yield from self.config\n"
        "def _load_pyfunc(path, model_config=None): return Model(model_config)\n"
    )
    pyfunc.save_model(tmp_path / "m", code.stem, code_paths=[code], model_config={"a": 1})
    model = pyfunc.load_model(tmp_path / "m", model_config={"a": 2})
    assert model.predict(FRAME) == {"a": 2}
    assert list(model.predict_stream(FRAME)) == ["a"]


def test_keywords_of_predict_and_load(tmp_path):
    """EDITIONS row 27."""
    pyfunc.save_model(path=tmp_path / "m", python_model=AddN(n=5), mlflow_model=None)
    model = pyfunc.load_model(model_uri=str(tmp_path / "m"), suppress_warnings=True)
    for output in (
        model.predict(FRAME),
        model.predict(data=FRAME),
        model.predict(model_input=FRAME),
    ):
        assert output["a"].tolist() == [6.0]


def test_imports_of_the_editions():
    """EDITIONS row 11."""
    from mlmodel.models import Model, ModelSignature, infer_signature
    from mlmodel.models.signature import ModelSignature as Same
    from mlmodel.models.signature import infer_signature as same
    from mlmodel.types import DataType
    from mlmodel.types.schema import ColSpec, Schema, TensorSpec

    assert Same is ModelSignature
    assert same is infer_signature
    schema = Schema([ColSpec("double", "a"), ColSpec(DataType.long, "b")])
    tensor = Schema([TensorSpec(np.dtype(np.uint8), (-1, 28, 28, 1))])
    model = Model(signature=ModelSignature(inputs=tensor, outputs=Schema([ColSpec("long")])))
    assert model.signature.inputs == tensor
    assert schema.inputs[1].type is DataType.long


@pytest.mark.parametrize(
    "name",
    [
        "PyFuncModel", "PythonModel", "PythonModelContext", "add_to_model", "get_model_dependencies",
        "load_model", "load_pyfunc", "save_model",
    ],
)  # fmt: skip
def test_every_name_of_pyfunc_is_there(name):
    assert name in pyfunc.__all__
    assert getattr(mlmodel.pyfunc, name)
