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
