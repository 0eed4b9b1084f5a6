"""The digest of a folder: of names and contents, and of nothing else (TRU-030, TRU-031)."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from mlmodel._base.digest import manifest_of
from mlmodel.errors import InvalidModel, ModelNotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code" / "empty").mkdir(parents=True)
    (tmp_path / "code" / "own.py").write_bytes(b"")
    (tmp_path / "MLmodel").write_bytes(b"flavors: {}\n")
    return tmp_path


def test_by_hand(folder: Path, digest_of: Callable[[Path], str]) -> None:
    """TRU-030."""
    file, code = (hashlib.sha256(text).hexdigest() for text in (b"flavors: {}\n", b""))
    found = manifest_of(folder)
    assert found.files == {"MLmodel": file, "code/own.py": code}
    lines = f"{file} 12 MLmodel\n{code} 0 code/own.py\n"
    assert found.digest == hashlib.sha256(lines.encode()).hexdigest() == digest_of(folder)


def test_names_and_contents_count_and_nothing_else(folder: Path) -> None:
    """TRU-030."""
    before = manifest_of(folder).digest
    os.utime(folder / "MLmodel", (1, 1))
    (folder / "MLmodel").chmod(0o600)
    assert manifest_of(folder).digest == before
    (folder / "code" / "own.py").rename(folder / "code" / "other.py")
    assert manifest_of(folder).digest != before


def test_the_order_is_that_of_the_bytes(folder: Path, digest_of: Callable[[Path], str]) -> None:
    """TRU-030: a folder's files do not stand together where a name beside it comes between."""
    for name in ("code-", "code0", "\N{FULLWIDTH LATIN SMALL LETTER A}", "\N{GRINNING FACE}"):
        (folder / name).write_bytes(name.encode())
    assert manifest_of(folder).digest == digest_of(folder)


def test_links_special_files_and_odd_names_have_none(folder: Path) -> None:
    """TRU-031."""
    (folder / "link").symlink_to("MLmodel")
    with pytest.raises(InvalidModel, match="TRU-031"):
        manifest_of(folder)
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(InvalidModel, match="pipe"):
        manifest_of(folder)
    (folder / "pipe").unlink()
    (folder / "a\nb").write_text("")
    with pytest.raises(InvalidModel, match="line of text"):
        manifest_of(folder)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        manifest_of(tmp_path / "none")
