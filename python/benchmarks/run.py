"""Measures mlmodel beside MLflow and beside a bare floor, and prints a table.

``python run.py [--only PATTERN] [--quick] [--before CHECKOUT] [--update]``. Progress goes
to stderr, the table to stdout. Ends with exit code 1 where our side has no figure for some row.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import commands
import crates
import infer
import inprocess
import jvm
import rest
import servers
import sizes
import spark
import table
from bench import ROOT, Bench
from pairing import OURS, Samples, say
from rows import ROWS, Row, select

#: What measures each group of rows, in this order.
GROUPS = {
    "command": commands.measure,
    "inprocess": inprocess.measure,
    "server": servers.measure,
    "rest": rest.measure,
    "infer": infer.measure,
    "r": crates.measure,
    "spark": spark.measure,
    "jvm": jvm.measure,
    "size": sizes.measure,
}
PAGE = ROOT / "docs" / "speed.md"


def main(arguments: list[str] | None = None) -> int:
    """Measure the chosen rows; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.update and (options.only or options.quick or options.before):
        parser.error("the page holds a whole run: --update goes without the others")
    rows = select(options.only)
    if not rows:
        say(f"no row matches {options.only!r}; there are: {', '.join(row.id for row in ROWS)}")
        return 2
    with tempfile.TemporaryDirectory(prefix="mlmodel-bench-") as work:
        bench = Bench(Path(work), quick=options.quick)
        if options.before is not None:
            bench.before = Bench(bench.work, quick=options.quick, root=options.before.resolve())
        for one in filter(None, (bench, bench.before)):
            one.require_own_package()
        results = measure(bench, rows)
    peer = "MLflow" if options.before is None else "before"
    text = table.markdown(results, versions(peer), bench.big, peer)
    print(text)
    say("done")
    complete = all(samples.median(OURS) is not None for _, samples in results)
    if options.update and complete:
        PAGE.write_text(table.put_between_markers(PAGE.read_text(), text))
    return 0 if complete else 1


def measure(bench: Bench, rows: list[Row]) -> list[tuple[Row, Samples]]:
    """Return the samples of the rows, in the table's order."""
    found: dict[str, Samples] = {}
    for group, measure_group in GROUPS.items():
        of_group = [row for row in rows if row.group == group]
        if of_group:
            found.update({row.id: samples for row, samples in measure_group(bench, of_group)})
    return [(row, found[row.id]) for row in rows]


def versions(peer: str) -> dict[str, str]:
    """Return what was measured, by name."""
    locks = (ROOT / "python" / "requirements" / f"{name}.txt" for name in ("v2-clients", "mlflow"))
    lines = [line for lock in locks for line in lock.read_text().splitlines()]
    locked = dict(line.split("==", 1) for line in lines if "==" in line)
    return {
        "Python": platform.python_version(),
        "mlmodel": version("mlmodel"),
        **(
            {"MLflow": locked["mlflow"], "MLServer": locked["mlserver"]} if peer == "MLflow" else {}
        ),
        "numpy": version("numpy"),
        "pandas": version("pandas"),
        "scikit-learn": version("scikit-learn"),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", metavar="PATTERN", help="only rows whose id matches or contains")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--before", type=Path, metavar="CHECKOUT",
        help="measure beside another checkout of this project, whose `make env` was run, instead "
        "of beside MLflow",
    )  # fmt: skip
    parser.add_argument(
        "--update",
        action="store_true",
        help=f"write the table into {PAGE.name}, if no row of ours is missing",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
