"""What is said of a model without its library, and of one whose files are gone or cut off."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

import mlmodel
from mlmodel.errors import MissingDependency
from mlmodel.flavors import _registry
from specimens import model, specimen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLAVORS = _registry.all_flavors()
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives the folder of a flavor's specimen; each is saved once."""
    made: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in made:
            own, folder = specimen(name), tmp_path_factory.mktemp(name) / "m"
            save = own.save or getattr(mlmodel, name).save_model
            save(model(name), folder, **own.options)
            made[name] = folder
        return made[name]

    return of


def _libraries() -> list[Any]:
    """Return each flavor with each library that all of its models need."""
    return [
        pytest.param(name, one, marks=pytest.mark.libraries(*specimen(name).libraries), id=f"{name}-{one}")
        for name in FLAVORS
        if FLAVORS[name].extra
        for one in specimen(name).libraries
    ]


@pytest.mark.parametrize(("name", "library"), _libraries())
def test_a_missing_library_says_which_extra_brings_it(
    name: str, library: str, saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(name)
    for one in [one for one in sys.modules if one.partition(".")[0] == library]:
        monkeypatch.setitem(sys.modules, one, None)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingDependency, match=rf"'{library}' is not installed.*\[{name}\]"):
        mlmodel.load(folder, trust=True)
