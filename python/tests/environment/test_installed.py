"""What is installed against what a model needs, and where that is said (ENV-017, ENV-018)."""

from __future__ import annotations

import platform
import subprocess
import sys
import warnings
from importlib import metadata
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import mlmodel
from mlmodel import pyfunc
from mlmodel.environment import installed
from mlmodel.errors import InvalidArgument, MissingDependency, UnsupportedModel
from mlmodel.reports.inspection import inspect_model

if TYPE_CHECKING:
    from pathlib import Path

NUMPY = metadata.version("numpy")


class One(pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [1]


@pytest.fixture
def model(tmp_path):
    """Return a function that saves a model with these requirements."""

    def save(*lines: str, name: str = "m", **options) -> Path:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pyfunc.save_model(
                tmp_path / name, python_model=One(), pip_requirements=list(lines), **options
            )
        return tmp_path / name

    return save


def loading(path: Path) -> list[str]:
    """Return the warnings of loading a model."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlmodel.load(path, trust=True)
    return [str(one.message) for one in caught if "ENV-017" in str(one.message)]


def test_one_warning_lists_all_and_ends_with_the_command(model):
    """ENV-017."""
    path = model("numpy==1.0", "no-such-distribution>=2", f"pandas=={pd.__version__}", "pyyaml<1")
    (message,) = loading(path)
    assert f"numpy is installed in version {NUMPY} (required: numpy==1.0)" in message
    assert "no-such-distribution is not installed (required: no-such-distribution>=2)" in message
    assert "pyyaml is installed in version" in message
    assert "pandas" not in message
    assert message.endswith(f": pip install -r {path / 'requirements.txt'}")
    assert loading(path) == []


def test_the_command_is_one_that_a_shell_understands(model):
    path = model("numpy==1.0", name="my model")
    assert loading(path)[0].endswith(f"pip install -r '{path / 'requirements.txt'}'")


def test_it_has_at_most_ten_lines(model):
    """ENV-017."""
    (message,) = loading(model(*(f"no-such-{n}==1" for n in range(30))))
    assert len(message.splitlines()) <= 10
    assert "24 more" in message


def test_no_reader_is_installed_and_the_file_is_named(model):
    """ENV-017."""
    path = model("mlflow==2.5.0", "numpy==1.0", "mlmodel==0.1", "pandas")
    (message,) = loading(path)
    assert f"those that {path / 'requirements.txt'} asks for" in message
    assert message.endswith(": pip install numpy==1.0 pandas")
    (path / "requirements.txt").unlink()
    (message,) = loading(path.rename(path.with_name("of conda")))
    assert "conda.yaml asks for" in message
    assert message.endswith(": pip install numpy==1.0 pandas")


def test_a_model_that_does_not_load_is_not_warned_of(model):
    """ENV-017: the error says what differs."""
    path = model("numpy==1.0")
    (path / "python_model.pkl").write_bytes(b"cnumpy\nno_such_name\n.")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(MissingDependency):
            mlmodel.load(path, trust=True)
    assert not [one for one in caught if "ENV-017" in str(one.message)]


def test_what_is_recorded_is_taken_from_one_place(model):
    """ENV-026: loading and inspecting agree."""
    path = model("numpy==1.0")
    (path / "python_env.yaml").write_text("python: 3.5.1\ndependencies: [numpy==0.9]\n")
    assert inspect_model(path)["environment"]["python"] == platform.python_version()
    (path / "requirements.txt").unlink()
    (path / "conda.yaml").unlink()
    text = (path / "MLmodel").read_text()
    (path / "MLmodel").write_text(text.replace(f"python_version: {platform.python_version()}", ""))
    assert inspect_model(path)["environment"]["python"] == "3.5.1"
    assert inspect_model(path)["environment"]["requirements"] == ["numpy==0.9"]
    (message,) = loading(path)
    assert "saved with 3.5.1" in message
    assert "python_env.yaml asks for" in message


def test_another_model_is_warned_of_too(model):
    """ENV-017: once for a model."""
    assert len(loading(model("numpy==1.0", name="a"))) == 1
    assert len(loading(model("numpy==1.0", name="b"))) == 1


@pytest.mark.parametrize(
    "line",
    [
        f"numpy=={NUMPY}",
        "NumPy>=1,!=0.5",
        "numpy",
        "numpy==0.1; python_version < '3'",
        "numpy==0.1; extra == 'x'",
        "pandas[parquet]",
        "mlflow==2.5.0",
        "mlflow-skinny==2.5.0",
        "mlmodel==99",
        "--extra-index-url https://index.example.org/simple",
        "git+https://example.org/a.git",
        "./dist/numpy-0.1-py3-none-any.whl",
        f"numpy=={NUMPY.partition('.')[0]}.*",
        f"numpy=={NUMPY} --hash=sha256:00",
    ],
)
def test_what_is_met_or_passed_over(model, line):
    """ENV-017."""
    assert loading(model(line)) == []


@pytest.mark.parametrize(
    ("required", "version", "met"),
    [
        ("a==2.1", "2.1+cpu", True),
        ("a==2.1+cpu", "2.1", False),
        ("a>=2", "2.0rc1", False),
        ("a>=1", "2.0rc1", True),
        ("a===x.y", "x.y", True),
        ("a>=1", "x.y", False),
        ("a", "x.y", True),
        ("a @ https://example.org/a.whl", "1.0", True),
    ],
)
def test_versions_are_compared_as_pip_does(required, version, met, tmp_path, monkeypatch):
    """ENV-017."""
    folder = tmp_path / f"a-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: a\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert (list(installed.mismatches([required])) == []) is met


def test_the_version_is_that_of_the_metadata():
    names = {one.metadata["Name"] for one in metadata.distributions()} - {"mlmodel"}
    assert len(names) > 20
    for name in names:
        (found,) = installed.mismatches([f"{name}===none"])
        assert (found.name, found.here) == (name, metadata.version(name))
        assert str(found) == (
            f"{name} is installed in version {metadata.version(name)} (required: {name}===none)"
        )
    (found,) = installed.mismatches(["no-such-distribution"])
    assert found.here is None
    assert str(found) == "no-such-distribution is not installed (required: no-such-distribution)"


def test_constraints_count_for_what_is_installed(model, tmp_path):
    """ENV-017."""
    (tmp_path / "c.txt").write_text("numpy<1\nno-such-distribution<1\n")
    (message,) = loading(model("pandas", f"-c {tmp_path / 'c.txt'}"))
    assert "(required: numpy<1)" in message
    assert "no-such-distribution" not in message


def test_another_python_is_named(model):
    """ENV-017: the first two numbers count."""
    path = model("numpy")
    text = (path / "MLmodel").read_text()
    here = platform.python_version()
    other = f"{sys.version_info.major}.{sys.version_info.minor}.99"
    (path / "MLmodel").write_text(
        text.replace(f"python_version: {here}", f"python_version: {other}")
    )
    assert loading(path) == []
    (path / "MLmodel").write_text(text.replace(f"python_version: {here}", "python_version: 3.6.10"))
    (message,) = loading(path.rename(path.with_name("older")))
    assert f"this is Python {here} (the model was saved with 3.6.10)" in message


def test_without_requirements_those_of_conda_count(model):
    """ENV-017: the command then names them."""
    path = model("numpy==1.0", "no-such>=2")
    (path / "requirements.txt").unlink()
    (message,) = loading(path)
    assert message.endswith("To install what it needs: pip install numpy==1.0 'no-such>=2'")


def test_a_broken_environment_keeps_no_model_from_loading(model):
    path = model("numpy")
    (path / "requirements.txt").write_bytes(b"numpy ==\nx y z\n\xff")
    (path / "python_env.yaml").write_text("[")
    (path / "conda.yaml").write_text("}")
    assert loading(path) == []


def test_real_models_are_warned_of_what_they_need(corpus):
    """ENV-017: the requirements that MLflow wrote, none of which is the reader itself."""
    checked = 0
    for file in sorted(corpus.glob("*/requirements.txt")):
        lines = file.read_text().splitlines()
        found = list(installed.mismatches(lines))
        assert not [one for one in found if one.name.startswith("mlflow")]
        checked += len(found)
    assert checked


def test_nothing_is_installed_and_no_process_is_started(model, monkeypatch):
    """ENV-017."""
    path = model("no-such-distribution")
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setattr("os.system", None)
    assert len(loading(path)) == 1


# -- the file -----------------------------------------------------------------------------------------


def test_the_files_of_pip_and_conda(model):
    """ENV-018."""
    path = model("a==1")
    assert pyfunc.get_model_dependencies(path) == path / "requirements.txt"
    assert pyfunc.get_model_dependencies(path, format="pip").read_text() == "a==1\n"
    assert pyfunc.get_model_dependencies(path, "conda") == path / "conda.yaml"
    with pytest.raises(InvalidArgument, match="ENV-018"):
        pyfunc.get_model_dependencies(path, "uv")


def test_requirements_are_made_of_conda_where_they_are_not_there(model, tmp_path):
    """ENV-018."""
    (tmp_path / "c.txt").write_text("b<2\n")
    path = model("a==1", f"-c {tmp_path / 'c.txt'}")
    (path / "requirements.txt").unlink()
    with pytest.warns(UserWarning, match=r"conda installs \(python=3.*, pip\) \(ENV-018\)"):
        made = pyfunc.get_model_dependencies(path)
    assert made.read_text() == "a==1\n-c constraints.txt\n"
    assert (made.parent / "constraints.txt").read_text() == "b<2\n"
    assert not made.is_relative_to(path)
    (path / "conda.yaml").unlink()
    with pytest.raises(UnsupportedModel, match="no requirements.txt"):
        pyfunc.get_model_dependencies(path)
    with pytest.raises(UnsupportedModel, match="no conda.yaml"):
        pyfunc.get_model_dependencies(path, "conda")
