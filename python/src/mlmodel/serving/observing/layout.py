"""Where the counts of a process stand in its part of the table.

First some words of the process itself, then a block for each model, then rows for what is not known
beforehand: two whole numbers, a row's key, and a count.
"""

from __future__ import annotations

from mlmodel.scoring.stages import GATHER, NAMES

__all__ = [
    "ALL_STAGES",
    "ANSWER",
    "BATCH_REQUESTS",
    "BATCH_ROWS",
    "BLOCK",
    "BODY",
    "COUNTED",
    "COUNTS",
    "HEADER",
    "PROTOCOLS",
    "ROW",
    "ROWS",
    "SECONDS",
    "SIZED",
    "SIZES",
    "STAGES",
    "STARTS",
    "THERE",
    "TIMED",
    "WHOLE",
    "leave",
    "size_of",
]

#: The upper bounds of the histograms; everything is below the last, which is not written.
SECONDS = (
    *(5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 10.0),
)
SIZES = tuple(float(4**power) for power in range(3, 14))  # 64 bytes to 64 MiB
COUNTS = tuple(float(2**power) for power in range(15))  # 1 to 16,384
PROTOCOLS = ("rest", "v2", "grpc")

#: The stages of a model, that of models with batches at the end (RST-183).
ALL_STAGES = (*NAMES, GATHER)

#: A histogram of seconds, of sizes and of counts: its buckets, with that beyond all, and the sum.
TIMED, SIZED, COUNTED = len(SECONDS) + 2, len(SIZES) + 2, len(COUNTS) + 2
#: A block: how many requests are under way; the stages and all of them together; body and answer;
#: requests and rows of the predictions that batches are.
STAGES, WHOLE = 1, 1 + len(ALL_STAGES) * TIMED
BODY = WHOLE + TIMED
ANSWER = BODY + SIZED
BATCH_REQUESTS = ANSWER + SIZED
BATCH_ROWS = BATCH_REQUESTS + COUNTED
BLOCK = BATCH_ROWS + COUNTED
#: Words at the start of a part: a process is there; how many there have been.
THERE, STARTS, HEADER = 0, 1, 2
#: How many rows there are. What finds none is not counted.
ROWS, ROW = 1024, 3


def size_of(models: int) -> int:
    """Return how many numbers of eight bytes a part takes for so many models."""
    return HEADER + models * BLOCK + ROWS * ROW


def leave(part: memoryview, models: int) -> None:
    """Note that the process has ended whose part this is; what it has counted stays."""
    values = part.cast("d")
    values[THERE] = 0.0
    for place in range(models):
        values[HEADER + place * BLOCK] = 0.0
