"""The fidelity matrix as the specification shows it; run by itself, this file writes it there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fidelity_kinds import KINDS
from fidelity_models import MODELS
from fidelity_ways import WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

SPECIFICATION = Path(__file__).resolve().parents[3] / "spec" / "fidelity.md"
_BEGIN, _END = "<!-- matrix: python python/tests/fidelity/fidelity_table.py -->", "<!-- end -->"

_ALL = tuple(WAYS)


class Cell(NamedTuple):
    """One model asked in one way."""

    flavor: str
    kind: str
    way: str


class NotYet(NamedTuple):
    """What is known to differ: every combination of the three, as far as it is there."""

    why: str
    flavors: tuple[str, ...]
    kinds: tuple[str, ...]
    ways: tuple[str, ...] = _ALL


#: Whoever mends one of these takes its line out: a cell that is equal and stands here fails.
KNOWN: tuple[NotYet, ...] = ()


def cells() -> Iterator[Cell]:
    """Give every combination of flavor, kind and way."""
    return (Cell(flavor, kind, way) for flavor in MODELS for kind in KINDS for way in WAYS)


def not_yet(cell: Cell) -> str | None:
    """Return why a combination is known to differ, or None."""
    found = [
        one.why
        for one in KNOWN
        if cell.flavor in one.flavors and cell.kind in one.kinds and cell.way in one.ways
    ]
    return "; ".join(found) or None


def reason(cell: Cell) -> str | None:
    """Return why a combination cannot be, or None."""
    flavor, kind, way = cell
    model = MODELS[flavor][kind]
    if isinstance(model, str):
        return model
    way = {"batched": "split"}.get(way, way)  # which is the form of its requests
    return KINDS[kind].not_sent.get(way) or model.not_sent.get(way)


def _mark(cell: Cell) -> str:
    if reason(cell) is not None:
        return "n/a"
    return "=" if not_yet(cell) is None else "not yet"


def written(text: str) -> str:
    """Return the page with the matrix in its place."""
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    head = f"| flavor | kind of data | {' | '.join(WAYS)} |"
    rows = [head, f"|{'---|' * (len(WAYS) + 2)}"]
    for flavor in MODELS:
        for kind in KINDS:
            marks = [_mark(Cell(flavor, kind, way)) for way in WAYS]
            rows.append(f"| {flavor} | {kind} | {' | '.join(marks)} |")
    return "\n".join([f"{before}{_BEGIN}", "", *rows, "", *_reasons(), "", f"{_END}{after}"])


def _reasons() -> Iterator[str]:
    """Give why combinations are not there, a reason a line."""
    whose: dict[str, list[str]] = {}
    for flavor, models in MODELS.items():
        for kind, model in models.items():
            if isinstance(model, str):
                whose.setdefault(model, []).append(f"{flavor}, {kind}")
                continue
            for way, why in model.not_sent.items():
                whose.setdefault(why, []).append(f"{flavor}, {kind}, {way}")
    for kind, one in KINDS.items():
        for way, why in one.not_sent.items():
            whose.setdefault(why, []).append(f"{kind}, {way}")
    yield from (f"- n/a, {'; '.join(named)}: {why}." for why, named in whose.items())
    for one in KNOWN:
        places = ", ".join((*one.kinds, *(() if one.ways == _ALL else one.ways)))
        yield f"- not yet, {places}: {one.why}."


if __name__ == "__main__":
    page = SPECIFICATION.read_text(encoding="utf-8")
    SPECIFICATION.write_text(written(page), encoding="utf-8")
