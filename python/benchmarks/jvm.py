"""Measures bundles of MLeap beside Spark itself, a process of each side in turns."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bench import HERE
from pairing import FLOOR, MLFLOW, OURS, Sample, Samples, interleave, say

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

    kept = os.environ.get("MLMODEL_JAVA_BRIDGE", str(of.root / ".cache"))
    command = [of.python(OURS), str(HERE / "jvm_rows.py"), row, asked]
    return lambda: of.sample(OURS, command, MLMODEL_JAVA_BRIDGE=kept)
