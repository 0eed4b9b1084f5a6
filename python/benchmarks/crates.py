"""Measures functions of R asked from Python, beside rpy2's own conversion, in turns."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench import HERE
from environments import environment_of
from pairing import MLFLOW, OURS, Sample, Samples, interleave, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench import Bench
    from rows import Row


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Measure the rows; rpy2 stands in MLflow's place, or what stood here before."""
    for row in rows:
        say(f"measuring {row.id}")
        samplers = {side: partial(_sample, bench, side, row.id) for side in (OURS, MLFLOW)}
        yield row, interleave(samplers, row.quick_rounds if bench.quick else row.rounds)


def _sample(bench: Bench, side: str, row: str) -> Sample:
    """Ask one side in a process of its own."""
    of = bench.before if side == MLFLOW and bench.before is not None else bench
    is_peer = side == MLFLOW and of is bench
    python = str(environment_of("rpy2")) if is_peer else of.python(OURS)
    command = [python, str(HERE / "crate_rows.py"), row, "rpy2" if is_peer else OURS]
    return of.sample(OURS, command)
