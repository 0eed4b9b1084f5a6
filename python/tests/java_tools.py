"""Java for tests: the jars of the bridge, built once for all processes of a run."""

from __future__ import annotations

import fcntl
import shutil
from functools import cache
from pathlib import Path

import pytest

from mlmodel.bridges.jvm import jars as bridge

JAVA = Path(__file__).resolve().parents[2] / "java-bridge"


@cache
def jars() -> Path:
    """Return the folder of the jars; where no Java or Maven is, the test is skipped."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on PATH")
    folder = bridge.place()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / ".java-lock").open("w") as lock:
        fcntl.flock(
            lock, fcntl.LOCK_EX
        )  # two processes of Maven at once would be in each other's way
        return bridge.setup()
