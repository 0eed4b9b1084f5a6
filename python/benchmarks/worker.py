"""Runs one side's in-process tasks on demand: ``python worker.py SIDE MODELS SHARED BIG``.

Reads a JSON line [task, seconds] per sample from stdin and answers with one JSON line, so
that the caller can take turns between resident processes of several environments.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Given:
    """What a task is prepared from.

    ``models``: the folder of the side's own models; ``shared``: of those that all sides read;
    ``big``: rows of the big frames.
    """

    models: Path
    shared: Path
    big: int


class Side:
    """The tasks of one side; the one measured last stays prepared."""

    def __init__(self, name: str, given: Given) -> None:
        self.tasks = importlib.import_module(f"inprocess_{name}").TASKS
        self.given = given
        self.current = ""
        self.call: Callable[[], object] | None = None

    def sample(self, task: str, seconds: float) -> dict[str, Any]:
        """Measure once; {"absent": true} where the side has no such task."""
        if task not in self.tasks:
            return {"absent": True}
        if task != self.current:
            # The last task's frames are freed before this one's are made.
            self.call, self.current = None, task
            self.call = self.tasks[task](self.given)
        if self.call is None:
            raise RuntimeError("the task could not be prepared before")
        return {"value": milliseconds_per_call(self.call, seconds)}


def milliseconds_per_call(call: Callable[[], object], seconds: float) -> float:
    """Call at least once and for about ``seconds``; return the mean duration."""
    start = time.perf_counter()
    call()
    first = time.perf_counter() - start
    if first >= seconds:
        return first * 1e3
    # The clock is read once per batch of some 10 ms: it must not weigh on short calls.
    batch = max(1, int(0.01 / max(first, 1e-7)))
    calls, spent = 0, 0.0
    while spent < seconds:
        start = time.perf_counter()
        for _ in range(batch):
            call()
        spent += time.perf_counter() - start
        calls += batch
    return spent / calls * 1e3


def main(name: str, given: Given) -> None:
    """Answer requests until stdin ends."""
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    side = Side(name, given)
    for line in sys.stdin:
        try:
            answer = side.sample(*json.loads(line))
        except Exception as error:  # noqa: BLE001 - the caller prints it under the table
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main(sys.argv[1], Given(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
