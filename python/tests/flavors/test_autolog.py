"""`autolog` of a flavor is MLflow's, where that is installed (PYF-047, EDITIONS row 39)."""

from __future__ import annotations

import importlib
import inspect
import pickle
import subprocess
import sys
from types import ModuleType

import pytest

import mlmodel
from mlmodel.errors import MissingDependency, UnsupportedModel
from mlmodel.flavors import _registry

OURS = sorted(_registry.all_flavors())


def autolog_of(name):
    return importlib.import_module(f"mlmodel.{name}").autolog


@pytest.fixture
def mlflow(monkeypatch):
    """Put a package with these modules in the place of MLflow, whether there is one or not."""
    for known in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
        monkeypatch.delitem(sys.modules, known)

    def install(**modules):
        top = ModuleType("mlflow")
        top.__path__, top.__version__ = [], "9.8.7"
        monkeypatch.setitem(sys.modules, "mlflow", top)
        for name, names in modules.items():
            module = ModuleType(f"mlflow.{name}")
            vars(module).update(names)
            monkeypatch.setitem(sys.modules, module.__name__, module)

    return install


@pytest.mark.parametrize("name", OURS)
def test_the_call_reaches_mlflow(name, mlflow):
    """PYF-047: with its arguments and its answer."""
    mlflow(**{name: {"autolog": lambda *given, **named: (name, given, named)}})
    assert autolog_of(name)(1, silent=True) == (name, (1,), {"silent": True})


def test_what_mlflow_raises_is_its_own(mlflow):
    """PYF-047."""
    mlflow(sklearn={"autolog": lambda: {}["of MLflow"]})
    with pytest.raises(KeyError, match="of MLflow"):
        mlmodel.sklearn.autolog()


@pytest.mark.parametrize("name", OURS)
def test_without_mlflow_it_says_what_to_install(name, mlflow, monkeypatch):
    """PYF-047."""
    monkeypatch.setitem(sys.modules, "mlflow", None)  # what Python takes for "is not there"
    said = rf"^mlmodel\.{name}\.autolog passes .* not installed: pip install mlflow\. .*save_model.*PYF-047"
    with pytest.raises(MissingDependency, match=said):
        autolog_of(name)()


def test_a_package_that_mlflow_lacks_is_named(mlflow, monkeypatch, tmp_path):
    """PYF-047."""
    mlflow()
    (tmp_path / "sklearn.py").write_text("import no_such_library.part\n")
    sys.modules["mlflow"].__path__ = [str(tmp_path)]
    said = (
        r"passes the call on to mlflow\.sklearn, which needs the package 'no_such_library'.*PYF-047"
    )
    with pytest.raises(MissingDependency, match=said):
        mlmodel.sklearn.autolog()


@pytest.mark.parametrize("modules", [{}, {"sklearn": {}}], ids=["no module", "no function"])
def test_an_mlflow_without_it_is_named(modules, mlflow):
    """PYF-047."""
    mlflow(**modules)
    said = r"^MLflow 9\.8\.7 has no mlflow\.sklearn\.autolog\. .*save_model.*PYF-047"
    with pytest.raises(UnsupportedModel, match=said):
        mlmodel.sklearn.autolog()


@pytest.mark.parametrize("name", OURS)
def test_it_is_a_function_of_the_flavors_module(name):
    """PYF-047: one, which is described, and travels by its name."""
    function = autolog_of(name)
    assert function is autolog_of(name)
    assert pickle.loads(pickle.dumps(function)) is function
    assert "MissingDependency" in inspect.getdoc(function)


def test_mlflow_is_not_imported_before_the_call(tmp_path):
    """PYF-047: neither for the module nor for the name."""
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "__init__.py").write_text("print('imported')\n")
    (tmp_path / "mlflow" / "sklearn.py").write_text("def autolog(): return 'passed on'\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import mlmodel; function = mlmodel.sklearn.autolog\n"
        "print([name for name in sys.modules if name.startswith('mlflow')])\n"
        "print(function())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\nimported\npassed on\n", done.stderr
