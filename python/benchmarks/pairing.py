"""Samples of several sides, taken in turn, and what is computed from them.

Figures of a shared machine drift from minute to minute, so no two figures are compared that
were not taken one after the other: side A, side B, side A, side B, and ratios pair by pair.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: One sample: the row's figure under "value", and what else was seen (modules, p50, …).
Sample = dict[str, float]
#: The second side is MLflow, or an earlier state of ours in its place (`run.py --before`).
OURS, MLFLOW, FLOOR = "mlmodel", "mlflow", "floor"
SIDES = (OURS, MLFLOW, FLOOR)
_START = time.monotonic()


class CannotMeasure(Exception):
    """A side has no figure for a row; the text says why and is printed under the table."""


@dataclass
class Samples:
    """What was measured for one row: samples by side, and why a side has none."""

    sides: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def median(self, side: str, key: str = "value") -> float | None:
        """Return the median of one side's figure, None where it has none."""
        values = [sample[key] for sample in self.sides.get(side, []) if key in sample]
        return statistics.median(values) if values else None

    def spread(self, side: str) -> tuple[float, float] | None:
        """Return the least and the greatest figure of one side."""
        values = [sample["value"] for sample in self.sides.get(side, [])]
        return (min(values), max(values)) if values else None

    def ratio(self, side: str, other: str) -> float | None:
        """Return the median of the pairwise ratios ``side / other``."""
        pairs = zip(self.sides.get(side, []), self.sides.get(other, []), strict=False)
        ratios = [a["value"] / b["value"] for a, b in pairs if b["value"]]
        return statistics.median(ratios) if ratios else None


def interleave(
    measures: Mapping[str, Callable[[], Sample]], rounds: int, patience: float = float("inf")
) -> Samples:
    """Take ``rounds`` samples of each side, one side after the other.

    A side that raises :class:`CannotMeasure` drops out with its reason; the others go on. One
    whose figure was beyond ``patience`` is not asked again: what it has stands.
    """
    samples = Samples({side: [] for side in measures})
    for _ in range(rounds):
        for side, measure in measures.items():
            taken = samples.sides[side]
            if side in samples.failures or (taken and taken[-1].get("value", 0) > patience):
                continue
            try:
                taken.append(measure())
            except CannotMeasure as error:
                samples.failures[side] = str(error)
                taken.clear()
    return samples


def say(text: str) -> None:
    """Tell what is going on and since when, on stderr: stdout holds the table alone."""
    print(f"{time.monotonic() - _START:4.0f} s  {text}", file=sys.stderr, flush=True)
