"""The Java harness: it answers every case of what it claims, but for what it is known not to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from conformance.runner.cases import Selection, read_vectors
from conformance.runner.known import read_known
from conformance.runner.pipe import Harness
from conformance.runner.running import Settings, run
from java_tools import jars

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
