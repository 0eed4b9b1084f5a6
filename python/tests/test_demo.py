"""``make demo`` runs to its end, in an environment of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[1]
DEMO = PYTHON / "examples" / "demo.py"
REQUIREMENTS = PYTHON / "requirements"


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


def _names(requirements: list[str]) -> set[str]:
    return {re.match(r"[\w-]+", line)[0] for line in requirements}


def test_its_environment_is_what_serving_needs():
    """What the base and the extras serve and sklearn name, and nothing that only tests need."""
    project = tomllib.loads((PYTHON / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["predict"], *extras["serve"], *extras["sklearn"]]
    given = [
        line
        for line in (REQUIREMENTS / "demo.in").read_text().splitlines()
        if not line.startswith(("#", "-"))
    ]
    assert _names(given) == _names(wanted) - {"mlmodel"}


def test_its_versions_are_those_that_are_tested():
    """Whoever locks anew makes both: uv pip compile -q --no-header --no-annotate demo.in -o demo.txt."""
    demo, tested = (
        set((REQUIREMENTS / f"{name}.txt").read_text().split()) for name in ("demo", "dev")
    )
    assert demo <= tested
