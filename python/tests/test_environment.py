"""The environment files (ENV rules)."""

from __future__ import annotations

import platform

import pytest
import yaml

from mlmodel import environment
from mlmodel.errors import InvalidArgument


def resolve(**given):
    arguments = {
        "conda_env": None,
        "pip_requirements": None,
        "extra_pip_requirements": None,
        "default_packages": ["pyyaml"],
    }
    return environment.resolve(**{**arguments, **given})


def test_default_packages_are_pinned_to_what_is_installed():
    """ENV-003."""
    assert resolve().requirements == (f"pyyaml=={yaml.__version__}",)


def test_a_package_that_is_not_installed_is_named_without_a_version():
    assert environment.pinned(["no-such-distribution"]) == ["no-such-distribution"]


def test_requirements_are_the_pip_part_of_the_conda_environment():
    env = resolve(pip_requirements=["a==1", "# a comment", "", " b>=2 "])
    assert env.requirements == ("a==1", "b>=2")
    assert env.conda["dependencies"][-1] == {"pip": ["a==1", "b>=2"]}


def test_a_requirements_file_is_read_as_pip_reads_it(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("a==1  # why\nb==2 \\\n    --hash=sha256:00\n\n# c\n")
    assert resolve(pip_requirements=file).requirements == ("a==1", "b==2 --hash=sha256:00")


def test_extra_requirements_are_added():
    assert resolve(extra_pip_requirements=["a==1"]).requirements[-1] == "a==1"


def test_a_top_level_pip_list_is_moved_under_dependencies(tmp_path):
    given = {
        "channels": ["conda-forge"],
        "dependencies": ["python=3.8.8", "pip"],
        "pip": ["mlflow", "scikit-learn==0.23.2", "cloudpickle==1.6.0"],
        "name": "mlflow-env",
    }
    environment.write(resolve(conda_env=given), tmp_path)
    assert (tmp_path / "conda.yaml").read_text() == (
        "name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n- python=3.8.8\n- pip\n"
        "- pip:\n  - mlflow\n  - scikit-learn==0.23.2\n  - cloudpickle==1.6.0\n"
    )
    assert (tmp_path / "requirements.txt").read_text() == (
        "mlflow\nscikit-learn==0.23.2\ncloudpickle==1.6.0\n"
    )
    python_env = yaml.safe_load((tmp_path / "python_env.yaml").read_text())
    assert python_env["python"] == "3.8.8"
    assert python_env["dependencies"] == ["-r requirements.txt"]


def test_conda_env_may_be_a_file(tmp_path):
    file = tmp_path / "env.yaml"
    file.write_text("dependencies: [python=3.11, {pip: [a]}]\n")
    assert resolve(conda_env=file).requirements == ("a",)


def test_a_conda_environment_without_pip_is_kept_and_warned_of(tmp_path):
    """ENV-009."""
    given = {"channels": ["defaults"], "dependencies": ["xgboost=1.0", "cloudpickle=1.6"]}
    with pytest.warns(UserWarning, match="requirements.txt stays empty"):
        env = resolve(conda_env=given)
    environment.write(env, tmp_path)
    assert yaml.safe_load((tmp_path / "conda.yaml").read_text()) == given
    assert (tmp_path / "requirements.txt").read_text() == ""


def test_python_version_is_the_running_one_by_default(tmp_path):
    environment.write(resolve(), tmp_path)
    python_env = yaml.safe_load((tmp_path / "python_env.yaml").read_text())
    assert python_env["python"] == platform.python_version()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"conda_env": {"dependencies": []}, "pip_requirements": []},
            "only one of conda_env, pip_requirements",
        ),
        ({"conda_env": 3}, "a mapping or the path"),
        ({"pip_requirements": [1]}, "list of requirement lines"),
    ],
)
def test_wrong_arguments_are_named(given, said):
    with pytest.raises(InvalidArgument, match=said):
        resolve(**given)


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    file = tmp_path / "env.yaml"
    file.write_text("a: [")
    with pytest.raises(InvalidArgument, match=r"env\.yaml holds no conda environment"):
        resolve(conda_env=file)
