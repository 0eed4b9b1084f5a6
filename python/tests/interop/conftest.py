"""MLflow of today in an environment of its own, and the last 2.x beside the packages of ours.

Its scripts run in another process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from peer_environment import peer_folder, peer_python


@pytest.fixture(scope="session")
def run_mlflow(tmp_path_factory):
    """Run a script with MLflow; it prints one JSON value on its last line, which is returned."""
    return _runner("3.x", tmp_path_factory.mktemp("mlflow"))


@pytest.fixture(scope="session", params=["3.x", "2.x"])
def run_each_mlflow(request, tmp_path_factory):
    """Run a script with each release of MLflow, likewise."""
    return _runner(request.param, tmp_path_factory.mktemp("mlflow"))


def _runner(release, folder):
    python, more = (
        (peer_python("mlflow-flavors"), {})
        if release == "3.x"
        else (sys.executable, {"PYTHONPATH": str(peer_folder("mlflow-skinny-2"))})
    )
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}

    def run(script: str, *args: object):
        # From a file: pyspark takes a main module without one for a run of its own doctests, and ends it.
        (folder / "script.py").write_text(script)
        done = subprocess.run(
            [python, "script.py", *map(str, args)], capture_output=True, text=True,
            cwd=folder, env={**os.environ, **quiet, **more}, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run
