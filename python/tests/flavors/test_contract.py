"""What all flavors share, and flavors of one's own (PYF-018, PYF-019, PYF-022, PYF-023)."""

from __future__ import annotations

import importlib
import inspect
import json
import pickle
import pydoc
import re
import subprocess
import sys
import textwrap
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel import flavors, pyfunc
from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.flavors import _registry
from mlmodel.flavors._shared import load_flavor
from mlmodel.models import Model, infer_signature
from mlmodel.pyfunc.served import load_served, why_alone
from mlmodel.store import saving

FRAME = pd.DataFrame({"a": [1.0, 2.0]})
OURS = sorted(_registry.all_flavors())
SCHEMAS = Path(__file__).resolve().parents[3] / "schemas" / "v1" / "flavors"


@pytest.mark.parametrize("name", OURS)
def test_every_save_model_takes_the_shared_keywords_from_one_place(name):
    """PYF-019 (EDITIONS row 23)."""
    module = importlib.import_module(f"mlmodel.{name}")
    parameters = inspect.signature(module.save_model).parameters
    shared = [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
    assert "SaveOptions" in str(shared[0].annotation)
    assert not parameters.keys() & saving.SaveOptions.__annotations__.keys()


@pytest.mark.parametrize("name", OURS)
def test_every_load_model_takes_the_same_arguments(name):
    """PYF-019: MLflow's first, ours by keyword."""
    parameters = inspect.signature(importlib.import_module(f"mlmodel.{name}").load_model).parameters
    assert list(parameters) == ["model_uri", "dst_path", "trust", "allow"]
    assert [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY] == ["trust", "allow"]


#: Flavor -> the name that MLflow 1.28, 2 and 3 have for the model in `save_model`; of those that
#: no MLflow has, ours. Where the name changed, it is that of today.
FIRST = {
    "catboost": "cb_model", "crate": "crate", "diviner": "diviner_model",
    "fastai": "fastai_learner", "gluon": "gluon_model", "h2o": "h2o_model", "keras": "model",
    "lightgbm": "lgb_model", "mleap": "spark_model", "onnx": "onnx_model",
    "pmdarima": "pmdarima_model", "prophet": "pr_model", "pytorch": "pytorch_model",
    "sentence_transformers": "model", "sklearn": "sk_model", "spacy": "spacy_model",
    "spark": "spark_model", "statsmodels": "statsmodels_model", "tensorflow": "model",
    "transformers": "transformers_model", "vizmod": "model", "xgboost": "xgb_model",
}  # fmt: skip
#: Those of MLflow 1.28 that changed.
EARLIER = {"keras": "keras_model", "tensorflow": "tf_saved_model_dir"}


def test_every_flavor_has_a_name_for_the_model():
    assert sorted(FIRST) == OURS


@pytest.mark.parametrize("name", OURS)
def test_the_model_comes_first_under_mlflows_name(name, tmp_path):
    """PYF-019 (EDITIONS row 38): by position and by name it is one argument."""
    save_model = importlib.import_module(f"mlmodel.{name}").save_model
    first, second, *others = inspect.signature(save_model).parameters.values()
    assert (first.name, second.name) == (FIRST[name], "path")
    assert {first.kind, second.kind} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert all(p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in others)
    by_name = {FIRST[name]: object(), "path": tmp_path / "m"}
    for given, named in ((tuple(by_name.values()), {}), ((), by_name)):
        with pytest.raises(InvalidArgument, match=f"^The {name} flavor saves .*builtins.object"):
            save_model(*given, **named)


@pytest.mark.parametrize(("name", "earlier"), EARLIER.items())
def test_an_earlier_name_of_the_model_works_and_warns_once(name, earlier, tmp_path):
    """PYF-019 (EDITIONS row 38)."""
    save_model = importlib.import_module(f"mlmodel.{name}").save_model
    given = {earlier: object(), "path": tmp_path / "m"}
    said = f"^{earlier} of save_model is now called {FIRST[name]}$"
    with pytest.warns(DeprecationWarning, match=said), pytest.raises(InvalidArgument, match="sav"):
        save_model(**given)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidArgument, match=r"saves .*, not builtins\.object"):
            save_model(**given)
    with pytest.raises(InvalidArgument, match=f"{earlier} is the old name of {FIRST[name]}"):
        save_model(**given, **{FIRST[name]: object()})


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("function", ["save_model", "load_model"])
def test_the_public_functions_are_those_of_their_module(name, function):
    """PYF-019: to ``help``, to pickles, and to who reads their arguments."""
    module = importlib.import_module(f"mlmodel.{name}")
    public = getattr(module, function)
    assert (public.__module__, public.__qualname__) == (module.__name__, function)
    assert pickle.loads(pickle.dumps(public)) is public
    described = inspect.getdoc(public)
    for parameter in inspect.signature(public).parameters:
        assert re.search(rf"^ +[*]*{parameter}: \S", described, re.MULTILINE), parameter
    assert re.search(r"^Args:.*^Raises:\n    \w+: \S", described, re.MULTILINE | re.DOTALL)
    shown = pydoc.render_doc(public, renderer=pydoc.plaintext)
    assert f"{function}{inspect.signature(public)}" in re.sub(r"\s+", " ", shown).replace("( ", "(")


@pytest.mark.parametrize("name", OURS)
def test_a_flavor_has_its_arguments_and_defaults_from_its_save_model(name):
    module = importlib.import_module(f"mlmodel.{name}")
    parameters = list(inspect.signature(module.save_model).parameters.values())
    assert [p.name for p in (parameters[1], parameters[-1])] == ["path", "shared"]
    assert module.FLAVOR.save_defaults == {p.name: p.default for p in parameters[2:-1]}


@pytest.mark.parametrize("name", OURS)
def test_another_model_is_refused_with_what_is_saved(name, tmp_path):
    """Whether the library is installed or not; and nothing is written."""
    flavor = _registry.all_flavors()[name]
    assert flavor.takes
    said = rf"^The {name} flavor saves {re.escape(flavor.takes)}, not builtins\.object(?!\w)"
    with pytest.raises(InvalidArgument, match=said) as caught:
        importlib.import_module(f"mlmodel.{name}").save_model(object(), tmp_path / "m")
    assert (f"({flavor.takes_rule})" in caught.value.message) is bool(flavor.takes_rule)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "keywords", "said"),
    [
        ((), {}, "missing 2 required positional arguments: 'sk_model' and 'path'"),
        ((1,), {}, "missing 1 required positional argument: 'path'"),
        ((1, "m", "pickle"), {}, "takes 2 positional arguments but 3 were given"),
        ((1, "m"), {"path": "n"}, "multiple values for argument 'path'"),
    ],
)
def test_a_wrong_call_is_told_as_python_does(arguments, keywords, said):
    with pytest.raises(TypeError, match=said):
        mlmodel.sklearn.save_model(*arguments, **keywords)


def test_every_argument_may_be_named(tmp_path):
    model = LinearRegression().fit(FRAME, [1.0, 2.0])
    mlmodel.sklearn.save_model(path=tmp_path / "m", sk_model=model, serialization_format="pickle")
    assert Model.load(tmp_path / "m").flavors["sklearn"]["serialization_format"] == "pickle"
    with pytest.raises(InvalidArgument, match="has no argument 'serialisation_format'"):
        mlmodel.sklearn.save_model(model, tmp_path / "n", serialisation_format="pickle")


def test_a_native_model_is_loaded_from_a_copy_where_asked(tmp_path):
    model = LinearRegression().fit(FRAME, [1.0, 2.0])
    mlmodel.sklearn.save_model(model, tmp_path / "m")
    (tmp_path / "copies").mkdir()
    assert mlmodel.sklearn.load_model(str(tmp_path / "m"), tmp_path / "copies").coef_.shape == (1,)
    assert (tmp_path / "copies" / "m" / "MLmodel").is_file()


def test_pyfunc_takes_the_shared_keywords_too():
    """PYF-019: some of them by position, as in the editions."""
    parameters = inspect.signature(pyfunc.save_model).parameters
    others = [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
    assert "KeywordOptions" in str(others[0].annotation)
    by_position = saving.SaveOptions.__annotations__.keys() - saving.KeywordOptions.__annotations__
    assert by_position == parameters.keys() & saving.SaveOptions.__annotations__.keys()


@pytest.mark.parametrize("name", OURS)
def test_every_flavor_says_the_signatures_that_it_takes(name):
    """PYF-018 (EDITIONS row 14): all take columns."""
    kinds = _registry.all_flavors()[name].signature_kinds
    assert "columns" in kinds
    assert kinds <= {"columns", "tensors"}


def test_native_loading_wraps_and_enforces_nothing(tmp_path):
    """PYF-023 (EDITIONS row 15)."""
    model = LinearRegression().fit(FRAME, [1.0, 2.0])
    mlmodel.sklearn.save_model(model, tmp_path / "m", input_example=FRAME)
    native = mlmodel.sklearn.load_model(tmp_path / "m")
    assert type(native) is LinearRegression
    # The signature declares a column of doubles; the library takes integers without names.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's own, of names
        assert native.predict(np.array([[3]])).shape == (1,)
    with pytest.raises(mlmodel.errors.InvalidInput):
        mlmodel.load(tmp_path / "m").predict(pd.DataFrame({"a": [3]}))


class Constant:
    """A model of a library of one's own."""

    def __init__(self, value):
        self.value = value


class ConstantFlavor(flavors.Flavor):
    name = "constant"
    loader_module = "constants.mlmodel"
    extra = ()

    def detects(self, model):
        return isinstance(model, Constant)

    def save(self, model, root, options):
        (root / "value.json").write_text(json.dumps(model.value))
        return flavors.Saved({"file": "value.json"}, {"model_path": "value.json"}, ["pandas"])

    def load(self, folder, attributes):
        file = folder.model_path(attributes, key="file", default="value.json")
        return Constant(json.loads(folder.file(file).read_text()))

    def predictor(self, model, attributes):
        return lambda model_input, params: [model.value] * len(model_input)


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(_registry, "REGISTERED", {})
    flavors.register(ConstantFlavor())


@pytest.mark.usefixtures("registered")
def test_a_flavor_of_ones_own_saves_and_loads(tmp_path):
    """PYF-022."""
    mlmodel.save(Constant(7), tmp_path / "m", example=FRAME)
    model = mlmodel.load(tmp_path / "m")
    assert model.predict(FRAME) == [7, 7]
    assert list(model.metadata.flavors) == ["constant", "python_function"]
    assert model.signature.inputs.input_names() == ["a"]
    assert mlmodel.validate(tmp_path / "m").valid
    native = load_flavor(_registry.flavor_by_name("constant"), tmp_path / "m")
    assert native.value == 7


@pytest.mark.parametrize("name", OURS)
def test_a_version_is_that_of_the_keys_that_the_flavor_names(name):
    """ENV-021, MLM-011: whatever other keys stand there, and in whatever order."""
    flavor = _registry.flavor_by_name(name)
    assert flavor.versions or flavor.programs
    assert set(flavor.versions.values()) <= set(flavor.packages)
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    assert flavor.versions.keys() <= schema["properties"].keys()
    own = dict.fromkeys(flavor.versions, 1.5)
    others = {"model_version": 3, "opset_version": 17, "python_version": "3.6"}
    named = [flavor.installed(name) for name in flavor.versions.values()]
    assert flavor.recorded({**others, **own}) == dict.fromkeys(named, "1.5")
    assert flavor.recorded(others | dict.fromkeys(own)) == {}


@pytest.mark.parametrize(("ranks", "served"), [((2, 1), "second"), ((1, 2), "first")])
def test_without_python_function_a_model_is_served_by_the_flavor_of_the_lowest_rank(
    ranks, served, tmp_path, monkeypatch
):
    """RST-087 (EDITIONS row 40): where this version has one that serves; the others do not."""
    named = dict(zip(("first", "second"), ranks, strict=True))
    made = [
        type(name, (ConstantFlavor,), {"name": name, "served": named[name]})() for name in named
    ]
    known = {flavor.name: flavor for flavor in [ConstantFlavor(), *made]}
    monkeypatch.setattr(_registry, "all_flavors", lambda: known)
    folder = tmp_path / "m"
    folder.mkdir()
    flavors_of = "".join(f"  {name}: {{file: {name}.json}}\n" for name in known)
    (folder / "MLmodel").write_text(f"flavors:\n{flavors_of}")
    for place, name in enumerate(known):
        (folder / f"{name}.json").write_text(str(place))
    place = list(known).index(served)
    assert load_served(folder).predict(FRAME) == [place, place]
    (folder / "MLmodel").write_text("flavors: {constant: {}}\n")
    with pytest.raises(UnsupportedModel, match="has constant, and none of these.*RST-087"):
        load_served(folder)


@pytest.mark.usefixtures("registered")
def test_a_name_of_ours_is_not_taken():
    """PYF-022."""

    class Sklearn(ConstantFlavor):
        name = "sklearn"

    with pytest.raises(InvalidArgument, match="'sklearn'"):
        flavors.register(Sklearn())


@pytest.mark.parametrize("given", [ConstantFlavor, object(), None, "constant"])
def test_what_is_no_flavor_is_not_registered(given):
    """PYF-022."""
    with pytest.raises(InvalidArgument, match=r"instance of a subclass of .*Flavor.*PYF-022"):
        flavors.register(given)


@pytest.mark.usefixtures("registered")
def test_a_flavor_without_a_name_is_not_registered():
    """PYF-022."""

    class Nameless(ConstantFlavor):
        name = None

    with pytest.raises(InvalidArgument, match="has a name"):
        flavors.register(Nameless())


@pytest.mark.usefixtures("registered")
def test_registered_flavors_are_among_those_that_are_named(tmp_path):
    with pytest.raises(InvalidArgument, match=f"the flavors are {', '.join(OURS)}, constant"):
        mlmodel.save(object(), tmp_path / "m")


@pytest.mark.parametrize("save", [mlmodel.save, mlmodel.sklearn.save_model])
def test_a_class_is_no_model(save, tmp_path):
    """PYF-014."""
    with pytest.raises(InvalidArgument, match=r"LinearRegression is a class; give an instance: L"):
        save(LinearRegression, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_the_example_of_an_own_flavor(tmp_path, monkeypatch):
    """PYF-022, ENV-013: it works as it is written, without a warning."""
    monkeypatch.setattr(_registry, "REGISTERED", {})
    monkeypatch.setenv("MLMODEL_INFER_REQUIREMENTS", "true")
    monkeypatch.chdir(tmp_path)
    example = inspect.getdoc(flavors.register).partition("::\n")[2].partition("\nRaises:")[0]
    names = {"__name__": "an_example"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(textwrap.dedent(example), names)
    assert mlmodel.load("box").predict([[1.0], [2.0]]) == [7, 7]
    assert load_flavor(_registry.flavor_by_name("box"), "box").value == 7
    assert mlmodel.validate("box").valid


@pytest.mark.usefixtures("registered")
def test_a_signature_of_another_kind_is_warned_of(tmp_path):
    """PYF-018."""
    with pytest.warns(UserWarning, match=r"declares tensors, but the constant .*PYF-018"):
        mlmodel.save(Constant(1), tmp_path / "t", example=np.zeros((2, 3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlmodel.save(Constant(1), tmp_path / "c", example=FRAME)
        outputs = infer_signature(FRAME, np.zeros(2))
        mlmodel.save(Constant(1), tmp_path / "o", signature=outputs)


@pytest.mark.thorough
def test_an_installed_flavor_is_found_by_its_entry_point(tmp_path):
    """PYF-022."""
    (tmp_path / "constants.py").write_text(
        textwrap.dedent(
            """
            from mlmodel.flavors import Flavor, Saved
            class Constant(int): pass
            class ConstantFlavor(Flavor):
                name, loader_module, extra = "constant", "constants.mlmodel", ()
                def detects(self, model): return isinstance(model, Constant)
                def save(self, model, root, options):
                    (root / "value").write_text(str(int(model)))
                    return Saved({}, {"model_path": "value"})
                def load(self, folder, attributes):
                    return Constant(folder.file("value").read_text())
                def predictor(self, model, attributes):
                    return lambda model_input, params: int(model)
            FLAVOR = ConstantFlavor()
            """
        )
    )
    info = tmp_path / "constants-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: constants\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mlmodel.flavors]\nconstant = constants:FLAVOR\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import mlmodel; from constants import Constant\n"
        "mlmodel.save(Constant(7), sys.argv[1] + '/m')\n"
        "print(mlmodel.load(sys.argv[1] + '/m').predict(1))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "7\n", done.stderr


@pytest.mark.slow
def test_a_broken_installed_flavor_takes_no_other_along(tmp_path):
    """PYF-022, and nothing installed runs before a flavor is looked for."""
    (tmp_path / "broken.py").write_text("print('run')\nimport no_such_module_at_all\n")
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mlmodel.flavors]\none = broken:F\ntwo = os:path\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import mlmodel.sklearn; from sklearn.linear_model import LinearRegression\n"
        "path, model = sys.argv[1] + '/m', LinearRegression().fit([[1.0]], [1.0])\n"
        "mlmodel.sklearn.save_model(model, path)\n"
        "print(mlmodel.validate(path).valid, mlmodel.load(path).loader_module)\n"
        "mlmodel.save(model, path + '2')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "True mlflow.sklearn\nrun\n", done.stderr
    assert done.stderr.count("PYF-022") == 2
    assert "'one', installed as broken:F, is ignored: ModuleNotFoundError" in done.stderr


#: A custom flavor as the editions tell it: a module with save_model, load_model, _load_pyfunc.
CUSTOM = """
import json, os
from mlmodel import pyfunc
from mlmodel.models import Model

def save_model(model, path, mlflow_model=None, **attributes):
    os.makedirs(path)
    with open(os.path.join(path, "model.json"), "w") as file:
        json.dump(model, file)
    mlflow_model = mlflow_model or Model()
    mlflow_model.add_flavor("custom_of_this_test", data="model.json", **attributes)
    pyfunc.add_to_model(mlflow_model, loader_module="custom_of_this_test", data="model.json")
    mlflow_model.save(os.path.join(path, "MLmodel"))

def load_model(model_uri):
    attributes = Model.load(model_uri).flavors["custom_of_this_test"]
    with open(os.path.join(model_uri, attributes["data"])) as file:
        return json.load(file)

class Wrapper:
    def __init__(self, path):
        with open(path) as file:
            self.value = json.load(file)
    def predict(self, model_input):
        return [self.value] * len(model_input)

def _load_pyfunc(path):
    return Wrapper(path)
"""


def test_a_custom_flavor_as_the_editions_tell_it(tmp_path, monkeypatch):
    """L-lines 1378 to 1408, E-lines 322 to 340."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "custom_of_this_test.py").write_text(CUSTOM)
    custom = importlib.import_module("custom_of_this_test")
    path = str(tmp_path / "m")
    custom.save_model(7, path, style="vegalite")
    assert custom.load_model(path) == 7
    assert mlmodel.validate(path).valid
    # Who wrote the folder by other means than ours has to vouch for it.
    assert pyfunc.load_model(path, trust=True).predict(FRAME) == [7, 7]
    model = Model.load(path)
    assert model.flavors["custom_of_this_test"] == {"data": "model.json", "style": "vegalite"}
    assert set(model.flavors["python_function"]) == {"data", "loader_module", "python_version"}
    del sys.modules["custom_of_this_test"]


def test_all_that_python_function_can_say():
    model = pyfunc.add_to_model(
        Model(), "l", "d", "c", "conda.yaml", "python_env.yaml", {"a": 1}, "m.py", mine=2
    )
    attributes = model.flavors["python_function"]
    assert attributes.pop("python_version")
    assert attributes == {
        "loader_module": "l", "data": "d", "code": "c", "config": {"a": 1},
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        "model_code_path": "m.py", "mine": 2,
    }  # fmt: skip


def test_an_early_name_of_a_flavor_is_in_its_schema():
    """PYF-045: what reads a file without the flavor's module knows it, too."""
    for name in OURS:
        schema = json.loads((SCHEMAS / f"{name}.json").read_text())
        assert tuple(schema.get("x-names", ())) == _registry.flavor_by_name(name).other_names


def test_what_keeps_other_libraries_back_is_not_in_all():
    requirements = tomllib.loads((SCHEMAS.parents[2] / "python" / "pyproject.toml").read_text())
    extras = requirements["project"]["optional-dependencies"]
    every = set(re.findall(r"\w+", extras["all"][0]))
    apart = {name for name in OURS if not _registry.flavor_by_name(name).in_all}
    assert apart
    assert apart <= extras.keys()
    assert every & {*OURS} == {*OURS} - apart


@pytest.mark.parametrize("name", OURS)
def test_who_is_never_row_wise(name):
    """RST-170: by what loads the model, and not by a key that stands beside it."""
    is_never = name in {"prophet", "pmdarima", "diviner", "vizmod"}
    loader = _registry.all_flavors()[name].loader_module
    own = {"python_function": {"loader_module": loader}}
    assert bool(why_alone(Model(flavors=own))) == is_never
    beside = {name: {}, "python_function": {"loader_module": "mlflow.pyfunc.model"}}
    assert why_alone(Model(flavors=beside)) == ""
