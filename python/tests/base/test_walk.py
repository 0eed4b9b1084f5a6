"""Trees of files looked through: in order, without recursion, to a bound (DIR-010)."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from mlmodel._base import digest, files, user_folders
from mlmodel.cli.diff import command as diff_command
from mlmodel.cli.inspect import command as inspect_command
from mlmodel.cli.validate import command as validate_command
from mlmodel.errors import UnreadableModel

TEXT = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"


def test_a_walk_is_that_of_the_system(tmp_path):
    for name in ("b/c", "a/d/e", "a/b"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a" / "x").touch()
    (tmp_path / "b" / "link").symlink_to(tmp_path)
    found = [(folder, below, sorted(names)) for folder, below, names in files.walk(tmp_path)]
    wanted = []
    for folder, below, names in os.walk(tmp_path):
        links = [name for name in below if os.path.islink(os.path.join(folder, name))]
        below[:] = sorted(set(below) - set(links))
        wanted.append((folder, list(below), sorted(names + links)))
    assert found == wanted


@pytest.mark.parametrize(
    ("command", "arguments"),
    [(validate_command, 1), (inspect_command, 1), (diff_command, 2)],
)
def test_more_than_is_looked_at_is_said(command, arguments, tmp_path, monkeypatch):
    for number in range(20):
        (tmp_path / "models" / str(number) / "x").mkdir(parents=True)
        (tmp_path / "models" / str(number) / "MLmodel").write_text(TEXT)
    monkeypatch.setattr(files, "MOST_ENTRIES", 19)
    given = [str(tmp_path / "models")] if arguments == 1 else [str(tmp_path / "one")] * 2
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "MLmodel").write_text(TEXT)
    for number in range(20):
        (tmp_path / "one" / str(number)).touch()
    told = CliRunner().invoke(command, given)
    text = f"{told.output}{told.exception}"
    assert "files and folders" in text
    assert "DIR-010" in text


def test_what_is_asked_of_every_file_ends(tmp_path, monkeypatch):
    """DIR-010: the stamp of a folder, and who may write there; links are not followed."""
    for number in range(9):
        (tmp_path / str(number)).touch()
    (tmp_path / "link").symlink_to("/")
    monkeypatch.setattr(files, "MOST_ENTRIES", 10)
    before = digest.stamp_of(tmp_path)
    (tmp_path / "0").write_text("x")
    assert digest.stamp_of(tmp_path) != before
    (tmp_path / "one more").touch()
    monkeypatch.setattr(user_folders, "may_be_written_by_others", lambda _: False)
    for ask in (digest.stamp_of, user_folders.written_by_others):
        with pytest.raises(UnreadableModel, match="DIR-010"):
            ask(tmp_path)
