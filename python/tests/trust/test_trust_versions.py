"""What every supported version saves loads there, and in the others (TRU-072, TRU-019, TRU-011)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from peer_environment import EnvironmentFailed, peer_python  # noqa: E402 - beside the tests

OLDEST, MIDDLE, NEWEST = "sklearn-1.3", "sklearn-1.6", "sklearn-1.9"


def run(environment, *arguments):
    """Run the script of this folder in an environment that has those versions."""
    try:
        python = peer_python(environment)
    except EnvironmentFailed as error:
        pytest.fail(str(error))
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests/trust")])
    done = subprocess.run(
        [python, str(ROOT / "tests/trust/in_version.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


@pytest.mark.slow
@pytest.mark.parametrize("environment", [OLDEST, MIDDLE, NEWEST])
def test_every_estimator_loads_and_answers_the_same(environment):
    found = run(environment, "load")
    assert found["bad"] == {}
    assert found["tried"] > 600


@pytest.mark.slow
@pytest.mark.parametrize("environment", [OLDEST, MIDDLE, NEWEST])
def test_hostile_numbers_are_refused_in_every_version(environment):  # TRU-058, TRU-099, TRU-101
    found = run(environment, "hostile")
    assert found["found"] == {}
    assert found["honest"] == []
    assert found["tried"] > 80


@pytest.mark.slow
@pytest.mark.parametrize(("writer", "reader"), [(OLDEST, NEWEST), (NEWEST, OLDEST)])
def test_what_another_version_wrote_is_not_refused(writer, reader, tmp_path):
    file = str(tmp_path / "written")
    run(writer, "write", file)
    found = run(reader, "read", file)
    # What a library took away is said to be missing; nothing of its own is called hostile.
    assert not {name: why for name, why in found.items() if "UntrustedModel" in why}
    assert not {name: why for name, why in found.items() if name.startswith(PORTABLE)}


#: What loads in both directions: the libraries themselves read each other's.
PORTABLE = ("array", "objects", "types", "scalars", "functions", "masked", "records", "sparse",
            "bunch", "LinearRegression", "StandardScaler", "KNeighborsClassifier")  # fmt: skip


@pytest.mark.slow
def test_the_list_is_what_the_environments_give():
    tool = ROOT / "tools/trust_list.py"
    done = subprocess.run(
        [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
