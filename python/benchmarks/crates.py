"""Measures functions of R asked from Python, beside rpy2's own conversion, in turns."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from typing import TYPE_CHECKING

from bench import HERE, last_words
from environments import environment_of
from pairing import MLFLOW, OURS, CannotMeasure, Sample, Samples, interleave, say

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
    done = subprocess.run(
        command, env=of.environ(OURS), cwd=bench.work, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotMeasure(last_words(done.stderr))
    found: Sample = json.loads(done.stdout.splitlines()[-1])
    return found
