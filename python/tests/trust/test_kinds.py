"""The table of kinds of files (TRU-006): what is in it, and that one more needs no other file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlmodel.trust import describe, kinds
from mlmodel.trust.kinds import FolderKind, Kind, Rank, Said

ROWS = kinds.rows()
MODULES = sorted(path.stem for path in Path(kinds.__file__).parent.glob("[!_]*.py"))


def test_each_module_has_its_row():
    assert sorted(ROWS) == MODULES
    assert len(MODULES) > 10


@pytest.mark.parametrize("name", MODULES)
def test_a_row(name):
    row = ROWS[name]
    assert isinstance(row, Kind | FolderKind)
    if isinstance(row, Kind) and row.of:
        assert ROWS[row.of].rank == row.rank


def test_no_other_file_names_one():
    text = Path(describe.__file__).read_text() + Path(kinds.__file__).read_text()
    assert [name for name in MODULES if f"kinds.{name}" in text or f"import {name}" in text] == []


@pytest.fixture
def told(root, monkeypatch):
    """Return what tells of a folder with one file, where the table has these rows more."""

    def tell(data, *more):
        (root / "MLmodel").write_text("flavors: {a: {}}\n")
        (root / "x.own").write_bytes(data)
        rows = {**ROWS, **{f"a{number}": row for number, row in enumerate(more)}}
        monkeypatch.setattr(kinds, "rows", lambda: rows)
        kinds.by_rank.cache_clear()
        return [(look.what, look.needs_trust) for look in describe.look_into(root)]

    yield tell
    kinds.by_rank.cache_clear()


def own(said="an own file", **options):
    return Kind(lambda file: file.start.startswith(b"#!own"), lambda _: [Said(said)], **options)


def test_one_more_kind_is_one_more_row(told):
    assert told(b"#!own") == [("a script", True)]
    assert told(b"#!own", own()) == [("an own file; a script", True)]
    assert told(b"#!own", own(of="foreign")) == [("an own file", True)]
    assert told(b"#!own", own(rank=Rank.NAME)) == [("an own file", True)]
    assert told(b"#!own", own(rank=Rank.LAST)) == [("a script", True)]


def test_one_more_form_of_folders_is_one_more_row(told):
    form = FolderKind(lambda _root, _named: {"x.own": Said("of an own form")})
    assert told(b"text", form) == [("of an own form", True)]
    assert told(b"#!own", form) == [("a script", True)]
