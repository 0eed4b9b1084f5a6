"""What a person reads on the command line when something is not as wished."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel import cli
from mlmodel.trust import records


def run(*args: object, **options):
    return subprocess.run(
        [sys.executable, "-m", "mlmodel", *map(str, args)],
        capture_output=True, text=True, check=False, timeout=120, **options,
    )  # fmt: skip


@pytest.fixture
def model(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    mlmodel.save(LinearRegression().fit(frame, [1.0, 2.0]), tmp_path / "m", example=frame)
    return tmp_path / "m"


@pytest.mark.slow
def test_what_the_model_raised_is_said_in_a_line(model):
    done = run("predict", "-m", model, input='{"inputs": {"a": [null]}}')
    assert done.returncode == 1
    assert done.stderr.startswith("mlmodel: MODEL_FAILURE: The model failed on this input: Value")
    assert "NaN" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_cannot_load_says_why_line_by_line(model):
    file = model / "MLmodel"
    file.write_text(file.read_text().replace("loader_module", "loader_modul"))
    done = run("serve", "-m", model, "-p", "0")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith("mlmodel: INVALID_MODEL: ")
    assert "error PYF-001" in lines[1]


def test_trusting_what_is_no_model_is_refused(tmp_path):
    done = run("trust", "add", tmp_path)
    assert done.returncode == 2
    assert "There is no model at" in done.stderr


def test_warnings_are_the_commands_own(model, tmp_path):
    folder = tmp_path / "open-store"
    folder.mkdir()
    folder.chmod(0o777)
    done = run("trust", "list", env={**os.environ, "MLMODEL_TRUST_STORE": str(folder)})
    assert done.stderr.startswith("mlmodel: warning: ")
    assert ".py" not in done.stderr


def test_the_lines_of_a_warning_are_lines_and_cannot_pass_for_the_commands_own(capsys, monkeypatch):
    text = "one:\n  - two\nmlmodel: INTERNAL_ERROR: \x1b[2K"
    monkeypatch.setattr(cli.cli, "main", lambda **_: warnings.warn(text, stacklevel=1))
    cli.main([])
    assert capsys.readouterr().err.splitlines() == [
        "mlmodel: warning: one:",
        "    - two",
        "  mlmodel: INTERNAL_ERROR: \\x1b[2K",
    ]


@pytest.mark.thorough
@pytest.mark.parametrize("change", [["fmt"], ["validate", "--fix"]])
def test_who_changes_his_own_model_is_told_that_it_is_trusted_no_longer(model, change, digest_of):
    """MLM-032."""
    file = model / "MLmodel"
    digest = digest_of(model)
    assert records.contains(digest)
    untouched = run(*change, model)
    assert "trust" not in untouched.stderr
    file.write_text(file.read_text().replace("run_id", "x") + "run_id:   1.0\n")
    done = run(*change, model)
    assert done.returncode == 0
    assert f"To trust it as it is now: mlmodel trust add {model} (MLM-032)" in done.stderr
    assert not records.contains(digest_of(model))
    added = run("trust", "add", model)
    assert added.returncode == 0
    assert records.contains(digest_of(model))


@pytest.mark.parametrize("name", ["::error::forged", "  ::set-output name=x::y", "a##[error]x"])
def test_no_name_is_a_command_of_githubs_runner(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """MLM-029: in the text for people, where the runner reads it."""
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    (Path(name) / "MLmodel").write_text("flavors: 1\n")
    seen = {}
    for runner in ("", "true"):
        monkeypatch.setenv("GITHUB_ACTIONS", runner)
        said = []
        for command in (["validate", name], ["inspect", name], ["fmt", name], [f"x\n{name}"]):
            with contextlib.suppress(SystemExit):
                cli.main(command)
            captured = capsys.readouterr()
            said += (captured.out + captured.err).splitlines()
        seen[runner] = [line for line in said if line.lstrip()[:2] == "::" or "##[" in line]
    assert seen[""]
    assert seen["true"] == []
