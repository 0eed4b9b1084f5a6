"""The table of the interchange as its page shows it; run by itself, this file writes the page.

Each mark is held by a test of ``test_interchange.py``: what is there passes, and what is not fails
with the words of MLflow that stand below the table.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    _TESTS = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(_TESTS / one) for one in ("", "fidelity", "../tools")]

from oldest import locked

from specimens import names, specimen

SPEC = Path(__file__).resolve().parents[3] / "spec"
PAGE = SPEC / "flavors" / "interchange.md"
#: Releases of MLflow -> the lock of the newest one, which is laid beside the flavors' libraries.
RELEASES = {"3.x": "mlflow-skinny", "2.x": "mlflow-skinny-2", "1.x": "mlflow-skinny-1"}
#: The cells: for each release, what it writes is read here, and what is written here it reads.
#: MLflow 1 reads no signature of 2.7 and later, be it MLflow's or ours: it does not know `required`.
CELLS = ("3.x writes", "3.x reads", "2.x writes", "2.x reads", "1.x writes")
_BEGIN, _END = "<!-- table: python python/tests/flavors/interchange_table.py -->", "<!-- end -->"


def not_exchanged(flavor: str, cell: str) -> str | None:
    """Return what MLflow says where a cell is not, as a test sees, or None."""
    return specimen(flavor).not_exchanged.get(cell)


def exchanged(flavor: str, way: str) -> list[str]:
    """Return the releases that write a flavor's models for us, or read ours; the oldest first."""
    cells = [one for one in sorted(CELLS) if one.endswith(way)]
    return [one.split()[0] for one in cells if not_exchanged(flavor, one) is None]


def page_of(flavor: str) -> Path:
    """Return the page of the specification that describes a flavor."""
    page = SPEC / "flavors" / f"{flavor}.md"
    return page if page.exists() else SPEC / "python-function.md"


def written(text: str) -> str:
    """Return the page with the table in its place."""
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    reasons: list[str] = []
    rows = [
        f"| flavor | {' | '.join(map(_head, CELLS))} |",
        f"|{'---|' * (len(CELLS) + 1)}",
        *(_row(flavor, reasons) for flavor in names()),
    ]
    notes = [f"{place}. MLflow: `{why}`" for place, why in enumerate(reasons, 1)]
    return "\n".join([f"{before}{_BEGIN}", "", *rows, "", *notes, "", f"{_END}{after}"])


def _head(cell: str) -> str:
    release, way = cell.split()
    return f"MLflow {locked(RELEASES[release])['mlflow-skinny']} {way}"


def _row(flavor: str, reasons: list[str]) -> str:
    whys = (not_exchanged(flavor, cell) for cell in CELLS)
    # One reason for all flavors that a release has not.
    marks = [_mark(why and why.replace(f"mlflow.{flavor}", "mlflow.…"), reasons) for why in whys]
    link = os.path.relpath(page_of(flavor), PAGE.parent)
    return f"| [{flavor}]({link}) | {' | '.join(marks)} |"


def _mark(why: str | None, reasons: list[str]) -> str:
    if why is None:
        return "yes"
    if why not in reasons:
        reasons.append(why)
    return f"no ({reasons.index(why) + 1})"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
