"""Whole files: read when they are regular, written whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mlmodel._base import files

if TYPE_CHECKING:
    from pathlib import Path


def test_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert files.read(tmp_path / "a") == b"abc"
    assert files.read(tmp_path / "a", 3) == b"abc"
    with pytest.raises(files.TooLarge) as refused:
        files.read(tmp_path / "a", 2)
    assert refused.value.size == 3
    with pytest.raises(FileNotFoundError):
        files.read(tmp_path / "b")


def test_a_file_that_says_no_size(tmp_path: Path) -> None:
    if not os.path.exists("/proc/self/cmdline"):
        pytest.skip("this system has no /proc")
    assert b"python" in files.read("/proc/self/cmdline")
    with pytest.raises(files.TooLarge):
        files.read("/proc/self/cmdline", 3)


def test_only_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        before = set(os.listdir("/proc/self/fd"))
        with pytest.raises(OSError, match="not a regular file"):
            files.read(path)
        assert set(os.listdir("/proc/self/fd")) == before


def test_write(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        files.write(tmp_path / "a", b"1")
        files.write(tmp_path / "a", b"2")
        files.write(tmp_path / "b", b"3", private=True)
    finally:
        os.umask(mask)
    assert (tmp_path / "a").read_bytes() == b"2"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_failed_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write(tmp_path / "a", b"1")

    def full(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyboardInterrupt):
        files.write(tmp_path / "a", b"2")
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"1"


def test_regular_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"12")
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "folder").symlink_to("b")
    os.mkfifo(tmp_path / "pipe")
    assert list(files.regular_files(tmp_path)) == [("a", 0), ("b/c", 2)]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """Return a folder with links that stay in it, and with links that do not."""
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "deep" / "real").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"outside")
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "real").write_bytes(b"outside")
    for name, target in (
        ("in", "deep/real"),
        ("twice", "in"),
        ("around", "deep/../../root/deep/real"),
        ("shallow", "deep"),
        ("out", "../secret"),
        ("absolute", str(tmp_path / "secret")),
        ("out_twice", "out"),
        ("up", ".."),
        ("slash", "/"),
        ("sibling", "../root2"),
    ):
        (root / name).symlink_to(target)
    return root


@pytest.mark.parametrize(
    "name", ["in", "twice", "around", "deep/real", "shallow/real", "up/root/in", "deep/../in"]
)
def test_a_link_that_stays_is_followed(linked: Path, name: str) -> None:
    """DIR-011."""
    assert files.read(linked / name, within=linked) == b"inside"


@pytest.mark.parametrize(
    "name",
    ["out", "absolute", "out_twice", "up/secret", "deep/../up/secret", "sibling/real", "up", ".."],
)
def test_a_link_that_leads_out_is_not(linked: Path, name: str) -> None:
    """DIR-011: `root2` begins as `root` does, and is another folder."""
    with pytest.raises(files.LeadsOut):
        files.read(linked / name, within=linked)
    with pytest.raises(files.LeadsOut):
        files.read(f"{linked}/slash{linked.parent}/secret", within=linked)


@pytest.mark.parametrize("swapped", ["real", "folder"])
def test_a_link_that_comes_into_being_meanwhile(
    linked: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DIR-011: after the path was followed, and before it is opened."""
    followed = os.path.realpath

    def realpath(path: str, **options: bool) -> str:
        found = followed(path, **options)
        if found.endswith("real"):
            if swapped == "real":
                (linked / "deep" / "real").unlink()
                (linked / "deep" / "real").symlink_to(linked.parent / "secret")
            else:
                (linked / "deep").rename(linked / "moved")
                (linked / "deep").symlink_to(linked.parent / "root2")
        return found

    monkeypatch.setattr(os.path, "realpath", realpath)
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        files.read(linked / "deep" / "real", within=linked)


def test_below_a_folder_no_link_is_followed(linked: Path) -> None:
    """DIR-011: not one that stays, either; and no handle is left open."""
    before = set(os.listdir("/proc/self/fd"))
    with files.open_below(linked, ["deep", "real"]) as stream:
        assert stream.read() == b"inside"
    for parts, error in (
        (["in"], OSError),
        (["shallow", "real"], NotADirectoryError),
        (["deep"], files.NotRegular),
        (["none"], FileNotFoundError),
    ):
        with pytest.raises(error):
            files.open_below(linked, parts)
    assert set(os.listdir("/proc/self/fd")) == before


def test_nothing_is_written_through_a_link(linked: Path) -> None:
    """DIR-012."""
    files.write(linked / "out", b"new", mode=0o640)
    assert (linked.parent / "secret").read_bytes() == b"outside"
    assert (linked / "out").read_bytes() == b"new"
    assert not (linked / "out").is_symlink()
    assert (linked / "out").stat().st_mode & 0o777 == 0o640


def test_what_is_written_stays_in_its_folder(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DIR-012: also where another folder is put in the place of it meanwhile."""
    synced = os.fsync

    def swapped(handle: int) -> None:
        synced(handle)
        (linked / "deep").rename(linked / "moved")
        (linked / "deep").symlink_to(linked.parent / "root2")

    monkeypatch.setattr(os, "fsync", swapped)
    files.write(linked / "deep" / "real", b"new")
    assert (linked.parent / "root2" / "real").read_bytes() == b"outside"
    assert (linked / "moved" / "real").read_bytes() == b"new"
