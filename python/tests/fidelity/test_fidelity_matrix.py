"""The fidelity matrix (FID-001): flavor, kind of data and way in, each held against the model."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from fidelity_kinds import EXAMPLE, KINDS
from fidelity_models import MODELS, Made
from fidelity_table import KNOWN, SPECIFICATION, Cell, cells, not_yet, reason, written
from fidelity_ways import WAYS

import mlmodel
from mlmodel.scoring.fidelity.answers import difference

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
    made = MODELS[flavor][kind]
    assert isinstance(made, Made)
    rows, held_out = map(made.prepare, KINDS[kind].made())
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
        return kept[flavor, kind]

    return load


def _parameters() -> list[Any]:
    found = []
    for cell in cells():
        if reason(cell) is None:
            why = not_yet(cell)
            marks = () if why is None else pytest.mark.xfail(strict=True, reason=why)
            found.append(pytest.param(*cell, marks=marks, id="-".join(cell)))
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("flavor", "kind", "way"), _parameters())
def test_a_model_is_answered_as_by_itself(
    loaded: Callable[[str, str], Any], flavor: str, kind: str, way: str
) -> None:
    """FID-001: on rows it has not seen, and on one in which everything is missing that may be."""
    own, model = trained(flavor, kind), loaded(flavor, kind)
    for rows in (own.held_out, own.held_out[-1:]):
        answer = WAYS[way](model, rows)
        single = flavor in {"xgboost", "onnx"}
        assert difference(own.native(own.model, rows), answer, single=single) is None


@pytest.mark.parametrize("flavor", MODELS)
def test_every_model_answers_by_every_row(flavor: str) -> None:
    """A model that says the same of all rows would prove nothing."""
    for kind, made in MODELS[flavor].items():
        if isinstance(made, Made):
            own = trained(flavor, kind)
            answers = own.native(own.model, own.held_out)
            answers = answers["y"] if hasattr(answers, "columns") else answers
            assert len({str(answer) for answer in answers}) > EXAMPLE // 4, kind


def test_the_tables_name_every_combination() -> None:
    assert all(list(kinds) == list(KINDS) for kinds in MODELS.values())
    own = [
        made.not_sent
        for kinds in MODELS.values()
        for made in kinds.values()
        if isinstance(made, Made)
    ]
    not_sent = [kind.not_sent for kind in KINDS.values()] + own
    assert all(set(ways) <= set(WAYS) for ways in not_sent)


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
