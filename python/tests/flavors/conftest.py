"""What tests of flavors share."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[2]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import mlmodel
try:
    mlmodel.load(sys.argv[1])
except mlmodel.errors.MissingDependency as error:
    print(error)
"""


@pytest.fixture
def load_without():
    """Load a model in a process where a package is not installed; return what it is told."""

    def load(folder, absent):
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(folder), absent],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return load
