"""PythonModels: saved by value, loaded with their artifacts (PYF-005 to PYF-008)."""

from __future__ import annotations

import functools
import importlib
import pickletools
import sys
import warnings
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    MissingDependency,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.pyfunc import pickling, python_model


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


class JoinsTexts(pyfunc.PythonModel):
    def predict(self, context, model_input):
        texts = []
        for name in sorted(context.artifacts):
            with open(context.artifacts[name]) as file:
                texts.append(file.read())
        return texts


def test_artifacts_of_one_name_are_kept_apart(tmp_path):
    """PYF-005: two files of one name, from two folders."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    artifacts = {name: tmp_path / name / "file" for name in ("a", "b", "c")}
    pyfunc.save_model(tmp_path / "m", python_model=JoinsTexts(), artifacts=artifacts)
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == ["a", "b", "c"]
    entries = mlmodel.models.Model.load(tmp_path / "m").flavors["python_function"]["artifacts"]
    assert [entry["uri"] for entry in entries.values()] == [str(one) for one in artifacts.values()]


def test_an_artifact_may_be_a_file_uri(tmp_path):
    (tmp_path / "file").write_text("here")
    artifacts = {"x": (tmp_path / "file").as_uri()}
    pyfunc.save_model(tmp_path / "m", python_model=JoinsTexts(), artifacts=artifacts)
    (tmp_path / "file").unlink()
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == ["here"]


def test_an_artifact_may_be_anywhere(tmp_path):
    """EDITIONS row 30, by a URI: the file is copied into the model."""
    memory = pytest.importorskip("fsspec").filesystem("memory")
    memory.pipe("/artifacts_of_this_test/deep/file", b"from afar")
    artifacts = {"x": "memory://artifacts_of_this_test/deep/file"}
    pyfunc.save_model(tmp_path / "m", python_model=JoinsTexts(), artifacts=artifacts)
    memory.rm("/artifacts_of_this_test", recursive=True)
    assert pyfunc.load_model(tmp_path / "m").predict(FRAME) == ["from afar"]
    entry = mlmodel.models.Model.load(tmp_path / "m").flavors["python_function"]["artifacts"]["x"]
    assert entry == {"path": "artifacts/file", "uri": artifacts["x"]}


def decorated(function):
    @functools.wraps(function)
    def call(self, *args, **kwargs):
        return ["decorated", function(self, *args, **kwargs)]

    return call


class Decorated(pyfunc.PythonModel):
    @decorated
    def predict(self, context, model_input):
        return model_input


def test_the_users_own_decorators_stay(tmp_path):
    """PYF-007: what MLflow wraps is unwrapped, and no more."""
    mlmodel.save(Decorated(), tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").predict(1) == ["decorated", 1]

    def wrapper(self, *args, **kwargs):
        raise AssertionError("MLflow's wrapper needs MLflow")

    wrapper._is_pyfunc, wrapper.__wrapped__ = True, Decorated.predict
    wrapped = type("Wrapped", (Decorated,), {"predict": wrapper})()
    context = pyfunc.PythonModelContext()
    assert python_model.predictor(wrapped, context)(1, None) == ["decorated", 1]


def test_both_arities_of_predict(tmp_path):
    """PYF-007."""
    mlmodel.save(WithoutContext(), tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").predict(FRAME) == 45
    mlmodel.save(WithoutContextWithParams(), tmp_path / "p")
    assert mlmodel.load(tmp_path / "p").predict(FRAME, {"a": 1}) == {"a": 1}


def test_params_for_a_model_without_them(tmp_path):
    mlmodel.save(WithoutContext(), tmp_path / "m")
    with pytest.raises(InvalidInput, match="'a' is not taken.*PYF-025|cannot be handed"):
        mlmodel.load(tmp_path / "m").predict(FRAME, {"a": 1})


def test_data_may_be_called_model_input(tmp_path):
    mlmodel.save(WithoutContext(), tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert model.predict(model_input=FRAME) == 45
    with pytest.raises(InvalidArgument, match="the data to predict only once"):
        model.predict(FRAME, model_input=FRAME)


def test_the_signature_is_enforced(tmp_path):
    mlmodel.save(AddN(1), tmp_path / "m", example=pd.DataFrame({"a": [1.5]}))
    model = mlmodel.load(tmp_path / "m")
    with pytest.raises(InvalidInput) as caught:
        model.predict(pd.DataFrame({"a": ["text"]}))
    assert caught.value.details[0].column == "a"


def test_the_models_own_exception_propagates(tmp_path):
    """PYF-020 (EDITIONS row 28)."""

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
    names = [str(arg) for _, arg, _ in pickletools.genops(pickling.dumps(AddN(1)))]
    assert "mlflow.pyfunc.model" in names
    assert not [name for name in names if name.startswith("mlmodel")]


def test_dumping_leaves_no_stand_in_behind():
    pickling.dumps(AddN(1))
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
        ({"python_model": AddN}, "AddN is a class; give an instance"),
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
    with pytest.raises(InvalidInput, match="'a' is not taken.*PYF-025|cannot be handed"):
        pyfunc.load_model(tmp_path / "m").predict(pd.DataFrame({"a": [1.0]}), {"a": 1})


@pytest.mark.parametrize("kind", ["class", "function", "estimator", "pipeline"])
def test_a_declared_default_that_the_model_cannot_take_is_left_out(tmp_path, kind):
    """PYF-025: the model is scored; another value is the caller's, who is told."""
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    signature = mlmodel.models.infer_signature(frame, params={"top": 3, "at": [1, 2]})
    if kind in {"class", "function"}:
        model = AddN(1) if kind == "class" else (lambda model_input: model_input + 1)
    else:
        linear = pytest.importorskip("sklearn.linear_model").LinearRegression()
        made = pytest.importorskip("sklearn.pipeline").make_pipeline(linear)
        model = (linear if kind == "estimator" else made).fit(frame, [2.0, 3.0])
    with pytest.warns(UserWarning, match=r"'top', 'at'; their defaults are left out.*PYF-025"):
        mlmodel.save(model, tmp_path / "m", signature=signature)
    loaded = mlmodel.load(tmp_path / "m")
    for params in (None, {}, {"top": 3}, {"at": [1, 2]}):
        assert np.ravel(loaded.predict(frame, params)).round(6).tolist() == [2.0, 3.0]
    with pytest.raises(InvalidInput) as caught:
        loaded.predict(frame, {"top": 4, "at": [1, 2]})
    assert [(one.rule, one.column) for one in caught.value.details] == [("PYF-025", "top")]


def test_what_the_model_takes_is_handed_on_beside(tmp_path):
    """PYF-025."""
    process = pytest.importorskip("sklearn.gaussian_process").GaussianProcessRegressor()
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    process.fit(frame, [2.0, 3.0])
    signature = mlmodel.models.infer_signature(frame, params={"return_std": True, "other": 1})
    with pytest.warns(UserWarning, match=r"'other'; .*PYF-025"):
        mlmodel.save(process, tmp_path / "m", signature=signature)
    assert len(mlmodel.load(tmp_path / "m").predict(frame)) == 2  # mean and deviation
    model = mlmodel.models.Model.load(tmp_path / "m")
    model.document.pop("signature")
    model.save(tmp_path / "m" / "MLmodel")
    bare = mlmodel.load(tmp_path / "m", trust=True)
    assert len(bare.predict(frame, {"return_std": True})) == 2
    with pytest.raises(InvalidInput, match="PYF-025|break the rules"):
        bare.predict(frame, {"other": 1})


class Anything(pyfunc.PythonModel):
    def predict(self, *args, **kwargs):
        return len(args), kwargs


class OtherNames(pyfunc.PythonModel):
    def predict(self, ctx, rows):
        return type(ctx).__name__, rows


class ParamsNeeded(pyfunc.PythonModel):
    def predict(self, model_input, params):
        return params


class ContextAsKeyword(pyfunc.PythonModel):
    def predict(self, context=None, model_input=None):
        return context is not None, model_input


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        (Anything(), (2, {"params": None})),
        (OtherNames(), ("PythonModelContext", 7)),
        (ParamsNeeded(), None),
        (ContextAsKeyword(), (True, 7)),
    ],
)
def test_unusual_arguments_of_predict(tmp_path, model, answer):
    """PYF-007."""
    mlmodel.save(model, tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").predict(7) == answer


def test_none_is_data_too(tmp_path):
    """PYF-020: without a signature the model gets what was given."""
    mlmodel.save(OtherNames(), tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert model.predict(None) == ("PythonModelContext", None)
    given = {"any": [object]}
    assert model.predict(given)[1] is given
    with pytest.raises(InvalidArgument, match="Give the data to predict, such as"):
        model.predict()
    with pytest.raises(InvalidArgument, match="the data to predict only once"):
        model.predict(1, model_input=1)


class Counts(pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return list(self.predict_stream(context, model_input, params))

    def predict_stream(self, context, model_input, params=None):
        for n in range(3):
            yield f"{list(model_input['a'])}{n}{params}"


def test_a_model_predicts_in_parts(tmp_path):
    """PYF-015."""
    mlmodel.save(Counts(), tmp_path / "m", example=pd.DataFrame({"a": [1.5]}))
    model = mlmodel.load(tmp_path / "m")
    assert model.metadata.flavors["python_function"]["streamable"] is True
    parts = model.predict_stream(pd.DataFrame({"a": [1.0]}))
    assert next(parts) == "[1.0]0None"
    assert list(parts) == ["[1.0]1None", "[1.0]2None"]
    assert model.predict(pd.DataFrame({"a": [1.0]}))[0] == "[1.0]0None"
    with pytest.raises(InvalidInput):
        model.predict_stream(pd.DataFrame({"a": ["text"]}))


class Otherwise(pyfunc.PythonModel):
    def predict(self, context, model_input):
        return 1

    def tokens(self, context, model_input, params=None):
        yield from ("one", model_input)


def _with_stream_fn(path, name):
    model = mlmodel.models.Model.load(path)
    model.flavors["python_function"]["predict_stream_fn"] = name
    model.save(path / "MLmodel")
    assert mlmodel.validate(path).violations == ()
    return pyfunc.load_model(path, trust=True)


def test_the_file_says_which_method_predicts_in_parts(tmp_path):
    """PYF-024."""
    mlmodel.save(Otherwise(), tmp_path / "m")
    assert list(_with_stream_fn(tmp_path / "m", "tokens").predict_stream(2)) == ["one", 2]
    with pytest.raises(UnsupportedModel, match="has no others; .*PYF-015"):
        _with_stream_fn(tmp_path / "m", "others").predict_stream(2)
    mlmodel.save(Counts(), tmp_path / "c", example=pd.DataFrame({"a": [1.5]}))
    model = _with_stream_fn(tmp_path / "c", "predict_stream")
    assert len(list(model.predict_stream(pd.DataFrame({"a": [1.0]})))) == 3
    (tmp_path / "loader_of_parts.py").write_text(
        "class Model:\n    def predict(self, data): return 0\n"
        "    def tokens(self, data): yield data\n"
        "def _load_pyfunc(path): return Model()\n"
    )
    pyfunc.save_model(
        tmp_path / "l", "loader_of_parts", code_paths=[tmp_path / "loader_of_parts.py"]
    )
    assert list(_with_stream_fn(tmp_path / "l", "tokens").predict_stream(5)) == [5]


def test_a_model_in_one_piece_has_no_parts(tmp_path):
    """PYF-015."""
    mlmodel.save(AddN(1), tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert model.metadata.flavors["python_function"]["streamable"] is False
    with pytest.raises(UnsupportedModel, match="PYF-015"):
        model.predict_stream(FRAME)
    with pytest.raises(UnsupportedModel, match="PYF-015"):
        AddN(1).predict_stream(None, FRAME)


def test_a_function_is_a_model(tmp_path):
    """PYF-014."""
    offset = 3
    mlmodel.save(lambda model_input: model_input["a"] + offset, tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    assert list(model.predict(pd.DataFrame({"a": [1.0]}))) == [4.0]
    with pytest.raises(InvalidInput, match="'a' is not taken.*PYF-025|cannot be handed"):
        model.predict(pd.DataFrame({"a": [1.0]}), {"a": 1})

    def with_params(x, params=None):
        return params

    pyfunc.save_model(tmp_path / "p", python_model=with_params)
    assert pyfunc.load_model(tmp_path / "p").predict(1, {"a": 1}) == {"a": 1}


def test_functions_of_more_than_the_data_are_refused(tmp_path):
    """PYF-014."""

    def two(context, model_input):
        return 1

    for function in (two, lambda: 1):
        with pytest.raises(InvalidArgument, match="takes one argument.*PYF-014"):
            pyfunc.save_model(tmp_path / "m", python_model=function)
    assert not (tmp_path / "m").exists()


def test_configuration_is_kept_and_overridden(tmp_path):
    """PYF-012."""
    words = tmp_path / "words.txt"
    words.write_text("one two three")
    (tmp_path / "config.yaml").write_text("scale: 2\nother: [1]\n")
    pyfunc.save_model(
        tmp_path / "m", python_model=Reader(), artifacts={"words": words},
        model_config=tmp_path / "config.yaml",
    )  # fmt: skip
    model = pyfunc.load_model(tmp_path / "m")
    assert model.model_config == {"scale": 2, "other": [1]}
    assert model.predict(FRAME) == [6]
    assert pyfunc.load_model(tmp_path / "m", model_config={"scale": 5}).predict(FRAME) == [15]
    (tmp_path / "config.yaml").write_text("scale: 7\n")
    again = pyfunc.load_model(tmp_path / "m", model_config=str(tmp_path / "config.yaml"))
    assert again.model_config == {"scale": 7, "other": [1]}
    with pytest.warns(UserWarning, match=r"without the key 'new'.*PYF-012"):
        model = pyfunc.load_model(tmp_path / "m", model_config={"new": 1})
    assert model.model_config == {"scale": 2, "other": [1]}


@pytest.mark.parametrize("text", ["- 1\n", "a: [\n", "1: 2\n", None])
def test_what_is_no_configuration_is_refused(tmp_path, text):
    """PYF-012."""
    if text is not None:
        (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(InvalidArgument, match="PYF-012"):
        pyfunc.save_model(
            tmp_path / "m", python_model=AddN(1), model_config=tmp_path / "config.yaml"
        )


def test_resources_and_policy_are_keys(tmp_path):
    policy = {"system_auth_policy": {"resources": {}}}
    pyfunc.save_model(tmp_path / "m", python_model=AddN(1), auth_policy=policy, metadata={"a": 1})
    metadata = pyfunc.load_model(tmp_path / "m").metadata
    assert (metadata.auth_policy, metadata.metadata) == (policy, {"a": 1})


def test_a_copy_is_loaded_where_it_is_asked_for(tmp_path):
    mlmodel.save(AddN(1), tmp_path / "m")
    (tmp_path / "copies").mkdir()
    model = pyfunc.load_model(tmp_path / "m", dst_path=tmp_path / "copies")
    assert model.predict(FRAME).iat[0, 0] == 1
    assert (tmp_path / "copies" / "m" / "MLmodel").is_file()


def test_a_class_of_a_module_is_warned_of(tmp_path, monkeypatch):
    """PYF-016."""
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "module_beside_the_script.py"
    file.write_text(
        "from mlmodel.pyfunc import PythonModel\n"
        "class Model(PythonModel):\n    def predict(self, model_input): return 1\n"
        "def function(model_input): return 2\n"
    )
    import module_beside_the_script as module

    for number, given in enumerate((module.Model(), module.function)):
        with pytest.warns(UserWarning, match=r"module_beside_the_script.*code_paths.*PYF-016"):
            mlmodel.save(given, tmp_path / f"warned{number}")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            mlmodel.save(given, tmp_path / f"quiet{number}", code_paths=[file])


def test_classes_that_travel_by_value_are_not_warned_of(tmp_path):
    """PYF-016."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlmodel.save(AddN(1), tmp_path / "m")


class Failing(pyfunc.PythonModel):
    def predict(self, model_input):
        raise ValueError("it cannot")


class Misspelt(pyfunc.PythonModel):
    def predcit(self, model_input):
        return model_input


class Nothing(pyfunc.PythonModel):
    def load_context(self, context):
        pass


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Misspelt, "Misspelt defines no method predict.* is its method 'predcit' meant"),
        (Nothing, "Nothing defines no method predict.* define predict"),
        (pyfunc.PythonModel, "PythonModel defines no method predict"),
    ],
)
def test_a_model_without_predict_is_refused_when_it_is_saved(tmp_path, kind, said):
    """PYF-007, PYF-042."""
    for save in (
        lambda: pyfunc.save_model(tmp_path / "m", python_model=kind()),
        lambda: mlmodel.save(kind(), tmp_path / "m"),
        lambda: mlmodel.models.set_model(kind()),
    ):
        with pytest.raises(InvalidArgument, match=f"{said}.*PYF-007"):
            save()
    assert not (tmp_path / "m").exists()


def test_artifacts_are_named(tmp_path):
    """PYF-005."""
    with pytest.raises(InvalidArgument, match="artifacts is a mapping of names to paths"):
        pyfunc.save_model(tmp_path / "m", python_model=Failing(), artifacts=["a.txt"])


class ByName(pyfunc.PythonModel):
    def predict(self, model_input):
        found = importlib.import_module("mlflow.pyfunc")
        again = import_module("mlflow.pyfunc.model")
        assert importlib.import_module("json").dumps([1]) == "[1]"
        return [found.PythonModel.__name__, again.PythonModel.__name__]


class ByNameInside(pyfunc.PythonModel):
    def predict(self, model_input):
        import importlib as late
        from importlib import import_module as imported

        return [
            late.import_module("mlflow.pyfunc").PythonModel.__name__,
            imported(".model", "mlflow.pyfunc").PythonModel.__name__,
        ]


class ByNameAbsent(pyfunc.PythonModel):
    def predict(self, model_input):
        return importlib.import_module("mlflow.no_such_part")


def test_names_of_mlflow_are_imported_by_name(tmp_path):
    """PYF-011."""
    for place, kind in enumerate((ByName, ByNameInside)):
        mlmodel.save(kind(), tmp_path / f"m{place}")
        model = mlmodel.load(tmp_path / f"m{place}", trust=True)
        assert model.predict([1]) == ["PythonModel", "PythonModel"]
    mlmodel.save(ByNameAbsent(), tmp_path / "absent")
    with pytest.raises(MissingDependency, match="no_such_part.*PYF-011"):
        mlmodel.load(tmp_path / "absent", trust=True).predict([1])


def test_a_warning_stands_at_the_line_that_saves(tmp_path):
    """However many calls lie between: an old name, the short way."""
    frame = pd.DataFrame({"a": [1.0]})
    model = Failing()
    for save in (
        lambda path: pyfunc.save_model(path, python_model=model, input_example=frame),
        lambda path: mlmodel.save(model, path, example=frame),
    ):
        with pytest.warns(UserWarning, match="could not score its input_example") as caught:
            save(tmp_path / f"{id(save)}")
        assert {one.filename for one in caught} == {__file__}


def test_a_function_that_does_not_say_what_it_takes(tmp_path):
    """PYF-014."""
    with pytest.raises(InvalidArgument, match=r"max.*PYF-014"):
        pyfunc.save_model(tmp_path / "m", python_model=max)


def test_a_model_that_cannot_be_loaded_is_not_warned_of(tmp_path):
    """ENV-017: what differs is no matter where there is no python_function."""
    (tmp_path / "requirements.txt").write_text("no-such-distribution==1\n")
    mlmodel.models.Model(flavors={"mine": {}}).save(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnsupportedModel, match="no python_function"):
            pyfunc.load_model(tmp_path)
