"""The Java harness: it answers every case of what it claims, but for what it is known not to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from harness_checks import conforms, require_skips

import mlmodel
from java_tools import jars

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "conformance" / "harnesses" / "java"
HARNESS = [sys.executable, "-W", "ignore", "-m", "conformance.harnesses.java"]
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _bridge(monkeypatch):
    jars()
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'python' / 'src'}")


def test_it_conforms_to_what_it_claims():
    found = conforms(HARNESS, FOLDER / "known-failing.txt")
    assert found == {"checker": True, "signature": True, "untyped": True}


def test_what_it_does_not_do_it_skips_with_a_reason():
    require_skips(HARNESS, "typed-frames", "tensors", "scoring")


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
    for name, (text, code) in MODELS.items():
        folder = tmp_path / name
        if text is not None:
            folder.mkdir()
            (folder / "MLmodel").write_text(text, encoding="utf-8")
            requirements = "https://u:p@x/y.whl\n" + ("numpy =1\n" if code else "")
            (folder / "requirements.txt").write_text(requirements)
        command = [sys.executable, "-m", "mlmodel", "java", "run", "validate", str(folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        report = mlmodel.validate(folder)
        assert (done.returncode, report.exit_code()) == (code, code), name
        told = done.stdout.decode().splitlines()
        assert [_but_for_libraries(one) for one in told] == [_but_for_libraries(str(one)) for one in report.violations]  # fmt: skip


def _but_for_libraries(line):
    """Leave out what the libraries for YAML and for requirements say, each in its own words."""
    return re.sub(r"(MLM-001: The YAML cannot be read|that pip understands): .*", r"\1", line)
