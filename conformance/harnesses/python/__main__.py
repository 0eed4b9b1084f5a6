"""The harness behind a pipe: ``python -m conformance.harnesses.python``."""

from __future__ import annotations

from pathlib import Path

import mlmodel
from conformance.harnesses.pipe import answer_all
from conformance.harnesses.python import run

if __name__ == "__main__":
    adapters = (Path(__file__).parent / "ops").glob("[!_]*.py")
    answer_all(
        run,
        implementation="mlmodel",
        version=mlmodel.__version__,
        operations=[path.stem.replace("_", "-") for path in adapters],
    )
