"""``python -m conformance.report``: ask the reference and the others, and join it all.

It writes the page, the numbers as JSON, and the table of the README (``make conformance-peers``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.report.kinds import marked
from conformance.report.summary import between_markers, kinds_table, readme, summary, wrong_table
from conformance.runner.html_report import page

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
#: Where the reports of the last run are, whole.
KEPT = ROOT / ".cache" / "conformance"
HARNESSES = HERE.parent / "harnesses"
_R = ("Rscript", "--vanilla", str(HARNESSES / "r" / "harness.R"), str(ROOT / "r-bridge"))


@dataclass(frozen=True)
class _Asked:
    """One implementation: how its harness is started, and what it is known not to do."""

    command: tuple[str, ...]
    known: Path | None = None


def main(arguments: list[str]) -> None:
    """Run what is to be run, or join the reports of a run, in the folder that is named."""
    folder = Path(arguments[0]) if arguments else KEPT
    if not arguments:
        _run_all(folder)
    reports = [marked(json.loads(path.read_bytes())) for path in sorted(folder.glob("*.json"))]
    suite = HERE.parent / "README.md"
    numbers = summary(reports, suite.read_text(encoding="utf-8"))
    _write(HERE / "summary.json", json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")
    tables = "\n".join([*kinds_table(numbers), *wrong_table(numbers)])
    _write(HERE / "index.html", page(reports, tables))
    at = ROOT / "README.md"
    _write(at, between_markers(at.read_text(encoding="utf-8"), readme(numbers)))


def _run_all(folder: Path) -> None:
    """Ask each implementation, one after another, and keep its report in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for number, asked in enumerate(_implementations()):
        known = [] if asked.known is None else ["--known-failing", str(asked.known)]
        target = folder / f"{number}.json"
        command = [sys.executable, "-m", "conformance", "run", *known]
        command += ["--report", "json", "-o", str(target), "--", *asked.command]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        subprocess.run(command, cwd=ROOT, env=environment, check=False)  # noqa: S603 - our own
        if not target.exists():
            sys.exit(f"There is no report of {' '.join(asked.command)}; what was wrong is above.")


def _implementations() -> Iterator[_Asked]:
    """Give what is asked, in the order of the columns."""
    sys.path.insert(0, str(ROOT / "python" / "tools"))
    from peer_environment import peer_python

    own = HARNESSES / "python"
    yield _Asked(_python(sys.executable, "python"), own / "known-failing.txt")
    if shutil.which("Rscript"):
        yield _Asked(_R, HARNESSES / "r" / "known-failing.txt")
    else:
        sys.stderr.write("R has no column: Rscript is not on PATH.\n")
    node = HARNESSES / "node"
    yield _Asked(("node", str(node / "harness.js")), node / "known-failing.txt")
    if all(map(shutil.which, ("java", "mvn"))):
        known = HARNESSES / "java" / "known-failing.txt"
        yield _Asked(_python(sys.executable, "java"), known)
    else:
        sys.stderr.write("Java has no column: java and mvn are not both on PATH.\n")
    for peer in ("mlflow", "mlserver"):
        yield _Asked(_python(str(peer_python(peer)), peer))


def _python(python: str, name: str) -> tuple[str, ...]:
    return (python, "-W", "ignore", "-m", f"conformance.harnesses.{name}")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
