"""``make demo`` runs to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[1] / "examples" / "demo.py"


@pytest.mark.slow
def test_the_demo_ends_well():
    done = subprocess.run(
        [sys.executable, DEMO], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("200 {") == 5
    assert "ENF-049" in done.stdout
    assert "posix.system" in done.stdout
    assert done.stdout.endswith("All done.\n")
