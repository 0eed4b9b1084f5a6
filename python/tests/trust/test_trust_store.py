"""Digest and store (TRU-030 to TRU-034)."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from mlmodel.cli import COMMANDS
from mlmodel.cli.trust import command
from mlmodel.errors import InvalidArgument, InvalidModel, ModelNotFound, WriteFailed
from mlmodel.trust import records
from mlmodel.trust.gate import Gate
from mlmodel.trust.records import record


@pytest.fixture
def folder(root):
    (root / "MLmodel").write_bytes(b"flavors: {}\n")
    (root / "code").mkdir()
    (root / "code" / "own.py").write_bytes(b"")
    (root / "empty").mkdir()
    return root


def test_links_and_special_files_have_no_digest(folder):  # TRU-031
    (folder / "link").symlink_to("MLmodel")
    with pytest.raises(InvalidModel, match="TRU-031"):
        records.add(folder, "x")
    assert not Gate.for_folder(folder).is_trusted()
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(InvalidModel, match="pipe"):
        records.add(folder, "x")
    with pytest.warns(UserWarning, match="pipe"):
        assert record(folder, "x") == ""
    (folder / "pipe").unlink()
    (folder / "a\nb").write_text("")
    with pytest.raises(InvalidModel, match="line of text"):
        records.add(folder, "x")


def test_no_folder(tmp_path):
    with pytest.raises(ModelNotFound):
        records.add(tmp_path / "none", "x")
    assert not Gate.for_folder(tmp_path / "none").is_trusted()


def test_record_file(folder, store_folder):  # TRU-032
    digest = record(folder, "saved")
    files = list(store_folder.iterdir())
    assert [path.name for path in files] == [f"{digest}.json"]
    found = json.loads(files[0].read_text())
    assert set(found) == {"digest", "path", "reason", "added", "files"}
    assert set(found["files"]) == {"MLmodel", "code/own.py"}
    assert found["digest"] == digest
    assert found["path"] == str(folder)
    assert store_folder.stat().st_mode & 0o777 == 0o700
    assert records.contains(digest)


def test_location(monkeypatch, tmp_path):  # TRU-032
    monkeypatch.delenv("MLMODEL_TRUST_STORE")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert str(records.location()) == "/state/mlmodel/trust"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(records.location()) == "/home/someone/.local/state/mlmodel/trust"
    for home in ("", None):
        monkeypatch.delenv("HOME", raising=False)
        if home is not None:
            monkeypatch.setenv("HOME", home)
        found = records.location()
        assert found is None or found.is_absolute()


def test_no_place_for_the_store(folder, monkeypatch, digest_of):  # TRU-034
    monkeypatch.setattr(records, "location", lambda: None)
    with pytest.warns(UserWarning, match="MLMODEL_TRUST_STORE"):
        assert record(folder, "saved") == digest_of(folder)
    assert records.list_records() == []
    assert not Gate.for_folder(folder).is_trusted()
    with pytest.raises(WriteFailed):
        records.add(folder, "x")


def test_store_that_cannot_be_written_is_a_warning(folder, monkeypatch, tmp_path):  # TRU-034
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "file" / "store"))
    with pytest.warns(UserWarning, match="could not be written"):
        record(folder, "saved")


def test_store_open_to_others_is_not_believed(folder, store_folder):  # TRU-033
    digest = record(folder, "saved")
    store_folder.chmod(0o777)
    with pytest.warns(UserWarning, match="is not used: it must be"):
        assert not records.contains(digest)
    with pytest.warns(UserWarning, match="belongs to another user, or others"):
        record(folder, "saved")
    store_folder.chmod(0o700)
    assert records.contains(digest)
    (store_folder / f"{digest}.json").chmod(0o666)
    assert not records.contains(digest)


def test_store_of_another_user_is_not_believed(folder, store_folder, monkeypatch):  # TRU-033
    digest = record(folder, "saved")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.warns(UserWarning, match="is not used: it must be"):
        assert not records.contains(digest)


def test_link_in_the_store_is_not_believed(folder, store_folder, tmp_path):  # TRU-033
    digest = record(folder, "saved")
    file = store_folder / f"{digest}.json"
    file.rename(tmp_path / "moved.json")
    file.symlink_to(tmp_path / "moved.json")
    assert not records.contains(digest)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"digest": "x", "path": "", "reason": "", "added": ""}', "\0"]
)
def test_damaged_record_is_not_believed(folder, store_folder, text):
    digest = record(folder, "saved")
    (store_folder / f"{digest}.json").write_text(text)
    assert not records.contains(digest)
    assert records.list_records() == []


def test_remove(folder, tmp_path):
    digest = record(folder, "saved")
    with pytest.raises(InvalidArgument):
        records.remove(digest[:7])
    with pytest.raises(InvalidArgument):
        records.remove(tmp_path / "none")
    assert records.remove(digest[:8]).digest == digest
    assert not records.contains(digest)
    record(folder, "saved")
    (folder / "MLmodel").write_text("changed")
    assert records.remove(folder).digest == digest


def test_commands(folder, digest_of):
    run = CliRunner().invoke
    (folder / "model.pkl").write_bytes(b"cposix\nsystem\n.")
    (folder / "fine.pkl").write_bytes(b"\x80\x02ccollections\nOrderedDict\n.")
    added = run(command, ["add", str(folder)])
    assert added.exit_code == 0, added.output
    for line in (
        "model.pkl: a pickle that uses posix.system",
        "code/own.py: Python code",
        "fine.pkl: a pickle, 1 name, all on the list: needs no trust",
    ):
        assert line in added.output
    assert Gate.for_folder(folder).is_trusted()
    digest = digest_of(folder)
    assert digest in run(command, ["list"]).output
    assert digest in run(command, ["remove", str(folder)]).output
    assert "No folder is trusted" in run(command, ["list"]).output
    assert isinstance(run(command, ["remove", digest]).exception, InvalidArgument)
    assert isinstance(run(command, ["add", str(folder / "none")]).exception, ModelNotFound)


def test_states_that_were_saved_over_are_left_out(folder):
    """TRU-045: copies of them are trusted still."""
    run = CliRunner().invoke
    first = record(folder, "saved")
    (folder / "MLmodel").write_bytes(b"flavors: {a: {}}\n")
    second = record(folder, "saved")
    listed = run(command, ["list"]).output
    assert second in listed
    assert first not in listed
    assert "1 earlier state" in listed
    assert first in run(command, ["list", "--all"]).output
    assert records.contains(first)


def test_add_says_what_was_not_found(root):
    (root / "MLmodel").write_text("flavors: {a: {}}\n")
    output = CliRunner().invoke(command, ["add", str(root)]).output
    assert "no pickle and no code was found (files of other kinds" in output


def test_a_folder_that_cannot_be_trusted_is_not_described(folder):
    (folder / "link").symlink_to("MLmodel")
    result = CliRunner().invoke(command, ["add", str(folder)])
    assert isinstance(result.exception, InvalidModel)
    assert result.output == ""


def test_what_is_printed_moves_no_cursor(root, store_folder, tmp_path):
    (root / "MLmodel").write_text("flavors: {}\n")
    (root / "\x1b[1A\x1b[2K.py").write_text("")
    output = CliRunner().invoke(command, ["add", str(root)]).output
    assert "\x1b" not in output
    assert "  \\x1b[1A\\x1b[2K.py: Python code\n" in output
    other = root.rename(tmp_path / "\x1b[2J\nmodel")
    assert CliRunner().invoke(command, ["add", str(other)]).exit_code == 0
    for args in (["list"], ["remove", str(other)]):
        output = CliRunner().invoke(command, args).output
        assert "\x1b" not in output
        assert "\\x1b[2J\\nmodel" in output


def test_help_line():
    assert command.help == COMMANDS["trust"][1]
