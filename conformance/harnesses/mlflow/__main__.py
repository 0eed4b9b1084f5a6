"""The harness behind a pipe: ``python -m conformance.harnesses.mlflow``, with MLflow's Python."""

from __future__ import annotations

import os
import tempfile

# MLflow reads these when it is imported, and sends nothing home.
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}

import mlflow

from conformance.harnesses.mlflow.operations import OPERATIONS, PROFILES, run
from conformance.harnesses.pipe import answer_all

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="conformance-") as work:
        os.chdir(work)  # what MLflow keeps beside itself goes there
        answer_all(
            run,
            implementation="MLflow",
            version=mlflow.__version__,
            operations=OPERATIONS,
            profiles=PROFILES,
        )
