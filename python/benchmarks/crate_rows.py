"""Asks a function of R for data frames: ``python crate_rows.py ROW SIDE``.

Prints one line of JSON: the median of the milliseconds that one answer takes. SIDE is ``mlmodel``,
a crate in a process of R beside this one, or ``rpy2``, R within this process and its pandas2ri.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[pd.DataFrame], object]

#: The function takes the frame and gives a column of it, so that nothing is computed.
FUNCTION = "function(x) data.frame(p = x[[1L]])"
#: Rows at once, and how often they are asked once that is warm.
TASKS = {"crate-1": (1, 2000), "crate-100k": (100_000, 20)}


def crate() -> Ask:
    """Return a crate that was loaded, as R's package of MLflow saves one."""
    import mlmodel.crate

    folder = Path(tempfile.mkdtemp(dir="."))
    text = "flavors:\n  crate:\n    version: 0.1.0\n    model: crate.bin\n"
    (folder / "MLmodel").write_text(text)
    made = f"saveRDS(serialize(structure({FUNCTION}, class = 'crate'), NULL), 'crate.bin')"
    subprocess.run(["R", "--vanilla", "--no-echo", "-e", made], cwd=folder, check=True)
    loaded: Ask = mlmodel.crate.load_model(folder, trust=True)
    return loaded


def rpy2() -> Ask:
    """Return the function by rpy2, with the conversion of frames that it comes with."""
    os.environ["RPY2_CFFI_MODE"] = "ABI"  # which needs no compiler
    from rpy2.robjects import default_converter, pandas2ri, r

    function, converter = r(FUNCTION), default_converter + pandas2ri.converter

    def ask(frame: pd.DataFrame) -> object:
        with converter.context():
            return function(frame)

    return ask


def median(ask: Ask, rows: int, times: int) -> float:
    """Return the median of the seconds that an answer takes, of the doubles that were given."""
    doubles = np.random.default_rng(0).random((rows, 10))
    frame = pd.DataFrame(doubles, columns=list("abcdefghij"))
    if not np.array_equal(np.asarray(ask(frame)), doubles[:, :1]):
        raise ValueError("the answer is not what was given")
    taken, until = [], time.perf_counter() + 20
    for _ in range(times):
        start = time.perf_counter()
        ask(frame)
        taken.append(time.perf_counter() - start)
        if taken[2:] and time.perf_counter() > until:
            break
    return statistics.median(taken)


def main() -> None:
    """Measure one side once."""
    row, side = sys.argv[1:]
    seconds = median({"mlmodel": crate, "rpy2": rpy2}[side](), *TASKS[row])
    sys.stdout.write(f"\n{json.dumps({'value': seconds * 1e3})}\n")


if __name__ == "__main__":
    main()
