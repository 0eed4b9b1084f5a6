"""What is said of a model without its library, and of one whose files are gone or cut off."""

from __future__ import annotations

import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

import mlmodel
from mlmodel.errors import InvalidModel, MissingDependency, ModelNotFound, UnreadableModel
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


#: Distribution -> the module that it brings, where that has another name.
_MODULES = {"scikit-learn": "sklearn", "sentence-transformers": "sentence_transformers"}


def _libraries() -> list[Any]:
    """Return each flavor with its library, which stands first in its extra."""
    return [
        pytest.param(
            name, Requirement(flavor.extra[0]).name,
            marks=pytest.mark.libraries(*specimen(name).libraries), id=name,
        )
        for name, flavor in FLAVORS.items()
        if flavor.extra
    ]  # fmt: skip


class _Absent:
    """Finds no package of a name, as where it is not installed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        if name.partition(".")[0] == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(("name", "library"), _libraries())
def test_a_missing_library_says_which_extra_brings_it(
    name: str, library: str, saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As python_function, or natively where another library runs the model."""
    folder, module = saved(name), _MODULES.get(library, library)
    for one in [one for one in sys.modules if one.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, one)
    monkeypatch.setattr(sys, "meta_path", [_Absent(module), *sys.meta_path])
    told = []
    for load in (mlmodel.load, getattr(mlmodel, name).load_model):
        try:
            load(folder, trust=True)
        except MissingDependency as error:
            told.append(str(error))
    assert told
    for one in told:
        assert re.search(rf"'{library}' is not installed.*pip install .*\[{name}\]", one), one


#: What a folder has beside the model's own files.
_BESIDE = {"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"}
#: What is said of a file that is not there, or is not what it was.
_REFUSED = (InvalidModel, ModelNotFound, UnreadableModel)


def _own_files(folder: Path) -> list[Path]:
    """Return the model's own files, the largest first, relative to its folder."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in _BESIDE]
    largest = sorted(files, key=lambda path: path.stat().st_size, reverse=True)
    return [path.relative_to(folder) for path in largest]


def _gone(file: Path) -> None:
    file.unlink()


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _cut(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


def _saved() -> list[Any]:
    return [
        pytest.param(name, marks=pytest.mark.libraries(*specimen(name).libraries))
        for name in FLAVORS
    ]


@pytest.mark.parametrize("damage", [_gone, _empty, _cut])
@pytest.mark.parametrize("name", _saved())
def test_a_file_that_is_gone_or_cut_off_is_named(
    name: str, damage: Callable[[Path], None], saved: Callable[[str], Path], tmp_path: Path
) -> None:
    """The largest, which is the model itself: an error of the model's folder, in a trusted one too."""
    folder = tmp_path / "m"
    shutil.copytree(saved(name), folder)
    file = _own_files(folder)[0]
    damage(folder / file)
    with pytest.raises(_REFUSED) as raised:
        mlmodel.load(folder, trust=True)
    assert file.parts[0] in str(raised.value)
