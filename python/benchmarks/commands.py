"""Measures commands from start to end, as the shell sees them."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from pairing import FLOOR, MLFLOW, OURS, CannotMeasure, Sample, Samples, interleave, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench import Bench
    from rows import Row

    Command = Callable[[Bench], list[str]]

_LIMIT = 180.0
#: Prints how many modules an import adds, and how many of them are neither the standard
#: library's nor the package's own.
_COUNT = """
import json, sys
before = set(sys.modules)
import {package}
added = set(sys.modules) - before
own = sys.stdlib_module_names | {{"{package}"}}
foreign = [name for name in added if name.partition(".")[0] not in own]
print(json.dumps({{"modules": len(added), "foreign": len(foreign)}}))
"""
_UNPICKLE = "import pickle, sys, sklearn; pickle.load(open(sys.argv[1], 'rb'))"
_CLICK = "import click; click.command()(lambda: None)(['--help'])"


def _code(side: str, text: str) -> Command:
    return lambda bench: [bench.python(side), "-c", text]


def _cli(side: str, *arguments: str) -> Command:
    return lambda bench: [*bench.command(side), *arguments]


def _of_model(name: str, *arguments: str) -> Command:
    """Return one of our commands that gets a model."""
    return lambda bench: [*bench.command(OURS), *arguments, str(bench.models(OURS) / name)]


def unpickle(bench: Bench) -> list[str]:
    """Return the floor of loading: import scikit-learn, unpickle the model, nothing else."""
    return [bench.python(FLOOR), "-c", _UNPICKLE, str(bench.models(OURS) / "iris" / "model.pkl")]


def _predict(side: str, *more: str) -> Command:
    def command(bench: Bench) -> list[str]:
        csv, output = bench.work / "iris.csv", bench.work / f"predictions-{side}"
        # scikit-learn's four iris columns; written here because this process has no pandas.
        names = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)"
        csv.write_text("\n".join([names, *["5.1,3.5,1.4,0.2"] * 100]) + "\n")
        model = str(bench.models(side) / "iris")
        leading = ["models"] if side == MLFLOW else []
        files = ["-i", str(csv), "-o", str(output), "-t", "csv"]
        return [*bench.command(side), *leading, "predict", "-m", model, *files, *more]

    return command


#: Row -> side -> command.
COMMANDS: dict[str, dict[str, Command]] = {
    "import": {
        OURS: _code(OURS, "import mlmodel"),
        MLFLOW: _code(MLFLOW, "import mlflow"),
        FLOOR: _code(FLOOR, "pass"),
    },
    "help": {
        OURS: _cli(OURS, "--help"),
        MLFLOW: _cli(MLFLOW, "--help"),
        FLOOR: _code(FLOOR, _CLICK),
    },
    "validate-shell": {
        OURS: _of_model("iris", "validate"),
        FLOOR: _code(FLOOR, "import yaml, jsonschema"),
    },
    "fmt-wide": {
        OURS: _of_model("widest", "fmt", "--check"),
        FLOOR: _of_model("widest", "validate"),
    },
    "fmt-comments": {
        OURS: _of_model("commented", "fmt", "--check"),
        FLOOR: _of_model("commented", "validate"),
    },
    "predict-shell": {
        OURS: _predict(OURS),
        MLFLOW: _predict(MLFLOW, "--env-manager", "local"),
        FLOOR: unpickle,
    },
}


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Measure the rows one after the other, each by all sides in turns."""
    for row in rows:
        say(f"measuring {row.id}")
        failures: dict[str, str] = {}
        samplers: dict[str, Callable[[], Sample]] = {}
        for side, command in _commands(bench, row).items():
            try:
                samplers[side] = _sampler(bench, row, side, command)
            except CannotMeasure as error:
                failures[side] = str(error)
        samples = interleave(samplers, row.quick_rounds if bench.quick else row.rounds)
        samples.failures.update(failures)
        yield row, samples


def _commands(bench: Bench, row: Row) -> dict[str, list[str]]:
    """Return the command lines of a row by side."""
    made = {side: command(bench) for side, command in COMMANDS[row.id].items()}
    if bench.before is not None:
        made[MLFLOW] = COMMANDS[row.id][OURS](bench.before)
    return made


def _sampler(bench: Bench, row: Row, side: str, command: list[str]) -> Callable[[], Sample]:
    """Return what measures one side; the first run, which compiles modules, does not count."""
    environ = bench.environ(side)
    bench.run(side, command)
    more: Sample = {}
    if row.id == "import" and side != FLOOR:
        text = _COUNT.format(package=side if bench.before is None else OURS)
        more = json.loads(bench.run(side, [bench.python(side), "-c", text]))

    def sample() -> Sample:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environ,
            cwd=bench.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Waiting with a timeout would poll, up to 50 ms late: a watchdog ends what hangs.
        watchdog = threading.Timer(_LIMIT, process.kill)
        watchdog.start()
        code = process.wait()
        milliseconds = (time.perf_counter() - start) * 1e3
        watchdog.cancel()
        if code:
            raise CannotMeasure(f"exit code {code} when timed")
        return {"value": milliseconds, **more}

    return sample
