"""Altered model files, loaded and asked: each is refused by a row of the table, or answers.

``python mutants.py boosters|catboost|graphs|lightgbm COUNT [SEED]`` tries so many and ends with 1 at a find: a process
that dies, hangs or eats memory, or an error that is not of the table of spec/errors.md. The files
are loaded in a child with bounds, which begins anew behind a find. How long a graph computes, and in
how much memory, is not told by its file (ONX-018): that is counted and is not a find. The same number and seed make
the same file; ``python mutants.py KIND COUNT SEED FIRST`` begins with another one.
"""

from __future__ import annotations

import os
import random
import re
import resource
import select
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import mlmodel
from mlmodel.errors import MlmodelError

#: Of computing: no file takes so long to load; so long predictions are waited for. A loaded
#: machine, on which a child waits for its turn, gives no false finds.
_SECONDS = 60
_PREDICTING = 20
#: By the clock: a child that waits for something that does not come.
_PATIENCE = 900
_TICK = 2.0
_MEMORY = 6 * 2**30
#: More than the libraries themselves and a small model need.
_RESIDENT_KIB = 1536 * 2**10
_MODULES = {
    "boosters": "mutated_boosters",
    "catboost": "mutated_catboost",
    "graphs": "mutated_graphs",
    "lightgbm": "mutated_lightgbm",
}


class Find(NamedTuple):
    """A file that does what none may."""

    number: int
    what: str


def attempt(kind: str, folder: Path, seed: int, number: int) -> str:  # noqa: PLR0911
    """Write one altered model, load it and predict; return what came of it."""
    made = import_module(_MODULES[kind])
    source = random.Random(seed * 1_000_003 + number)
    name, data, rows = made.altered(source)
    (folder / name).write_bytes(data)
    (folder / "MLmodel").write_text(made.described(name, source))
    try:
        model = mlmodel.load(folder)
    except MlmodelError as error:
        said = f"{error} {[one.file for one in error.details]}"
        known = error.code != "INTERNAL_ERROR" and "report it" not in said
        right = known and (name in said or error.code == "MISSING_DEPENDENCY")
        return error.code if right else f"FIND load: {error.code} {error}"
    except BaseException as error:  # noqa: BLE001 - that is what is looked for
        return f"FIND load: {type(error).__name__}: {error}"
    largest = _most_resident()
    if largest > _RESIDENT_KIB:
        return f"FIND memory: {largest >> 10} MiB"
    sys.stdout.write("loaded\n")
    sys.stdout.flush()
    try:
        model.predict(rows)
    except MlmodelError as error:
        if error.code not in {"INTERNAL_ERROR", "MODEL_FAILURE"}:
            return f"predict {error.code}"
        return _ended(error, error.code)
    except BaseException as error:  # noqa: BLE001 - that is what is looked for
        return _ended(error, f"{type(error).__name__}:")
    return "answered"


def _ended(error: BaseException, what: str) -> str:
    """Return what an error of a prediction is: a find, but where this process's memory ends."""
    # As the libraries say it: onnxruntime "Failed to allocate memory" or "std::bad_alloc".
    told = isinstance(error, MemoryError) or re.search("allocat|bad_alloc", str(error))
    return "predict MemoryError" if told else f"FIND predict: {what} {error}"


def _most_resident() -> int:
    """Return the most KiB that this program held; `ru_maxrss` counts what started it, too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0])


def child(kind: str, first: int, count: int, seed: int) -> None:
    """Try files one by one and tell of each before and after."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, count):
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            found = attempt(kind, Path(folder), seed, number).replace("\n", " ")[:400]
            largest = _most_resident()
            sys.stdout.write(f"{found}\n")
            if largest > _RESIDENT_KIB:
                sys.exit(1)
            if found.startswith("FIND"):
                sys.exit(1)


def tried(
    kind: str, count: int, seed: int = 0, first: int = 0
) -> tuple[dict[str, int], list[Find]]:
    """Return how often each outcome came, and the finds."""
    outcomes, finds = dict[str, int](), list[Find]()
    while first < count:
        command = [sys.executable, __file__, kind, str(count), str(seed), str(first), "child"]
        with (
            tempfile.TemporaryFile() as noise,
            subprocess.Popen(command, bufsize=0, stdout=subprocess.PIPE, stderr=noise) as process,
        ):
            seen = len(finds)
            first = _watched(process, first, outcomes, finds)
            for find in finds[seen:]:
                sys.stderr.write(f"{kind} {find.number} of seed {seed}: {find.what}\n")
    return outcomes, finds


def _watched(process: Any, first: int, outcomes: dict[str, int], finds: list[Find]) -> int:
    """Follow one child; return the number of the next file."""
    number, stage = first - 1, ""
    while True:
        ready = _answered(process, _PREDICTING if stage == "loaded" else _SECONDS)
        line = process.stdout.readline().decode(errors="replace").strip() if ready else ""
        if not line:
            if not ready:
                process.kill()
                if stage == "loaded":
                    outcomes["predict does not end"] = outcomes.get("predict does not end", 0) + 1
                else:
                    finds.append(Find(number, "it does not end"))
            elif stage:
                finds.append(Find(number, f"the process ended with {process.wait()}"))
            return number + 1
        if line.isdigit() or line == "loaded":
            number, stage = (number, line) if line == "loaded" else (int(line), line)
            continue
        if line.startswith("FIND"):
            finds.append(Find(number, line))
        else:
            outcomes[line] = outcomes.get(line, 0) + 1
        stage = ""


def _answered(process: Any, seconds: float) -> bool:
    """Wait for a line of a child; False where it has computed, or waited, for too long."""
    began, computed = time.monotonic(), _computed(process.pid)
    while not select.select([process.stdout], [], [], _TICK)[0]:
        waited = time.monotonic() - began
        if waited > _PATIENCE or _computed(process.pid) - computed > seconds:
            return False
    return True


def _computed(pid: int) -> float:
    """Return the seconds that a process has computed for, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(kind: str, count: int, seed: int, first: int) -> int:
    """Try files; write what came of them."""
    outcomes, finds = tried(kind, count, seed, first)
    told = ", ".join(f"{times:,} {what}" for what, times in sorted(outcomes.items()))
    sys.stdout.write(f"{count - first:,} {kind}: {told}; {len(finds)} finds (seed {seed})\n")
    return int(bool(finds) or not outcomes.get("answered"))


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[2:5]]
    if sys.argv[5:] == ["child"]:
        child(sys.argv[1], numbers[2], numbers[0], numbers[1])
    else:
        count, seed, first = [*numbers, 0, 0][:3]
        sys.exit(main(sys.argv[1], count, seed, first))
