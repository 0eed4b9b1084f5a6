"""The table of flavors as its page and the README show it; run by itself, this file writes both.

Each mark is held by a test of ``test_table.py``: what is there passes, and what is not, fails.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    _TESTS = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(_TESTS / one) for one in ("", "fidelity", "../tools")]

from interchange_table import exchanged, page_of
from oldest import lock_of, locked
from packaging.requirements import Requirement

from mlmodel.flavors import _registry
from specimens import AGES, names, specimen

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = REPOSITORY / "spec" / "flavors" / "README.md"
README = REPOSITORY / "README.md"
#: The columns, as ``table_cells.CELLS`` has them (a test compares).
COLUMNS = (
    "saved", "native load", "python_function", "arrays", "signature, example", "fidelity",
    *(f"MLflow {age}" for age in AGES),
    "without MLflow", "detected", "REST", "trust",
)  # fmt: skip
#: The columns with releases of MLflow -> how MLflow was asked (``test_interchange.py``).
_EXCHANGED = {"MLflow writes": "writes", "loads in MLflow": "reads"}
#: The programs that no lock has: those of Debian 12, on which the tests run.
_PROGRAMS = {"R": "R 4.2", "java": "Java 17", "the jars that it runs": "MLeap 0.20.0"}
_BEGIN, _END = "<!-- table: python python/tests/flavors/flavor_table.py -->", "<!-- end -->"


def nothing_to_read(flavor: str, cell: str) -> str | None:
    """Return why no MLflow of an age wrote such a model, or None."""
    layout = specimen(flavor).layouts.get(cell.removeprefix("MLflow "))
    return layout if isinstance(layout, str) else None


def not_there(flavor: str, cell: str) -> str | None:
    """Return why a cell fails, as a test sees, or None."""
    return specimen(flavor).missing.get(cell)


def versions(flavor: str) -> str:
    """Return the libraries of a flavor with the oldest and the newest versions of the locks."""
    known = _registry.flavor_by_name(flavor)
    if known and known.programs:  # which no lock has
        return ", ".join(_PROGRAMS[name] for name in known.programs)
    wanted = (
        [Requirement(line).name for line in known.extra or known.packages]
        if known
        else ["cloudpickle"]
    )
    newest = locked("flavors")
    oldest = locked(lock_of(flavor))
    names = [name if name in newest else f"{name}-cpu" for name in wanted]
    return ", ".join(
        f"{name} {' to '.join(dict.fromkeys((oldest[name], newest[name])))}" for name in names
    )


def written(text: str) -> str:
    """Return the page with the table in its place."""
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    reasons: list[str] = []
    rows = [
        f"| flavor | {' | '.join((*COLUMNS, *_EXCHANGED))} | tested with |",
        f"|{'---|' * (len(COLUMNS) + len(_EXCHANGED) + 2)}",
        *(_row(flavor, reasons) for flavor in names()),
    ]
    notes = [f"{place}. {why}" for place, why in enumerate(reasons, 1)]
    return "\n".join([f"{before}{_BEGIN}", "", *rows, "", *notes, "", f"{_END}{after}"])


def summary(text: str) -> str:
    """Return the README with the short form of the table in its place."""
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    rows = [
        "| flavor | reads MLflow | loads in MLflow | to load | tested with |",
        f"|{'---|' * 5}",
    ]
    for flavor in names():
        ages = {age for age in AGES if nothing_to_read(flavor, f"MLflow {age}") is None}
        reads = ", ".join(sorted(ages.union(exchanged(flavor, "writes"))))
        back = ", ".join(exchanged(flavor, "reads")) or "no"
        trust = "asks for trust" if specimen(flavor).runs else "needs no trust"
        link = f"[{flavor}]({page_of(flavor).relative_to(REPOSITORY).as_posix()})"
        rows.append(f"| {link} | {reads} | {back} | {trust} | {versions(flavor)} |")
    return "\n".join([f"{before}{_BEGIN}", "", *rows, "", f"{_END}{after}"])


def _row(flavor: str, reasons: list[str]) -> str:
    link = f"[{flavor}]({os.path.relpath(page_of(flavor), PAGE.parent)})"
    marks = [*_marks(flavor, reasons)]
    marks += [", ".join(exchanged(flavor, way)) or "none" for way in _EXCHANGED.values()]
    return f"| {link} | {' | '.join(marks)} | {versions(flavor)} |"


def _marks(flavor: str, reasons: list[str]) -> Iterator[str]:
    for cell in COLUMNS:
        runs = specimen(flavor).runs if cell == "trust" else ""
        whys = {
            "no": not_there(flavor, cell),
            "none": nothing_to_read(flavor, cell),
            "asks": runs and f"Loading runs {runs}",
        }
        mark, why = next(((mark, why) for mark, why in whys.items() if why), ("", ""))
        if not why:
            yield "no need" if cell == "trust" else "yes"
            continue
        if why not in reasons:
            reasons.append(why)
        yield f"{mark} ({reasons.index(why) + 1})"


if __name__ == "__main__":
    for path, made in ((PAGE, written), (README, summary)):
        path.write_text(made(path.read_text(encoding="utf-8")), encoding="utf-8")
