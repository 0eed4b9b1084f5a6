"""The fidelity matrix (FID-001): flavor, kind of data and way in, each held against the model."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from fidelity_kinds import EXAMPLE
from fidelity_table import (
    EVERYWHERE,
    KNOWN,
    SPECIFICATION,
    Cell,
    cells,
    kinds_of,
    not_yet,
    reason,
    refusal,
    written,
)
from fidelity_ways import FOLDERS, SPARK, WAYS

import mlmodel
from asking import as_declared
from mlmodel.scoring.fidelity.answers import difference
from specimens import Made, names, specimen

if TYPE_CHECKING:
    from collections.abc import Callable


class Trained(NamedTuple):
    """A model, how it answers by itself, its example, and rows that it has not seen."""

    model: Any
    native: Callable[[Any, Any], Any]
    example: Any
    held_out: Any


@cache
def trained(flavor: str, kind: str) -> Trained:
    """Return a model of the table; each is trained once."""
    made = specimen(flavor).model_of(kind)
    assert isinstance(made, Made)
    rows, held_out = map(made.prepare, kinds_of(flavor)[kind].made())
    return Trained(made.train(rows), made.native, rows[:EXAMPLE], held_out)


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Any]:
    """Return what gives a model as a python_function; each is saved once."""
    kept: dict[tuple[str, str], Any] = {}

    def load(flavor: str, kind: str) -> Any:
        if (flavor, kind) not in kept:
            own, folder = trained(flavor, kind), tmp_path_factory.mktemp("matrix") / "m"
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MLMODEL_CHECK_FIDELITY", "false")  # which is what is asked here
                mlmodel.save(own.model, folder, example=own.example)
            kept[flavor, kind] = mlmodel.load(folder, trust=True)
            FOLDERS[id(kept[flavor, kind])] = folder
        return kept[flavor, kind]

    return load


def _library_marks(flavor: str, *others: str) -> list[Any]:
    rare = [name for name in specimen(flavor).libraries if name not in EVERYWHERE]
    # In one mark, so that all of a flavor is asked by the process in which it was trained.
    needed = dict.fromkeys((*rare, *others))
    return [pytest.mark.libraries(*needed)] if needed else []


def _parameters(*, refused: bool = False) -> list[Any]:
    found = []
    for cell in cells():
        if reason(cell) is None and bool(refusal(cell)) == refused:
            of_spark = cell.way == SPARK
            marks = _library_marks(cell.flavor, *(["pyspark"] if of_spark else []))
            marks += [pytest.mark.slow] if of_spark else []
            why = not_yet(cell)
            if why is not None:
                marks.append(pytest.mark.xfail(strict=True, reason=why))
            found.append(pytest.param(*cell, marks=marks, id="-".join(cell)))
    return found


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("flavor", "kind", "way"), _parameters())
def test_a_model_is_answered_as_by_itself(
    loaded: Callable[[str, str], Any], flavor: str, kind: str, way: str
) -> None:
    """FID-001: on rows it has not seen, and on one in which everything is missing that may be."""
    own, model = trained(flavor, kind), loaded(flavor, kind)
    for rows in (own.held_out, own.held_out[-1:]):
        answer = as_declared(model, WAYS[way](model, rows))
        single = specimen(flavor).single
        assert difference(own.native(own.model, rows), answer, single=single) is None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("flavor", "kind", "way"), _parameters(refused=True))
def test_what_a_model_cannot_be_asked_is_refused(
    loaded: Callable[[str, str], Any], flavor: str, kind: str, way: str
) -> None:
    """FID-001: no other value in its place: the error names the column, and the other rows are answered."""
    own, model = trained(flavor, kind), loaded(flavor, kind)
    others = own.held_out[:-1].dropna()
    answer = as_declared(model, WAYS[way](model, others))
    assert difference(own.native(own.model, others), answer) is None
    with pytest.raises(Exception, match=refusal(Cell(flavor, kind, way))) as refused:
        WAYS[way](model, own.held_out)
    said = str(refused.value).replace(
        "\\", ""
    )  # an answer over HTTP is shown as Python has its text
    assert "'c'" in said or "whose c is" in said


@pytest.mark.parametrize(
    ("flavor", "kind"),
    [
        pytest.param(name, kind, marks=_library_marks(name))
        for name in names()
        for kind, made in specimen(name).fidelity.items()
        if isinstance(made, Made) and made.refused
    ],
)
def test_what_is_refused_is_none_that_the_model_takes(flavor: str, kind: str) -> None:
    own = trained(flavor, kind)
    with pytest.raises(Exception, match=r"\S"):
        own.native(own.model, own.held_out[-1:])


def _rows_of(answers: Any) -> Any:
    if isinstance(answers, dict):  # a chart, which holds them
        return next(iter(answers["datasets"].values()))
    return answers.to_numpy().tolist() if hasattr(answers, "columns") else answers


@pytest.mark.parametrize(
    "flavor", [pytest.param(name, marks=_library_marks(name)) for name in names()]
)
def test_every_model_answers_by_every_row(flavor: str) -> None:
    """A model that says the same of all rows would prove nothing."""
    for kind, made in specimen(flavor).fidelity.items():
        if isinstance(made, Made):
            own = trained(flavor, kind)
            asked = own.held_out[:-1].dropna() if made.refused else own.held_out
            answers = own.native(own.model, asked)
            answers = answers["y"] if "y" in getattr(answers, "columns", ()) else answers
            assert len({str(answer) for answer in _rows_of(answers)}) > EXAMPLE // 4, kind


@pytest.mark.parametrize("flavor", names())
def test_a_table_names_every_combination(flavor: str) -> None:
    own, kinds = specimen(flavor), kinds_of(flavor)
    assert set(own.fidelity) <= set(kinds)
    assert own.other_kinds or list(own.fidelity) == list(kinds)
    is_there = any(isinstance(made, Made) for made in own.fidelity.values())
    assert is_there == ("fidelity" not in own.missing)
    made = [made.not_sent for made in own.fidelity.values() if isinstance(made, Made)]
    assert all(set(ways) <= set(WAYS) for ways in made)
    assert all(set(kind.not_sent) <= set(WAYS) for kind in kinds.values())
    assert set(own.not_asked) <= set(WAYS)


@pytest.mark.thorough
@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.why)
def test_what_differs_is_there(known: Any) -> None:
    """A line that no cell is for has been forgotten."""
    places = [Cell(*place) for place in product(known.flavors, known.kinds, known.ways)]
    assert set(places) <= set(cells())
    assert any(reason(place) is None for place in places)


def test_the_specification_shows_the_results() -> None:
    """What is written there is what the tests of this file hold; ``fidelity_table.py`` writes it."""
    text = SPECIFICATION.read_text(encoding="utf-8")
    assert written(text) == text
