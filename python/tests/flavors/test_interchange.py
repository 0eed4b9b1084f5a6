"""The interchange with MLflow: every cell of its table, for every flavor, from its specimen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from interchange import WAYS, Exchange, Peer
from interchange_table import CELLS, PAGE, RELEASES, not_exchanged, written

from specimens import names, specimen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The cells that are not. None is ever added; one that MLflow mends, or is mended here, goes.
NOT_YET = {
    "crate": set(CELLS),
    "diviner": {"3.x writes", "3.x reads"},
    "fastai": {"3.x writes", "3.x reads"},
    "gluon": {"3.x writes", "3.x reads", "2.x writes", "2.x reads"},
    "keras": {"1.x writes"},
    "mleap": set(CELLS),
    "onnx": {"1.x writes"},
    "sentence_transformers": {"2.x reads", "1.x writes"},
    "tensorflow": {"1.x writes"},
    "transformers": {"2.x reads", "1.x writes"},
    "vizmod": set(CELLS),
}


@pytest.fixture(scope="session")
def exchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Exchange]]:
    """Return what gives a flavor's exchange with a release; each is made once."""
    folder = tmp_path_factory.mktemp("peers")
    peers = {release: Peer(release, folder) for release in RELEASES}
    made: dict[tuple[str, str], Exchange] = {}

    def of(name: str, release: str) -> Exchange:
        if (name, release) not in made:
            own = tmp_path_factory.mktemp(name)
            made[name, release] = Exchange(name, peers[release], own)
        return made[name, release]

    yield of
    for peer in peers.values():
        peer.end()


def _parameters() -> list[Any]:
    return [
        pytest.param(name, cell, marks=pytest.mark.libraries(*specimen(name).libraries))
        for name in names()
        for cell in CELLS
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "cell"), _parameters())
def test_a_cell_is_as_the_table_says(
    exchanged: Callable[[str, str], Exchange], name: str, cell: str
) -> None:
    release, way = cell.split()
    exchange, why = exchanged(name, release), not_exchanged(name, cell)
    if why is None:
        WAYS[way](exchange)
        return
    with pytest.raises(AssertionError) as failed:
        WAYS[way](exchange)
    assert why in str(failed.value), "MLflow says something else by now"


def test_what_was_exchanged_once_stays_so() -> None:
    found = {name: set(specimen(name).not_exchanged) for name in names()}
    assert {name: cells for name, cells in found.items() if cells} == NOT_YET


@pytest.mark.parametrize("name", names())
def test_a_specimen_names_what_there_is(name: str) -> None:
    assert set(specimen(name).not_exchanged) <= set(CELLS)


def test_the_page_shows_the_results() -> None:
    """What is written there is what the tests of this file hold; ``interchange_table.py`` writes it."""
    text = PAGE.read_text(encoding="utf-8")
    assert written(text) == text
