"""The reference implementation, asked through the same pipe as any other."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from conformance.runner.cases import Selection, read_vectors
from conformance.runner.pipe import Harness
from conformance.runner.profiles import PROFILES
from conformance.runner.running import Settings, run

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-W", "ignore", "-m", "conformance.harnesses.python"]
VECTORS = read_vectors()


@pytest.fixture(autouse=True)
def _from_the_tree(monkeypatch):
    path = os.pathsep.join([str(ROOT), str(ROOT / "python" / "src")])
    monkeypatch.setenv("PYTHONPATH", path)


def _run(selection):
    return run(lambda: Harness(COMMAND, timeout=120.0), VECTORS, Settings(selection))


def _wrong(done):
    return [(one.case.id, one.outcome, one.reason, one.differences) for one in done.results if one.outcome != "passed"]  # fmt: skip


@pytest.mark.thorough
def test_a_few_of_every_operation_pass():
    """One case of each operation and profile, so that the quick tests have seen the pipe."""
    first = {(case.operation, case.profile): case.id for case in reversed(VECTORS.cases)}
    done = _run(Selection(globs=tuple(first.values())))
    assert _wrong(done) == []
    assert len(done.results) == len(first)


@pytest.mark.slow
def test_every_case_passes():
    done = _run(Selection())
    assert _wrong(done) == []
    assert len(done.results) == len(VECTORS.cases)
    assert set(done.whole) == {one.name for one in PROFILES}
    assert all(found["conforms"] for found in done.as_json()["profiles"].values())
