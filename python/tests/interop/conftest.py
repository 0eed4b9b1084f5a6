"""MLflow in an environment of its own; its scripts run in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from peer_environment import peer_python


@pytest.fixture(scope="session")
def mlflow_python() -> Path:
    return peer_python("mlflow-flavors")


@pytest.fixture(scope="session")
def run_mlflow(mlflow_python):
    """Run a script with MLflow; it prints one JSON value on its last line, which is returned."""

    def run(script: str, *args: object):
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}
        done = subprocess.run(
            [mlflow_python, "-c", script, *map(str, args)],
            capture_output=True, text=True, env=environment, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run
