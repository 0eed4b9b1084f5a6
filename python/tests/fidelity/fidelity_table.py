"""The fidelity matrix as the specification shows it; run by itself, this file writes it there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fidelity_kinds import KINDS
from fidelity_ways import WAYS

from specimens import names, specimen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fidelity_kinds import Kind

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
KNOWN: tuple[NotYet, ...] = (
    NotYet(
        "the client of V2 gives the moments of an answer in UTC, without their zone",
        ("crate",), ("zoned times",), ("client",),
    ),
    NotYet(
        "a row without its integer is not asked together with those that have one",
        ("crate",), ("integers of 64 bits with gaps",), ("batched",),
    ),
)  # fmt: skip


def kinds_of(flavor: str) -> Mapping[str, Kind]:
    """Return the kinds of data that every flavor is asked with, and its own."""
    return {**KINDS, **specimen(flavor).kinds}


#: The libraries of every environment, whose flavors' cells are run wherever tests are.
EVERYWHERE = {"sklearn", "xgboost", "onnx", "onnxruntime", "cloudpickle"}


def cells() -> Iterator[Cell]:
    """Give every combination of flavor, kind and way."""
    return (
        Cell(flavor, kind, way) for flavor in names() for kind in kinds_of(flavor) for way in WAYS
    )


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
    model = specimen(flavor).model_of(kind)
    if isinstance(model, str):
        return model
    form = {"batched": "split"}.get(way, way)  # which is the form of its requests
    of_kind, of_flavor = kinds_of(flavor)[kind].not_sent, specimen(flavor).not_asked
    return of_flavor.get(way) or of_kind.get(form) or model.not_sent.get(form)


def refusal(cell: Cell) -> str:
    """Return the rule by which a row is refused that the model itself cannot be asked, or nothing."""
    model = specimen(cell.flavor).model_of(cell.kind)
    return "" if isinstance(model, str) else model.refused


def _mark(cell: Cell) -> str:
    if reason(cell) is not None:
        return "n/a"
    if refusal(cell):
        return "refused"
    return "=" if not_yet(cell) is None else "not yet"


def written(text: str) -> str:
    """Return the page with the matrix in its place."""
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    head = f"| flavor | kind of data | {' | '.join(WAYS)} |"
    rows = [head, f"|{'---|' * (len(WAYS) + 2)}"]
    for flavor in names():
        for kind in _kinds_shown(flavor):
            marks = [_mark(Cell(flavor, kind, way)) for way in WAYS]
            rows.append(f"| {flavor} | {kind} | {' | '.join(marks)} |")
    return "\n".join([f"{before}{_BEGIN}", "", *rows, "", *_reasons(), "", f"{_END}{after}"])


def _kinds_shown(flavor: str) -> list[str]:
    """Return the kinds that have a line: those that a flavor says nothing of share a reason."""
    own = specimen(flavor)
    return [kind for kind in kinds_of(flavor) if kind in own.fidelity]


def _reasons() -> Iterator[str]:
    """Give why combinations are not there, a reason a line."""
    whose: dict[str, list[str]] = {}
    for place, why in _places():
        whose.setdefault(why, []).append(place)
    yield from (f"- n/a, {'; '.join(named)}: {why}." for why, named in whose.items())
    for one in KNOWN:
        places = ", ".join((*one.kinds, *(() if one.ways == _ALL else one.ways)))
        yield f"- not yet, {places}: {one.why}."


def _places() -> Iterator[tuple[str, str]]:
    """Give what cannot be, with its reason."""
    for flavor in names():
        own = specimen(flavor)
        yield from _not_sent(flavor, own.not_asked)
        for kind, model in own.fidelity.items():
            if isinstance(model, str):
                yield f"{flavor}, {kind}", model
            else:
                yield from _not_sent(f"{flavor}, {kind}", model.not_sent)
        for kind, one in own.kinds.items():
            yield from _not_sent(f"{flavor}, {kind}", one.not_sent)
        if own.other_kinds:
            yield f"{flavor}, other kinds", own.other_kinds
    for kind, one in KINDS.items():
        yield from _not_sent(kind, one.not_sent)


def _not_sent(what: str, ways: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((f"{what}, {way}", why) for way, why in ways.items())


if __name__ == "__main__":
    page = SPECIFICATION.read_text(encoding="utf-8")
    SPECIFICATION.write_text(written(page), encoding="utf-8")
