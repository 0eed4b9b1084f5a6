"""Measures bundles of MLeap beside Spark itself, a process of each side in turns."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from bench import HERE, last_words
from pairing import FLOOR, MLFLOW, OURS, CannotMeasure, Sample, Samples, interleave, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench import Bench
    from rows import Row


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Measure the rows; the floor is Spark's own transform of the same stages."""
    sides = (OURS, FLOOR) if bench.before is None else (OURS, MLFLOW, FLOOR)
    for row in rows:
        say(f"measuring {row.id}")
        samplers = {side: _sampler(bench, row.id, side) for side in sides}
        yield row, interleave(samplers, row.quick_rounds if bench.quick else row.rounds)


def _sampler(bench: Bench, row: str, side: str) -> Callable[[], Sample]:
    """Return what measures a side once; what stood here before is a side of ours."""
    of = bench.before if side == MLFLOW and bench.before is not None else bench
    asked = FLOOR if side == FLOOR else OURS

    def sample() -> Sample:
        java = {key: os.environ[key] for key in ("JAVA_HOME",) if key in os.environ}
        kept = os.environ.get("MLMODEL_JAVA_BRIDGE", str(of.root / ".cache"))
        done = subprocess.run(
            [of.python(OURS), str(HERE / "jvm_rows.py"), row, asked],
            env={**of.environ(OURS), **java, "MLMODEL_JAVA_BRIDGE": kept}, cwd=bench.work,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise CannotMeasure(last_words(done.stderr))
        found: Sample = json.loads(done.stdout.splitlines()[-1])
        return found

    return sample
