"""Folders of models that change (RST-168, RST-169)."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from mlmodel.errors import InvalidArgument, ModelNotFound
from mlmodel.serving.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Looks:
    """A watch and a clock that goes on by itself."""

    def __init__(self, *places: Path | str) -> None:
        self.watch = Watch(map(str, places))
        self.now = 100.0

    def settled(self) -> bool:
        """Return whether a load is due while a minute passes without a change."""
        due = [self.look(0.25) for _ in range(240)]
        return True in due

    def look(self, seconds: float = 0.25) -> bool:
        self.now += seconds
        return self.watch.changed(self.now)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "data" / "deep").mkdir(parents=True)
    for name in ("MLmodel", "model.pkl", "data/deep/x.bin"):
        (folder / name).write_text("1")
    return folder


def _grow(folder: Path) -> None:
    with (folder / "model.pkl").open("a") as file:
        file.write("2")


def _rewrite(folder: Path) -> None:
    (folder / "model.pkl").write_text("2")
    os.utime(folder / "model.pkl", ns=(1, 1))


def _replace_file(folder: Path) -> None:
    """As many tools write: another file by the same name, of the same size and time."""
    path = folder / "data" / "deep" / "x.bin"
    before = path.stat()
    other = folder.parent / "other"
    other.write_text("2")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def _replace_folder(folder: Path) -> None:
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    folder.rename(folder.with_name("old"))
    other.rename(folder)


CHANGES: list[Callable[[Path], object]] = [
    _grow, _rewrite, _replace_file, _replace_folder,
    lambda folder: (folder / "new").write_text(""),
    lambda folder: (folder / "data" / "deep" / "x.bin").unlink(),
    lambda folder: (folder / "data" / "deep" / "x.bin").rename(folder / "x.bin"),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_once_it_is_over(model: Path, change: Callable[[Path], object]) -> None:
    """RST-169: after a second without another one, and once."""
    looks = Looks(model)
    assert not looks.settled()
    change(model)
    assert [looks.look() for _ in range(4)] == [False] * 4
    assert looks.look()
    assert looks.watch.is_still()
    assert not looks.settled()


def test_what_is_no_change(model: Path) -> None:
    looks = Looks(model)
    (model / "model.pkl").read_text()
    (model / "model.pkl").chmod(0o600)
    (model / "__pycache__").mkdir()
    (model / "__pycache__" / "a.pyc").write_text("")
    (model.parent / "other").write_text("")
    os.link(model / "model.pkl", model.parent / "linked")
    assert not looks.settled()


def test_a_folder_that_is_written_slowly(model: Path) -> None:
    """RST-169: nothing is loaded before its end."""
    looks = Looks(model)
    for _ in range(50):
        _grow(model)
        assert not looks.look(0.9)
    assert looks.settled()


def test_a_folder_without_an_mlmodel_file(model: Path) -> None:
    """RST-169: it is waited for, also where the whole folder is gone."""
    looks = Looks(model)
    (model / "MLmodel").unlink()
    assert not looks.settled()
    away = model.rename(model.with_name("away"))
    assert not looks.settled()
    away.rename(model)
    assert not looks.settled()
    (model / "MLmodel").write_text("2")
    assert looks.settled()


def test_what_changes_while_it_is_loaded(model: Path) -> None:
    """RST-169: it is loaded again, also where it is as before then."""
    looks = Looks(model)
    assert looks.watch.is_still()
    (model / "new").write_text("")
    assert not looks.watch.is_still()
    (model / "new").unlink()
    assert looks.settled()
    assert looks.watch.is_still()
    assert not looks.settled()


def test_a_link_that_is_pointed_elsewhere(model: Path, tmp_path: Path) -> None:
    """RST-169: of a folder, of the folder above, and inside of the model."""
    other = tmp_path / "other"
    shutil.copytree(model, other)
    for name, first, second in (("m", model, other), ("m2", "model", "other")):
        link = tmp_path / name
        link.symlink_to(first)
        looks = [Looks(link), Looks(link / "MLmodel"), Looks(f"file://{link}")]
        (tmp_path / "next").symlink_to(second)
        (tmp_path / "next").replace(link)
        assert all(one.settled() for one in looks)
        assert not any(one.settled() for one in looks)
    (model / "in").symlink_to(other / "model.pkl")
    (model / "loop").symlink_to(model)
    looks_inside = Looks(model)
    _grow(other)
    assert looks_inside.settled()


def test_several_models(model: Path, tmp_path: Path) -> None:
    """RST-168: a change of one is waited for until the other is whole."""
    other = tmp_path / "other"
    shutil.copytree(model, other)
    looks = Looks(model, other)
    _grow(other)
    (model / "MLmodel").rename(model / "MLmodel.new")
    assert not looks.settled()
    (model / "MLmodel.new").rename(model / "MLmodel")
    assert looks.settled()


@pytest.mark.parametrize("place", ["https://example.org/model", "s3://bucket/model"])
def test_a_model_that_cannot_be_watched(place: str) -> None:
    """RST-168."""
    with pytest.raises(InvalidArgument, match="RST-168"):
        Watch([place])


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        Watch([str(tmp_path)])
