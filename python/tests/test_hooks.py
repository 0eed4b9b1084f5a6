"""The definitions at the top of the repository: pre-commit hooks, the GitHub Action, the build."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
GOOD = "flavors:\n  sklearn:\n    pickled_model: model.pkl\n"
UGLY = "flavors: {sklearn: {pickled_model: model.pkl}}\n"
WARNED = GOOD + "mystery: 1\n"
BAD = "flavors: {}\n"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no shell")


def definition(name):
    return yaml.safe_load((REPOSITORY / name).read_text())


HOOKS = {hook["id"]: hook for hook in definition(".pre-commit-hooks.yaml")}


@pytest.fixture
def models(tmp_path):
    for name, text in (("good", GOOD), ("a b", UGLY), ("warned", WARNED), ("bad", BAD)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "MLmodel").write_text(text)
        (tmp_path / name / "model.pkl").write_text("N.")
    return tmp_path


@pytest.fixture
def commands(tmp_path_factory):
    """A folder with the command `mlmodel`, as an installed package has it."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "mlmodel"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mlmodel "$@"\n')
    script.chmod(0o755)
    return folder


# --- pre-commit -----------------------------------------------------------------------------


def test_the_hooks_have_what_pre_commit_asks_for():
    assert set(HOOKS) == {"mlmodel-validate", "mlmodel-fmt"}
    for hook in HOOKS.values():
        assert {"id", "name", "entry", "language", "files"} <= hook.keys()
        assert hook["language"] == "python"


@pytest.mark.parametrize(
    ("path", "chosen"),
    [("MLmodel", True), ("models/a b/MLmodel", True), ("MLmodel.py", False), ("a/MLmodel/b", False),
     ("a/notMLmodel", False), ("mlmodel", False), ("a/MLmodel.bak", False)],
)  # fmt: skip
def test_the_hooks_are_given_mlmodel_files(path, chosen):
    for hook in HOOKS.values():
        assert bool(re.search(hook["files"], path)) == chosen


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("hook", "names", "code", "changed"),
    [
        ("mlmodel-validate", ["good", "a b", "warned"], 0, []),
        ("mlmodel-validate", ["good", "bad"], 1, []),
        ("mlmodel-fmt", ["good", "warned"], 0, []),
        ("mlmodel-fmt", ["good", "a b", "bad"], 0, ["a b"]),
    ],
)
def test_an_entry_is_run_with_files(hook, names, code, changed, models, commands):
    """As pre-commit does: the words of the entry, then the files, relative to the repository.

    A hook that changes a file has failed for pre-commit, whatever its exit code.
    """
    before = {name: (models / name / "MLmodel").read_text() for name in names}
    words = shlex.split(HOOKS[hook]["entry"])
    done = subprocess.run(
        [commands / words[0], *words[1:], *(f"{name}/MLmodel" for name in names)],
        cwd=models, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert [n for n in names if (models / n / "MLmodel").read_text() != before[n]] == changed


@pytest.mark.slow
def test_the_top_builds_the_package(tmp_path):
    """What pre-commit and `pip install git+…` install is the package of python/."""
    for name in ("python", "pyproject.toml"):
        source, target = REPOSITORY / name, tmp_path / "repository" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        else:
            shutil.copy(source, target)
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "-o", tmp_path / "out",
         tmp_path / "repository"],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "out").iterdir()
    assert re.fullmatch(r"mlmodel-[0-9.]+-py3-none-any\.whl", wheel.name)


# --- the action -----------------------------------------------------------------------------

ACTION = definition("action.yml")
STEPS = {step.get("id", step.get("uses")): step for step in ACTION["runs"]["steps"]}


def test_every_input_is_described_and_used():
    text = (REPOSITORY / "action.yml").read_text()
    for name, given in ACTION["inputs"].items():
        assert given["description"].endswith(".")
        assert isinstance(given["default"], str)
        assert f"inputs.{name}" in text
    for name in re.findall(r"inputs\.([a-z-]+)", text):
        assert name in ACTION["inputs"]


def test_nothing_that_is_given_becomes_part_of_a_script():
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) == ("shell" in step)


def act(models, commands, **inputs):
    """Run the validating step as GitHub does; return how it ended and what it put out."""
    values = {name: given["default"] for name, given in ACTION["inputs"].items()} | {
        name.replace("_", "-"): value for name, value in inputs.items()
    }
    values["command"] = str(commands / "mlmodel")
    environment = {
        name: re.sub(
            r"\$\{\{ (?:inputs\.|steps\.install\.outputs\.)([a-z-]+) \}\}",
            lambda found: values[found[1]],
            value,
        )
        for name, value in STEPS["validate"]["env"].items()
    }
    outputs = models / "outputs"
    outputs.touch()
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS["validate"]["run"]],
        cwd=models, capture_output=True, text=True, check=False,
        env={**os.environ, **environment, "GITHUB_OUTPUT": str(outputs), "RUNNER_TEMP": str(models)},
    )  # fmt: skip
    return done, outputs.read_text()


def test_the_action_fails_for_a_bad_model(models, commands):
    done, outputs = act(models, commands)
    assert done.returncode == 1
    assert "::error file=bad/MLmodel,line=1,col=10,title=MLM-007::" in done.stdout
    assert "::warning file=warned/MLmodel" in done.stdout
    assert outputs == ""


def test_paths_are_lines(models, commands):
    done, _ = act(models, commands, path="good\n  a b/MLmodel  \n\n", format="text")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2 models: 2 valid, 0 not valid (0 errors, 0 warnings)\n"


def test_warnings_fail_where_they_are_told_to(models, commands):
    assert act(models, commands, path="warned")[0].returncode == 0
    assert act(models, commands, path="warned", fail_on_warning="true")[0].returncode == 1


@pytest.mark.thorough
@pytest.mark.parametrize("inputs", [{"sarif_file": "out.sarif"}, {"upload_sarif": "true"}])
def test_the_log_for_code_scanning_is_written_though_models_are_bad(inputs, models, commands):
    done, outputs = act(models, commands, **inputs)
    assert done.returncode == 1
    file = models / outputs.strip().removeprefix("sarif-file=")
    assert '"MLM-007"' in file.read_text()


def test_what_is_given_is_not_run(models, commands):
    done, _ = act(models, commands, path="$(touch pwned)\n`touch pwned`\n; touch pwned\n--help")
    assert done.returncode == 2
    assert not (models / "pwned").exists()
    assert "Usage" not in done.stdout
