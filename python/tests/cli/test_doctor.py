"""mlmodel doctor: what this environment can load, without loading it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel.cli.doctor import command
from mlmodel.errors import ModelNotFound

FLAVORS = Path(mlmodel.__file__).parent / "flavors"


def run(*args):
    return CliRunner().invoke(command, [str(arg) for arg in args], color=False)


def described(*args):
    result = run("--json", *args)
    return json.loads(result.output), result.exit_code


@pytest.fixture
def installed(monkeypatch):
    """Let distributions have other versions than they have, None for what is not installed."""

    def let(**versions):
        found = metadata.distribution

        class Other:
            def __init__(self, version):
                self.version = version

            def read_text(self, name):
                return None

        def distribution(name):
            other = versions.get(name.replace("-", "_"), "")
            if other is None:
                raise metadata.PackageNotFoundError(name)
            return Other(other) if other else found(name)

        monkeypatch.setattr(metadata, "distribution", distribution)

    return let


def of(name):
    return next(one for one in described()[0]["flavors"] if one["flavor"] == name)


def test_every_flavor_has_its_line():
    told, code = described()
    assert code == 0
    assert [one["flavor"] for one in told["flavors"]] == sorted(
        path.stem for path in FLAVORS.glob("[!_]*.py")
    )
    ready = {one["flavor"]: one["loads"] for one in told["flavors"]}
    assert ready["sklearn"]
    assert ready["xgboost"]
    lines = run().output.splitlines()
    assert lines[0].startswith(f"mlmodel {mlmodel.__version__}, Python 3.")
    assert any(line.split()[:2] == ["sklearn", "yes"] for line in lines)


def test_what_is_not_installed_is_named_with_what_brings_it(installed):
    installed(xgboost=None)
    assert not of("xgboost")["loads"]
    lines = run().output.splitlines()
    place = next(n for n, line in enumerate(lines) if line.split()[:2] == ["xgboost", "no"])
    assert "xgboost is not installed" in lines[place]
    assert "pip install" in lines[place + 1]
    assert "[xgboost]" in lines[place + 1]


def test_a_version_that_is_too_old_is_named_with_those_that_do(installed):
    installed(xgboost="2.1.0")
    assert not of("xgboost")["loads"]
    assert "xgboost is 2.1.0, and xgboost>=3.2 is needed" in run().output


def test_what_some_models_need_keeps_no_others_from_loading(installed):
    installed(scikit_learn=None)
    assert of("xgboost")["loads"]
    assert "for some models: scikit-learn is not installed" in run().output
    assert not of("sklearn")["loads"]


def test_a_library_may_come_under_another_name(installed):
    installed(tensorflow=None, tensorflow_cpu="2.21.0")
    assert of("tensorflow")["loads"]
    assert "tensorflow-cpu 2.21.0" in run().output


def test_of_a_model_what_it_lacks_and_what_differs(tmp_path, installed):
    model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    mlmodel.sklearn.save_model(model, tmp_path / "m", pip_requirements=["numpy==1.0.0"])
    told, code = described(tmp_path / "m")
    (own,) = told["models"]
    assert (code, own["by"], own["loads"], own["lacks"]) == (0, "sklearn", True, [])
    assert own["differs"] == [
        f"numpy is installed in version {metadata.version('numpy')} (required: numpy==1.0.0)"
    ]
    assert own["install_as_saved"].startswith("pip install ")
    assert f"{tmp_path / 'm'}: loads, by sklearn" in run(tmp_path).output
    installed(scikit_learn=None)
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "does not load: scikit-learn is not installed" in result.output


@pytest.mark.parametrize(
    ("flavors", "by", "loads"),
    [
        ("python_function: {loader_module: mine.loader}", "python_function", True),
        ("python_function: {loader_module: mlflow.pyfunc.model}", "python_function", True),
        ("python_function: {loader_module: mlflow.nothing}", "mlflow.nothing", False),
        ("sklearn: {pickled_model: m.pkl}", "sklearn", True),
        ("nobody: {a: b}", "nobody", False),
    ],
)
def test_what_loads_a_model(flavors, by, loads, tmp_path):
    (tmp_path / "MLmodel").write_text(f"flavors:\n  {flavors}\n")
    told, code = described(tmp_path)
    (own,) = told["models"]
    assert (own["by"], own["loads"], code) == (by, loads, int(not loads))
    assert ("what its own code imports" in run(tmp_path).output) == (by == "python_function")


def test_what_cannot_be_read_is_said_and_keeps_no_other_back(tmp_path):
    for name, text in {"a": "flavors: [", "b": "flavors:\n  nobody: {}\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "MLmodel").write_text(text)
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "unreadable" in result.output
    assert "no flavor is known here that loads nobody" in result.output
    assert isinstance(run(tmp_path / "none").exception, ModelNotFound)


@pytest.mark.thorough
def test_no_library_is_imported(tmp_path):
    """What is told of a model runs nothing of it, nor of its libraries."""
    mlmodel.sklearn.save_model(LinearRegression().fit([[1.0]], [1.0]), tmp_path / "m")
    script = (
        "import sys; from mlmodel.cli import main\n"
        "try: main(['doctor', *sys.argv[1:]])\n"
        "finally: print([n for n in ('numpy', 'pandas', 'sklearn', 'xgboost') if n in sys.modules])"
    )
    for given in ([], [str(tmp_path)]):
        done = subprocess.run(
            [sys.executable, "-c", script, *given], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]"
