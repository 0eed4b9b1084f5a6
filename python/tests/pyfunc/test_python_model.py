"""PythonModels: saved by value, loaded with their artifacts (PYF-005 to PYF-008)."""

from __future__ import annotations

import pickletools
import sys

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import InvalidArgument, InvalidInput, UnsupportedModel, UntrustedModel
from mlmodel.pyfunc import python_model


class AddN(pyfunc.PythonModel):
    def __init__(self, n):
        self.n = n

    def predict(self, context, model_input):
        return model_input.apply(lambda column: column + self.n)


class Reader(pyfunc.PythonModel):
    def load_context(self, context: pyfunc.PythonModelContext):
        with open(context.artifacts["words"]) as file:
            self.words = file.read().split()
        self.scale = context.model_config.get("scale", 1)

    def predict(self, context, model_input, params=None):
        return [len(self.words) * self.scale + (params or {}).get("plus", 0)] * len(model_input)


class WithoutContext(pyfunc.PythonModel):
    def predict(self, model_input):
        return np.asarray(model_input).sum()


class WithoutContextWithParams(pyfunc.PythonModel):
    def predict(self, model_input, params=None):
        return params


FRAME = pd.DataFrame([range(10)])


@pytest.fixture(autouse=True)
def _by_value():
    """The classes of this file are pickled by value, as those of a user's script are."""
    import cloudpickle

    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


def test_the_editions_add_n_example(tmp_path):
    pyfunc.save_model(path=tmp_path / "m", python_model=AddN(n=5))
    output = pyfunc.load_model(tmp_path / "m").predict(FRAME)
    assert output.equals(pd.DataFrame([range(5, 15)]))


def test_artifacts_are_copies(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("one two three")
    pyfunc.save_model(
        tmp_path / "m", python_model=Reader(), artifacts={"words": words}, model_config={"scale": 2}
    )
    words.unlink()
    model = pyfunc.load_model(tmp_path / "m")
    assert model.predict(FRAME) == [6]
    assert model.predict(FRAME, params={"plus": 1}) == [7]


def test_artifact_folders_are_copied_whole(tmp_path):
    class FolderReader(pyfunc.PythonModel):
        def predict(self, context, model_input):
            import os

            return sorted(os.listdir(context.artifacts["folder"]))

    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    pyfunc.save_model(tmp_path / "m", python_model=FolderReader(), artifacts={"folder": folder})
    (folder / "deep").rmdir()
    folder.rmdir()
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == ["deep"]


def test_two_artifacts_of_one_name_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    with pytest.raises(InvalidArgument, match="have the name 'file'"):
        pyfunc.save_model(
            tmp_path / "m",
            python_model=AddN(1),
            artifacts={"x": tmp_path / "a" / "file", "y": tmp_path / "b" / "file"},
        )
    assert not (tmp_path / "m").exists()


def test_both_arities_of_predict(tmp_path):
    """PYF-007."""
    mlmodel.save(WithoutContext(), tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").predict(FRAME) == 45
    mlmodel.save(WithoutContextWithParams(), tmp_path / "p")
    assert mlmodel.load(tmp_path / "p").predict(FRAME, {"a": 1}) == {"a": 1}


def test_params_for_a_model_without_them(tmp_path):
    mlmodel.save(WithoutContext(), tmp_path / "m")
    with pytest.raises(InvalidArgument, match="takes no params, but a were given"):
        mlmodel.load(tmp_path / "m").predict(FRAME, {"a": 1})


def test_data_may_be_called_model_input(tmp_path):
    mlmodel.save(WithoutContext(), tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert model.predict(model_input=FRAME) == 45
    with pytest.raises(InvalidArgument, match="takes the data once"):
        model.predict(FRAME, model_input=FRAME)


def test_the_signature_is_enforced(tmp_path):
    mlmodel.save(AddN(1), tmp_path / "m", example=pd.DataFrame({"a": [1.5]}))
    model = mlmodel.load(tmp_path / "m")
    with pytest.raises(InvalidInput) as caught:
        model.predict(pd.DataFrame({"a": ["text"]}))
    assert caught.value.details[0].column == "a"


def test_the_models_own_exception_propagates(tmp_path):
    class Raises(pyfunc.PythonModel):
        def predict(self, context, model_input):
            raise KeyError("mine")

    mlmodel.save(Raises(), tmp_path / "m")
    with pytest.raises(KeyError, match="mine"):
        mlmodel.load(tmp_path / "m").predict(FRAME)


def test_unwrap_gives_the_users_object(tmp_path):
    mlmodel.save(AddN(7), tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").unwrap_python_model().n == 7


def test_the_pickle_names_the_well_known_base_and_not_us():
    names = [str(arg) for _, arg, _ in pickletools.genops(python_model.dumps(AddN(1)))]
    assert "mlflow.pyfunc.model" in names
    assert not [name for name in names if name.startswith("mlmodel")]


def test_dumping_leaves_no_stand_in_behind():
    python_model.dumps(AddN(1))
    assert not [name for name in sys.modules if name.partition(".")[0] == "mlflow"]
    assert pyfunc.PythonModel.__module__ == "mlmodel.pyfunc.python_model"


def test_a_model_of_somebody_else_is_refused(tmp_path, monkeypatch):
    mlmodel.save(AddN(1), tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another-user"))
    with pytest.raises(UntrustedModel, match="mlmodel trust add"):
        mlmodel.load(tmp_path / "m")
    assert mlmodel.load(tmp_path / "m", trust=True).predict(FRAME).iat[0, 0] == 1


def test_what_cannot_be_pickled_is_said(tmp_path):
    model = AddN(sys.stdout)
    with pytest.raises(InvalidArgument, match="cannot be pickled"):
        mlmodel.save(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "either python_model or loader_module"),
        ({"python_model": AddN(1), "data_path": "x"}, "use artifacts instead"),
        ({"loader_module": "x", "artifacts": {"a": "b"}}, "go with python_model"),
        ({"python_model": AddN}, "an instance of a subclass"),
        ({"python_model": AddN(1), "artifacts": {"a": "nowhere"}}, "is not there: nowhere"),
        ({"loader_module": "x", "data_path": "nowhere"}, "data_path is not there"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, said):
    with pytest.raises(InvalidArgument, match=said):
        pyfunc.save_model(tmp_path / "m", **arguments)
    assert not (tmp_path / "m").exists()


LOADER = """
class Model:
    def __init__(self, path):
        self.offset = float(open(path).read())
    def predict(self, model_input):
        return model_input["a"] + self.offset

def _load_pyfunc(path):
    return Model(path)
"""


def test_the_old_name_of_code_paths_works_and_warns(tmp_path):
    code = tmp_path / "loader_by_its_old_name.py"
    code.write_text(LOADER)
    (tmp_path / "offset").write_text("1")
    arguments = (tmp_path / "m", "loader_by_its_old_name", tmp_path / "offset", [code])
    with pytest.warns(DeprecationWarning, match="code_paths"):
        pyfunc.save_model(*arguments)
    assert list(pyfunc.load_model(tmp_path / "m").predict(pd.DataFrame({"a": [1.0]}))) == [2.0]
    with pytest.raises(InvalidArgument, match="old name"):
        pyfunc.save_model(tmp_path / "n", *arguments[1:], code_paths=[code])


def test_a_loader_module_with_data_and_code(tmp_path):
    """PYF-004."""
    code = tmp_path / "loader_of_this_test.py"
    code.write_text(LOADER)
    (tmp_path / "offset").write_text("2.5")
    pyfunc.save_model(
        tmp_path / "m",
        loader_module="loader_of_this_test",
        data_path=tmp_path / "offset",
        code_paths=[code],
    )
    code.unlink()
    (tmp_path / "offset").unlink()
    model = pyfunc.load_model(tmp_path / "m")
    assert list(model.predict(pd.DataFrame({"a": [1.0]}))) == [3.5]
    with pytest.raises(UnsupportedModel, match="holds no PythonModel"):
        model.unwrap_python_model()


def test_importing_a_models_code_leaves_its_folder_as_it_is(tmp_path):
    package = tmp_path / "code_that_must_stay_clean"
    package.mkdir()
    (package / "__init__.py").write_text("from . import deeper\n")
    (package / "deeper.py").write_text(LOADER)
    (tmp_path / "offset").write_text("1")
    pyfunc.save_model(
        tmp_path / "m",
        loader_module="code_that_must_stay_clean.deeper",
        data_path=tmp_path / "offset",
        code_paths=[package],
    )
    for _ in range(2):
        model = pyfunc.load_model(tmp_path / "m")
        assert list(model.predict(pd.DataFrame({"a": [1.0]}))) == [2.0]
    assert not [p for p in (tmp_path / "m").rglob("*") if p.name == "__pycache__"]


def test_a_loader_module_without_data_is_given_the_folder(tmp_path):
    """PYF-004."""
    (tmp_path / "loader_of_the_folder.py").write_text(
        "class Model:\n    def __init__(self, path): self.path = path\n"
        "    def predict(self, model_input): return self.path\n"
        "def _load_pyfunc(path): return Model(path)\n"
    )
    pyfunc.save_model(
        tmp_path / "m",
        loader_module="loader_of_the_folder",
        code_paths=[tmp_path / "loader_of_the_folder.py"],
    )
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == str(tmp_path / "m")


def test_a_loader_module_of_somebody_else_is_not_imported(tmp_path, monkeypatch):
    code = tmp_path / "loader_that_marks.py"
    code.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n{LOADER}")
    pyfunc.save_model(tmp_path / "m", loader_module="loader_that_marks", code_paths=[code])
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another-user"))
    with pytest.raises(UntrustedModel):
        pyfunc.load_model(tmp_path / "m")
    assert not (tmp_path / "ran").exists()


def test_a_flavor_that_is_not_here_is_named(tmp_path):
    (tmp_path / "MLmodel").write_text(
        "flavors: {python_function: {loader_module: mlflow.nosuchflavor}}\n"
    )
    with pytest.raises(UnsupportedModel, match=r"mlflow\.nosuchflavor"):
        pyfunc.load_model(tmp_path)


def test_dependencies_are_the_requirements_file(tmp_path):
    mlmodel.save(AddN(1), tmp_path / "m", pip_requirements=["a==1"])
    assert pyfunc.get_model_dependencies(tmp_path / "m").read_text() == "a==1\n"


def test_params_that_a_loader_modules_model_does_not_take_are_refused(tmp_path):
    code = tmp_path / "loader_without_params.py"
    code.write_text(LOADER)
    (tmp_path / "offset").write_text("1")
    pyfunc.save_model(
        tmp_path / "m", "loader_without_params", tmp_path / "offset", code_paths=[code]
    )
    with pytest.raises(InvalidArgument, match="takes no params, but a were given"):
        pyfunc.load_model(tmp_path / "m").predict(pd.DataFrame({"a": [1.0]}), {"a": 1})


def test_a_model_from_code_is_said_to_be_unsupported(tmp_path):
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n"
        "    model_code_path: model.py\n"
    )
    (tmp_path / "model.py").touch()
    with pytest.raises(UnsupportedModel, match="model_code_path"):
        pyfunc.load_model(tmp_path, trust=True)
