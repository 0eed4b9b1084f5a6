"""The table of flavors: every cell of it, for every flavor, from its specimen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from flavor_table import COLUMNS, PAGE, README, not_there, nothing_to_read, summary, written
from table_cells import CELLS, Bench

from mlmodel.errors import InvalidInput
from mlmodel.flavors import _registry
from specimens import AGES, names, specimen

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    """Return what gives a flavor's bench; each is there once."""
    made: dict[str, Bench] = {}

    def of(name: str) -> Bench:
        if name not in made:
            made[name] = Bench(name, tmp_path_factory.mktemp(name))
        return made[name]

    return of


def _parameters() -> list[Any]:
    found = []
    for name in names():
        for cell in CELLS:
            if nothing_to_read(name, cell) is not None:
                continue
            marks = [pytest.mark.libraries(*specimen(name).libraries)]
            why = not_there(name, cell)
            if why is not None:
                # Data of another kind have an error of their own, but in a model of the user's.
                refuses = cell == "arrays" and name in _registry.all_flavors()
                raises = InvalidInput if refuses else None
                marks.append(pytest.mark.xfail(strict=True, reason=why, raises=raises))
            found.append(pytest.param(name, cell, marks=marks, id=f"{name}-{cell}"))
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "cell"), _parameters())
def test_a_cell_is_as_the_table_says(bench: Callable[[str], Bench], name: str, cell: str) -> None:
    CELLS[cell](bench(name))


def test_every_flavor_has_a_specimen() -> None:
    assert set(_registry.all_flavors()) <= set(names())


@pytest.mark.parametrize("name", _registry.all_flavors())
def test_every_page_says_its_native_form(name: str) -> None:
    """PYF-023 (EDITIONS row 37): a test of the table sees that it is so."""
    page = (PAGE.parent / f"{name}.md").read_text(encoding="utf-8")
    assert re.search(r"[Tt]he native form is |\| native form \|", page)


@pytest.mark.parametrize("name", names())
def test_a_specimen_names_what_there_is(name: str) -> None:
    own = specimen(name)
    assert set(own.missing) <= set(CELLS)
    assert set(own.layouts) <= set(AGES)
    assert own.libraries


def test_the_page_shows_the_results() -> None:
    """What is written there is what the tests of this file hold; ``flavor_table.py`` writes it."""
    assert tuple(CELLS) == COLUMNS
    for path, made in ((PAGE, written), (README, summary)):
        text = path.read_text(encoding="utf-8")
        assert made(text) == text
