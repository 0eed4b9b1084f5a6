"""The Java harness: it answers every case of what it claims, but for what it is known not to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mlmodel
from conformance.runner.cases import Selection, read_vectors
from conformance.runner.known import read_known
from conformance.runner.pipe import Harness
from conformance.runner.running import Settings, run
from java_tools import jars
from mlmodel.bridges.jvm.jars import java

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-W", "ignore", "-m", "conformance.harnesses.java"]
pytestmark = pytest.mark.slow


def test_it_answers_as_specified_but_for_what_is_known(monkeypatch):
    jars()
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'python' / 'src'}")
    known = read_known(ROOT / "conformance" / "harnesses" / "java" / "known-failing.txt")
    settings = Settings(Selection(), known)
    done = run(lambda: Harness(COMMAND, timeout=200), read_vectors(), settings)
    wrong = [(one.case.id, one.outcome, one.reason, one.differences) for one in done.results if not one.is_right]  # fmt: skip
    assert wrong == []
    assert done.unmatched == ()
    assert "checker" in done.as_json()["profiles"]


BROKEN = """\
flavors:
  sklearn: {pickled_model: m.pkl, sklearn_version: [1]}
run_id: 012
env_vars: [a=b]
signature:
  inputs: >-
    [{"type":
    "é"}, {"name": "a"}]
"""
MODELS = {
    "valid": ("flavors:\n  python_function:\n    loader_module: mlflow.sklearn\nzzz: 1\n", 0),
    "broken": (BROKEN, 1),
    "no-yaml": ("a: [\n", 1),
    "nothing": (None, 2),
}


def test_the_command_says_what_pythons_says(tmp_path):
    jar = jars() / "mlmodel-bridge.jar"
    for name, (text, code) in MODELS.items():
        folder = tmp_path / name
        if text is not None:
            folder.mkdir()
            (folder / "MLmodel").write_text(text, encoding="utf-8")
            requirements = "https://u:p@x/y.whl\n" + ("numpy =1\n" if code else "")
            (folder / "requirements.txt").write_text(requirements)
        command = [java(), "-jar", str(jar), "validate", str(folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        report = mlmodel.validate(folder)
        assert (done.returncode, report.exit_code()) == (code, code), name
        told = done.stdout.decode().splitlines()
        assert [_but_for_libraries(one) for one in told] == [_but_for_libraries(str(one)) for one in report.violations]  # fmt: skip


def _but_for_libraries(line):
    """Leave out what the libraries for YAML and for requirements say, each in its own words."""
    return re.sub(r"(MLM-001: The YAML cannot be read|that pip understands): .*", r"\1", line)
