"""Measures models as functions of Spark, a process of each side in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import HERE
from environments import environment_of, folder_of
from pairing import FLOOR, MLFLOW, OURS, Sample, Samples, interleave, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench import Bench
    from rows import Row


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Measure the rows; the floor is the model itself, without Spark."""
    for row in rows:
        say(f"measuring {row.id}")
        samplers = {side: _sampler(bench, side) for side in (OURS, MLFLOW, FLOOR)}
        yield row, interleave(samplers, row.quick_rounds if bench.quick else row.rounds)


def _sampler(bench: Bench, side: str) -> Callable[[], Sample]:
    def sample() -> Sample:
        of = bench.before if side == MLFLOW and bench.before is not None else bench
        asked = OURS if of is not bench else side
        python, beside = of.python(OURS), {}
        if asked == MLFLOW:  # whose own environment has no Spark
            python, beside = str(environment_of("flavors")), {"PYTHONPATH": _mlflow()}
        folder = bench.work / "spark"
        folder.mkdir(exist_ok=True)
        command = [python, str(HERE / "spark_rows.py"), asked, str(folder), str(bench.many)]
        return bench.sample(OURS, command, **beside)

    return sample


def _mlflow() -> str:
    return str(folder_of("mlflow-skinny"))
