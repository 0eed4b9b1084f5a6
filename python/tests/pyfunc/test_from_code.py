"""Models from code: a Python file that makes the model (PYF-009 to PYF-012)."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pandas as pd
import pytest

import mlmodel
from mlmodel import models, pyfunc
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    UntrustedModel,
)
from mlmodel.models import ModelConfig
from mlmodel.pyfunc import config as configs
from mlmodel.pyfunc.from_code import set_model

#: As MLflow's users write it.
WRITTEN_FOR_MLFLOW = """
import mlflow
import mlflow.pyfunc as same
from mlflow.models import ModelConfig, infer_signature, set_model
from mlflow.models.signature import ModelSignature
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types.schema import ColSpec, Schema
from mlflow.exceptions import MlflowException

config = ModelConfig(development_config={"scale": 1, "only": "development"})
assert same.PythonModel is PythonModel is mlflow.pyfunc.PythonModel

class Scaled(PythonModel):
    def load_context(self, context: PythonModelContext):
        with open(context.artifacts["offset"]) as file:
            self.offset = float(file.read())

    def predict(self, context, model_input, params=None):
        import mlflow.models  # late, where sys.modules knows nothing of it
        assert mlflow.models.set_model is set_model
        return [config.get("scale") * value + self.offset for value in model_input["a"]]

set_model(Scaled())
"""

FUNCTION = """
import mlmodel
mlmodel.models.set_model(lambda model_input: model_input["a"].sum())
"""

FRAME = pd.DataFrame({"a": [1.0, 2.0]})


@pytest.fixture
def write(tmp_path):
    def write(text, name="model.py"):
        (tmp_path / name).write_text(textwrap.dedent(text))
        return tmp_path / name

    return write


@pytest.fixture
def saved(write, tmp_path):
    file = write(WRITTEN_FOR_MLFLOW)
    (tmp_path / "offset").write_text("0.5")
    pyfunc.save_model(
        tmp_path / "m", python_model=str(file), artifacts={"offset": tmp_path / "offset"},
        model_config={"scale": 10},
    )  # fmt: skip
    file.unlink()
    (tmp_path / "offset").unlink()
    return tmp_path / "m"


def test_a_file_written_for_mlflow_is_a_model_without_mlflow(saved):
    """PYF-009, PYF-011."""
    model = pyfunc.load_model(saved)
    assert model.predict(FRAME) == [10.5, 20.5]
    assert model.loader_module == "mlflow.pyfunc.loaders.code_model"
    assert model.metadata.flavors["python_function"]["model_code_path"] == "model.py"
    assert model.unwrap_python_model().offset == 0.5
    assert not [name for name in sys.modules if name.partition(".")[0] == "mlflow"]
    assert mlmodel.validate(saved).violations == ()


def test_running_it_leaves_the_folder_as_it_is(saved):
    """The folder's digest, and with it its trust, stays."""
    before = sorted(p.name for p in saved.rglob("*"))
    for _ in range(2):
        pyfunc.load_model(saved).predict(FRAME)
    assert sorted(p.name for p in saved.rglob("*")) == before


def test_configuration_of_the_file_is_the_models(saved):
    """PYF-012."""
    model = pyfunc.load_model(saved, model_config={"scale": 2})
    assert model.predict(FRAME) == [2.5, 4.5]
    assert model.model_config == {"scale": 2}


def test_nothing_runs_without_trust(saved, monkeypatch, tmp_path):
    (saved / "model.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n{WRITTEN_FOR_MLFLOW}")
    with pytest.raises(UntrustedModel, match=r"model\.py"):
        pyfunc.load_model(saved)
    assert not (tmp_path / "ran").exists()
    assert pyfunc.load_model(saved, trust=True).predict(FRAME) == [10.5, 20.5]
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "written", ["/home/me/project/model.py", "C:\\Users\\me\\model.py", "model.py", "deep/model.py"]
)
def test_the_path_is_that_of_the_machine_that_saved_it(tmp_path, write, written):
    """PYF-009: MLflow writes the absolute path."""
    write(FUNCTION)
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.loaders.code_model\n"
        f"    model_code_path: '{written}'\n"
    )
    assert mlmodel.validate(tmp_path).violations == ()
    assert pyfunc.load_model(tmp_path, trust=True).predict(FRAME) == 3.0


def test_the_loader_of_pickles_reads_files_too(tmp_path, write):
    """What MLflow 2.12 to 2.15 wrote."""
    write(FUNCTION)
    write("scale: 3\n", "config.yml")
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n"
        "    model_code_path: model.py\n    config: config.yml\n"
    )
    model = pyfunc.load_model(tmp_path, trust=True)
    assert model.predict(FRAME) == 3.0
    assert model.model_config == {"scale": 3}


def test_a_missing_file_is_said_before_loading(tmp_path):
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.loaders.code_model\n"
        "    model_code_path: /home/me/model.py\n"
    )
    with pytest.raises(InvalidModel, match="DIR-003"):
        pyfunc.load_model(tmp_path, trust=True)
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.loaders.code_model\n"
    )
    with pytest.raises(InvalidModel, match="PYF-009"):
        pyfunc.load_model(tmp_path, trust=True)


def test_a_function_set_as_model(tmp_path, write):
    mlmodel.save(write(FUNCTION), tmp_path / "m", example=FRAME)
    model = mlmodel.load(tmp_path / "m")
    assert model.predict(FRAME) == 3.0
    assert model.signature.inputs.input_names() == ["a"]


@pytest.mark.thorough
def test_code_paths_go_along(tmp_path, write):
    write("import mlflow\nBASE = mlflow.pyfunc.PythonModel\n", "helper_of_code.py")
    file = write(
        """
        import helper_of_code as helper
        from mlmodel.models import set_model
        class Model(helper.BASE):
            def predict(self, model_input):
                return 42
        set_model(Model())
        """
    )
    # The process that saves has MLflow's name in its own helper by other means.
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import types, mlmodel\nfrom mlmodel import pyfunc; from mlmodel.store import mlflow_names\n"
        "sys.modules['mlflow'] = mlflow_names.stand_in('mlflow')\n"
        "pyfunc.save_model(sys.argv[1] + '/m', python_model=sys.argv[2],\n"
        "    code_paths=[sys.argv[1] + '/helper_of_code.py'])\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path), str(file)], check=True)
    file.unlink()
    (tmp_path / "helper_of_code.py").unlink()
    assert mlmodel.load(tmp_path / "m").predict(FRAME) == 42


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("x = 1\n", InvalidModel, r"does not call .*PYF-010"),
        ("import mlflow\nmlflow.models.set_model(3)\n", InvalidArgument, "PYF-014"),
        ("import no_such_module_anywhere\n", MissingDependency, "no_such_module_anywhere"),
        ("import mlflow.langchain\n", MissingDependency, r"imports mlflow\.langchain.*PYF-011"),
        (
            "from mlflow.models import rag_signatures\n",
            MissingDependency,
            r"imports mlflow\.models\.rag_signatures.*PYF-011",
        ),
        (
            "import mlflow\nmlflow.start_run\n",
            mlmodel.errors.UnsupportedModel,
            r"mlflow\.start_run",
        ),
        (
            "from mlflow.models import ModelConfig\nModelConfig(development_config={'a': 1})\n",
            InvalidArgument,
            "model_config=",
        ),
        ("1 / 0\n", ZeroDivisionError, "division"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, write, text, error, said):
    with pytest.raises(error, match=said):
        pyfunc.save_model(tmp_path / "m", python_model=write(text))
    assert not (tmp_path / "m").exists()


def test_a_failing_file_is_named(tmp_path, write):
    with pytest.raises(ZeroDivisionError) as caught:
        pyfunc.save_model(tmp_path / "m", python_model=write("1 / 0\n"))
    assert "model.py" in caught.value.__notes__[0]


def test_only_python_files_are_taken(tmp_path):
    with pytest.raises(InvalidArgument, match=r"\(\.py\).*PYF-009"):
        pyfunc.save_model(tmp_path / "m", python_model="model.ipynb")
    with pytest.raises(InvalidArgument, match="is not there"):
        pyfunc.save_model(tmp_path / "m", python_model="no_such_file.py")


def test_hasattr_answers_for_what_is_not_here(tmp_path, write):
    """PYF-011."""
    file = write(
        """
        import mlflow
        assert not hasattr(mlflow, "start_run")
        assert hasattr(mlflow.models, "set_model")
        import mlflow.sklearn
        assert mlflow.sklearn.load_model
        assert not hasattr(mlflow.sklearn, "autolog")
        from mlflow.pyfunc.utils import pyfunc
        import os.path, json
        mlflow.models.set_model(pyfunc(lambda model_input: os.path.sep))
        """
    )
    mlmodel.save(file, tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").predict(1) == "/"


def test_a_type_from_the_example(tmp_path, write):
    """PYF-017: a list stays a list."""
    file = write(
        """
        import mlflow
        from mlflow.types.type_hints import TypeFromExample
        class Model(mlflow.pyfunc.PythonModel):
            def predict(self, model_input: TypeFromExample):
                return [type(model_input).__name__, *model_input]
        mlflow.models.set_model(Model())
        """
    )
    mlmodel.save(file, tmp_path / "m", example=["a", "b"])
    model = mlmodel.load(tmp_path / "m")
    assert model.metadata.document["type_hint_from_example"] is True
    assert model.predict(["x"]) == ["list", "x"]
    with pytest.raises(InvalidInput):
        model.predict([1])


def test_set_model_does_nothing_while_developing():
    set_model(lambda model_input: 1)
    with pytest.raises(InvalidArgument, match="PYF-014"):
        set_model(3)


def test_configuration_while_developing(tmp_path):
    """PYF-012."""
    config = ModelConfig(development_config={"a": 1})
    assert (config.get("a"), config.to_dict()) == (1, {"a": 1})
    with pytest.raises(KeyError, match="no key 'b'; it has 'a'"):
        config.get("b")
    with pytest.raises(InvalidArgument):
        config.get("b")
    (tmp_path / "config.yaml").write_text("b: 2\n")
    assert ModelConfig(development_config=str(tmp_path / "config.yaml")).get("b") == 2
    with pytest.raises(InvalidArgument, match="development_config"):
        ModelConfig()


def test_the_names_are_where_mlflows_users_look():
    assert models.set_model is set_model
    assert models.ModelConfig is ModelConfig


def test_a_configuration_of_keys_of_one_hash(tmp_path):  # MLM-037
    path = tmp_path / "config.yml"
    keys = [str(sys.hash_info.modulus * at) for at in range(100)]
    crowd = "".join(f"  {key}: 1\n" for key in keys)
    halves = "".join(
        f"{name}: &{name}\n{''.join(f'  {key}: 1' + chr(10) for key in half)}"
        for name, half in (("a", keys[:50]), ("b", keys[50:]))
    )
    for text in (f"a:\n{crowd}", f"a: !!set\n{crowd}", f"{halves}c:\n  <<: [*a, *b]\n"):
        path.write_text(text)
        with pytest.raises(InvalidArgument, match="MLM-037"):
            configs.read(path)
    path.write_text("a: {1: 2, 1.5: 3}\n")
    assert configs.read(path) == {"a": {1: 2, 1.5: 3}}
