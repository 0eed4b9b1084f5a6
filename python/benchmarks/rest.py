"""Measures servers under load: no-op models and iris, all sides in turns."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import wrk
from pairing import FLOOR, MLFLOW, OURS, CannotMeasure, Samples, interleave, say
from servers import BATCHED, DOUBLED, IRIS_BODY, WALLED, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench import Bench
    from rows import Row
    from servers import Server


class Load(NamedTuple):
    """What a row sends: to which model, how many rows, over how many connections."""

    model: str
    rows: int
    connections: int
    #: The floor reads doubles only.
    sides: tuple[str, ...] = (OURS, MLFLOW, FLOOR)


LOADS = {
    "rest-1-c1": Load("few", 1, 1),
    "rest-1-c16": Load("few", 1, 16),
    "rest-1000-c1": Load("few", 1000, 1),
    "rest-1000-c16": Load("few", 1000, 16),
    "rest-mixed-c1": Load("mixed", 1, 1, (OURS, MLFLOW)),
    "rest-mixed-c16": Load("mixed", 1, 16, (OURS, MLFLOW)),
    "rest-1000-mixed-c1": Load("mixed", 1000, 1, (OURS, MLFLOW)),
    "rest-1000-mixed-c16": Load("mixed", 1000, 16, (OURS, MLFLOW)),
    "rest-iris-c16": Load("iris", 1, 16),
    "walled-iris-c16": Load("iris" + WALLED, 1, 16, (OURS, FLOOR)),
    "batched-forest-c16": Load("forest" + BATCHED, 1, 16, (OURS, FLOOR)),
    "doubled-forest-c16": Load("forest" + DOUBLED, 1, 16, (OURS, FLOOR)),
}


def body_of(load: Load) -> bytes:
    """Return the request of a row."""
    import inputs

    if load.model.startswith(("iris", "forest")):
        return IRIS_BODY
    make = {"few": partial(inputs.doubles, columns=inputs.FEW), "mixed": inputs.mixed}
    return inputs.split_body(make[load.model](load.rows))


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Measure the rows; those of one model share running servers."""
    try:
        tool = wrk.find()
    except CannotMeasure as error:
        for row in rows:
            yield row, Samples(failures=dict.fromkeys(LOADS[row.id].sides, str(error)))
        return
    for model, group in groupby(rows, lambda row: LOADS[row.id].model):
        with ExitStack() as stack:
            servers: dict[str, Server] = {}
            failures: dict[str, str] = {}
            say(f"starting the servers of the model {model!r}")
            rows_of_model = list(group)
            for side in dict.fromkeys(s for row in rows_of_model for s in LOADS[row.id].sides):
                try:
                    servers[side] = stack.enter_context(serving(bench, side, model))
                except CannotMeasure as error:
                    failures[side] = str(error)
            for row in rows_of_model:
                say(f"measuring {row.id}")
                yield row, _measure_row(bench, tool, row, servers, failures)


def _measure_row(
    bench: Bench, tool: str, row: Row, servers: dict[str, Server], failures: dict[str, str]
) -> Samples:
    load = LOADS[row.id]
    body = body_of(load)
    script = wrk.script(bench.work, row.id, body)
    failed = {side: reason for side, reason in failures.items() if side in load.sides}
    answers, samplers = {}, {}
    for side in load.sides:
        if side not in servers:
            continue
        fire = partial(wrk.burst, tool, servers[side].url, script, load.connections)
        try:
            answers[side] = servers[side].post(body)
            fire(1)  # warms up
        except CannotMeasure as error:
            failed[side] = str(error)
        else:
            samplers[side] = partial(fire, bench.burst)
    if OURS in samplers and MLFLOW in samplers and answers[OURS] != answers[MLFLOW]:
        # A fast wrong answer is not a figure.
        del samplers[OURS]
        failed[OURS] = f"answers {str(answers[OURS])[:80]}, MLflow {str(answers[MLFLOW])[:80]}"
    samples = interleave(samplers, row.quick_rounds if bench.quick else row.rounds)
    samples.failures.update(failed)
    return samples
