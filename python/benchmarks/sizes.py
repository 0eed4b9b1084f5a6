"""Weighs installed environments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench import ROOT
from environments import own_environment, weigh
from pairing import MLFLOW, OURS, Sample, Samples, interleave, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench import Bench
    from rows import Row

#: Row -> the extras that our side needs for it; MLflow has one environment for everything.
EXTRAS = {"size-base": "", "size-serve": "[serve,sklearn]"}


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Weigh our environment for each row, and MLflow's."""
    for row in rows:
        say(f"measuring {row.id}")
        samplers: dict[str, Callable[[], Sample]] = {
            OURS: _weigher(lambda row=row: own_environment(ROOT, row.id, EXTRAS[row.id])),
            MLFLOW: _weigher(lambda row=row: _other(bench, row)),
        }
        yield row, interleave(samplers, row.rounds)


def _other(bench: Bench, row: Row) -> Path:
    if bench.before is not None:
        return own_environment(bench.before.root, f"{row.id}-before", EXTRAS[row.id])
    return Path(bench.python(MLFLOW)).parents[1]


def _weigher(folder: Callable[[], Path]) -> Callable[[], Sample]:
    def sample() -> Sample:
        size, packages = weigh(folder())
        return {"value": size / 2**20, "packages": packages}

    return sample
