"""A short run of what ``make fuzz`` does for long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("target", "runs"), [("bodies", 8000), ("v2", 8000), ("http", 60_000)])
def test_no_input_is_a_fault_of_ours(target: str, runs: int) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheels for this system")
    command = [sys.executable, str(Path(__file__).with_name("guided.py")), target, str(runs), "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"Done {runs} runs" in done.stderr
