"""Measures work inside a process: a resident worker per side, asked in turns."""

from __future__ import annotations

import json
import select
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pairing import MLFLOW, OURS, SIDES, CannotMeasure, Sample, interleave, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench import Bench
    from pairing import Samples
    from rows import Row

#: Seconds that one sample takes at least, and that an answer may take at most.
_SECONDS, _QUICK_SECONDS, _LIMIT = 0.5, 0.2, 600.0
#: Milliseconds beyond which a call needs no warming up, and beyond which it is not repeated.
_SLOW, _PATIENCE = 2e3, 15e3


class Worker:
    """A process of one side that measures what it is asked."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self.process, self.seconds = process, seconds

    def sample(self, task: str) -> Sample | None:
        """Measure once; None where the side has no such task."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps([task, self.seconds]) + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise CannotMeasure(self._last_words()) from None
        if not select.select([stdout], [], [], _LIMIT)[0]:
            self.process.kill()
            raise CannotMeasure(f"no answer within {_LIMIT:g} s")
        line = stdout.readline()
        if not line:
            raise CannotMeasure(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise CannotMeasure(answer["error"].splitlines()[0][:300])
        return None if "absent" in answer else answer

    def _last_words(self) -> str:
        return f"the worker process ended with exit code {self.process.wait()}"


@contextmanager
def worker(bench: Bench, side: str) -> Iterator[Worker]:
    """Start a side's worker; it is ended afterwards."""
    earlier = bench.before if side == MLFLOW else None
    command = [
        bench.python(side),
        (earlier or bench).script("worker.py"),
        side if earlier is None else OURS,
        str(bench.models(side)),
        str(bench.models(OURS)),
        str(bench.big),
    ]
    log = bench.work / f"worker-{side}.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            env=bench.environ(side),
            cwd=bench.work,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Worker(process, _QUICK_SECONDS if bench.quick else _SECONDS)
        finally:
            process.kill()


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Measure the rows one after the other, each by all sides in turns."""
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        failures: dict[str, str] = {}
        for side in SIDES:
            try:
                workers[side] = stack.enter_context(worker(bench, side))
            except CannotMeasure as error:
                failures[side] = str(error)
        for row in rows:
            say(f"measuring {row.id}")
            yield row, _measure_row(row, workers, failures, quick=bench.quick)


def _measure_row(
    row: Row, workers: dict[str, Worker], failures: dict[str, str], *, quick: bool
) -> Samples:
    failed: dict[str, str] = {}
    samplers: dict[str, Callable[[], Sample]] = {}
    for side, process in workers.items():
        # The first sample warms up, and tells whether the side has such a task at all.
        try:
            first = process.sample(row.id)
        except CannotMeasure as error:
            failed[side] = str(error)
        else:
            if first is not None:
                samplers[side] = _sampler(process, row.id, first)
    samples = interleave(samplers, row.quick_rounds if quick else row.rounds, _PATIENCE)
    samples.failures.update(failed | failures)
    return samples


def _sampler(process: Worker, task: str, first: Sample) -> Callable[[], Sample]:
    """Return what measures a task; a first sample that is slow counts, because it is dear."""
    kept = [first] if first["value"] > _SLOW else []

    def sample() -> Sample:
        if kept:
            return kept.pop()
        taken = process.sample(task)
        if taken is None:
            raise CannotMeasure("the side has no such task")
        return taken

    return sample
