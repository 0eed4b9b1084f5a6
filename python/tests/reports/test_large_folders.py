"""Folders with too much in them: no recursion, an end, and a word where it was reached (DIR-010, EXA-015)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlmodel import validate
from mlmodel.cli import COMMANDS
from mlmodel.cli.inspect import command as inspect_command
from mlmodel.cli.validate import command as validate_command
from mlmodel.reports.inspection import inspect_model
from mlmodel.reports.validation import find_models

TEXT = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"


def model(folder, text=TEXT):
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text(text)
    return folder


@pytest.fixture
def nested(tmp_path):
    """Return what makes folders in each other, deeper than one path may be long."""

    def make(folder, depth):
        here = Path.cwd()
        os.chdir(folder)
        for _ in range(depth):
            Path("d").mkdir()
            os.chdir("d")
        os.chdir(here)

    yield make
    # Python's own removal, which cleans up behind the tests, recurses.
    subprocess.run(["rm", "-rf", *tmp_path.iterdir()], check=True)


def in_child(*args):
    child = subprocess.run(
        [sys.executable, "-m", "mlmodel", *map(str, args)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "please report it" not in child.stderr
    assert "Traceback" not in child.stderr
    return child.returncode, child.stdout + child.stderr


@pytest.mark.thorough
@pytest.mark.parametrize("arguments", [("validate",), ("fmt", "--check"), ("inspect",)])
def test_folders_nested_a_thousand_deep(arguments, tmp_path, nested):
    nested(model(tmp_path / "m"), 1_500)
    code, _ = in_child(*arguments, tmp_path)
    assert arguments[0] in COMMANDS
    assert code == 0


@pytest.mark.slow
def test_a_folder_that_cannot_be_listed_needs_trust(tmp_path, nested):
    folder = model(tmp_path / "m")
    nested(folder, 2_500)
    code, said = in_child("inspect", "--require-trust", "list", folder)
    assert code == 1
    assert "a folder that cannot be listed" in said
    assert len(said) < 20_000


def test_loops_of_links(tmp_path):
    folder = model(tmp_path / "m")
    (folder / "self").symlink_to(".")
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    (tmp_path / "up").symlink_to(tmp_path)
    assert list(find_models(tmp_path)) == [folder]
    for arguments in (("validate",), ("fmt", "--check"), ("inspect",)):
        assert in_child(*arguments, tmp_path)[0] == 0


def test_a_report_on_many_models_ends_in_one_entry_for_each_rule(tmp_path, monkeypatch):
    monkeypatch.setattr("mlmodel.cli.validate.MOST_LISTED_IN_ALL", 50)
    for number in range(10):
        model(tmp_path / str(number), TEXT + "".join(f"u{n}: 1\n" for n in range(20)))
    told = CliRunner().invoke(validate_command, ["--format", "json", str(tmp_path)])
    report = json.loads(told.output)
    assert [len(one["violations"]) for one in report["models"]] == [20, 20] + [1] * 8
    assert report["models"][-1]["violations"][0]["times"] == 20
    assert report["summary"]["warnings"] == 200


@pytest.mark.slow
def test_files_that_are_not_counted_are_said(tmp_path):
    folder = model(tmp_path / "m")
    assert "more_files" not in inspect_model(folder)
    for number in range(10_000):
        (folder / str(number)).touch()
    found = inspect_model(folder)
    assert (found["files"], found["more_files"]) == (10_000, True)
    assert "the first 10000 files" in CliRunner().invoke(inspect_command, [str(folder)]).output


# -- input examples -------------------------------------------------------------------------------

EXAMPLE = """
saved_input_example_info: {artifact_path: input_example.json, type: TYPE}
signature:
  inputs: '[{"type": "long", "name": "a"}]'
"""


def with_example(folder, content, kind="json_object"):
    model(folder, TEXT + EXAMPLE.replace("TYPE", kind))
    (folder / "input_example.json").write_text(content)
    return validate(folder)


@pytest.mark.parametrize("kind", ["json_object", "dataframe"])
def test_records_that_share_no_key_are_no_table(kind, tmp_path):
    records = json.dumps([{"a": 1, f"k{n}": 1} for n in range(50_000)])
    found = with_example(tmp_path / "m", records, kind).violations
    assert [one.rule for one in found] == ["EXA-015"]


def test_records_with_a_few_keys_of_their_own_are_a_table(tmp_path):
    records = json.dumps([{"a": 1, f"k{n % 50}": 1} for n in range(5_000)])
    assert with_example(tmp_path / "m", records).violations == ()


def test_a_large_example_is_not_checked_and_that_is_said(tmp_path):
    report = with_example(tmp_path / "m", "[" + "1," * 2**22 + "1]")
    assert report.violations == ()
    assert "EXA-015" in report.unchecked[0]
