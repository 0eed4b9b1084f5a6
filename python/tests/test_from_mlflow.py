"""The page for MLflow's users, the names that it promises, and those that are not here."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import mlmodel
import mlmodel.flavors
from mlmodel import _absent, errors, exceptions, models, pyfunc, types
from mlmodel.errors import InvalidArgument, MissingDependency, ModelNotFound, UnsupportedModel
from specimens import specimen

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-mlflow.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = [line.split(" | ") for line in TEXT.splitlines() if line.startswith("| `mlflow")]
NAMES = sorted({name for row in ROWS for name in re.findall(r"`(mlmodel\.[\w.]+)`", row[1])})
FLAVORS = sorted(
    module.name
    for module in pkgutil.iter_modules(mlmodel.flavors.__path__)
    if not module.name.startswith("_")
)


def resolve(name: str) -> object:
    """Return what a dotted name is, importing the modules on the way."""
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def test_the_page_has_names() -> None:
    assert len(ROWS) > 20
    assert "mlmodel.models.set_signature" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_page_is_there(name: str) -> None:
    found = resolve(name)
    assert found is not None
    if inspect.isfunction(found) or inspect.isclass(found):
        assert inspect.getdoc(found)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_links_lead_somewhere(link: str) -> None:
    assert (PAGE.parent / link).resolve().is_file()


def test_rules_of_the_page_stand_where_it_links_to() -> None:
    for rule, link in re.findall(r"\[([A-Z]+-\d+)\]\(([^)]+)\)", TEXT):
        assert f"**{rule}**" in (PAGE.parent / link).read_text(encoding="utf-8")


# -- names that are not here


ABSENT = {
    "start_run": "log_artifacts",
    "set_tracking_uri": "log_artifacts",
    "log_model": "save_model",
    "autolog": "mlmodel.sklearn.autolog",
    "evaluate": "predict",
    "register_model": "URI",
    "trace": "mlflow.trace",
    "shap": "PythonModel",
}


@pytest.mark.parametrize(("name", "way"), ABSENT.items())
def test_a_name_that_is_not_here_says_what_to_do(name: str, way: str) -> None:
    with pytest.raises(AttributeError, match=rf"mlmodel\.{name} is a name of MLflow.*{way}"):
        getattr(mlmodel, name)
    with pytest.raises(UnsupportedModel):
        getattr(mlmodel, name)
    assert not hasattr(mlmodel, name)
    with pytest.raises(ImportError, match=way):
        exec(f"from mlmodel import {name}")
    with pytest.raises(MissingDependency, match=way):
        importlib.import_module(f"mlmodel.{name}")


@pytest.mark.parametrize("module", ["pyfunc", *FLAVORS])
def test_log_model_is_missed_everywhere_alike(module: str) -> None:
    found = importlib.import_module(f"mlmodel.{module}")
    with pytest.raises(UnsupportedModel, match="save_model"):
        _ = found.log_model
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = found.nothing_of_the_kind


@pytest.mark.parametrize("flavor", ["pytorch", "tensorflow"])
def test_log_saved_model_says_how_what_is_saved_gets_into_a_run(flavor: str) -> None:
    """EDITIONS row 31: the early edition's name; there are no runs yet."""
    with pytest.raises(UnsupportedModel, match=r"makes a model folder .*mlflow\.log_artifacts"):
        _ = importlib.import_module(f"mlmodel.{flavor}").log_saved_model


def test_names_of_packages_below() -> None:
    with pytest.raises(UnsupportedModel, match="metrics"):
        _ = models.evaluate  # type: ignore[attr-defined]
    with pytest.raises(UnsupportedModel, match="PythonModel"):
        _ = types.llm
    with pytest.raises(AttributeError) as raised:
        _ = models.nothing_of_the_kind  # type: ignore[attr-defined]
    assert type(raised.value) is AttributeError


def test_no_row_of_the_table_hides_what_is_here() -> None:
    """A flavor that has come is found before the table is asked; every other name has to go."""
    for name in _absent.absent_names(""):
        assert name in FLAVORS or not hasattr(mlmodel, name)
    for place in ("models", "pyfunc", "types"):
        package = importlib.import_module(f"mlmodel.{place}")
        assert [name for name in _absent.absent_names(place) if hasattr(package, name)] == []


def test_dir_shows_the_flavors_and_the_public_modules() -> None:
    assert {*FLAVORS, "exceptions", "models", "pyfunc", "types", "save"} <= set(dir(mlmodel))
    assert not [name for name in dir(mlmodel) if name.startswith("_") and name != "__version__"]


# -- exceptions


def test_mlflow_exception_is_the_base_of_all(tmp_path: Path) -> None:
    assert exceptions.MlflowException is errors.MlmodelError
    with pytest.raises(exceptions.MlflowException) as raised:
        mlmodel.load(tmp_path / "nothing")
    assert isinstance(raised.value, ModelNotFound)
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_error_codes() -> None:
    codes = {name: cls("text").error_code for name, cls in errors.error_classes().items()}
    assert codes["INVALID_INPUT"] == codes["INVALID_ARGUMENT"] == "INVALID_PARAMETER_VALUE"
    assert codes["MODEL_EXISTS"] == "RESOURCE_ALREADY_EXISTS"
    assert codes["MODEL_FAILURE"] == "INTERNAL_ERROR"
    made = exceptions.MlflowException("text", error_code="BAD_REQUEST")
    assert (made.error_code, str(made)) == ("BAD_REQUEST", "text")
    assert exceptions.MlflowException("text").error_code == "INTERNAL_ERROR"
    raised = exceptions.MlflowException.invalid_parameter_value("text")
    assert isinstance(raised, InvalidArgument)


# -- constants and defaults

#: What is pinned is what is installed.
WITH_LIBRARIES = [
    pytest.param(name, marks=pytest.mark.libraries(*specimen(name).libraries)) for name in FLAVORS
]


@pytest.mark.parametrize("name", WITH_LIBRARIES)
def test_constants_and_defaults_of_a_flavor(name: str) -> None:
    module = importlib.import_module(f"mlmodel.{name}")
    assert name == module.FLAVOR_NAME
    lines = module.get_default_pip_requirements()
    assert bool(lines) == bool(module.FLAVOR.packages)
    assert not [line for line in lines if line.startswith(("mlflow", "mlmodel"))]
    assert all("==" in line for line in lines)
    pickled = module.get_default_pip_requirements(include_cloudpickle=True)
    assert pickled[:-1] == lines
    assert pickled[-1].startswith("cloudpickle==")
    env = module.get_default_conda_env()
    assert env["dependencies"][-1] == {"pip": lines}
    assert module.get_default_pip_requirements.__module__ == module.__name__


def test_constants_of_python_function() -> None:
    assert pyfunc.FLAVOR_NAME == "python_function"
    assert (pyfunc.MAIN, pyfunc.CODE, pyfunc.DATA) == ("loader_module", "code", "data")
    assert (pyfunc.ENV, pyfunc.PY_VERSION) == ("env", "python_version")
    assert pyfunc.get_default_pip_requirements()[0].startswith("cloudpickle==")
    sklearn = importlib.import_module("mlmodel.sklearn")
    assert sklearn.SUPPORTED_SERIALIZATION_FORMATS == [
        sklearn.SERIALIZATION_FORMAT_PICKLE,
        sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE,
        sklearn.SERIALIZATION_FORMAT_SKOPS,
    ]
