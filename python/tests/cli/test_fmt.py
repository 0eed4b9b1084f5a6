"""mlmodel fmt: what it writes, prints, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from mlmodel.cli import COMMANDS
from mlmodel.cli.fmt import command

GOOD = "flavors:\n  sklearn:\n    pickled_model: model.pkl\n"
UGLY = (
    "# hi\ntime_created: 2018-05-25T17:28:53.35\nflavors: {sklearn: {pickled_model: model.pkl}}\n"
)
PRETTY = f"# hi\nutc_time_created: '2018-05-25T17:28:53.35'\n{GOOD}"
BROKEN = GOOD + "flavors: {}\n"


def run(*args, **options):
    return CliRunner().invoke(command, [str(arg) for arg in args], **options)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name, text in (("good", GOOD), ("ugly", UGLY), ("deep/uglier", UGLY)):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "MLmodel").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_help_line_is_the_groups():
    assert command.get_short_help_str(100) == COMMANDS["fmt"][1]
    assert "Examples:" in run("--help").output


def test_a_tree_is_formatted(tree):
    """MLM-024, MLM-025."""
    result = run()
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "reformatted deep/uglier/MLmodel",
        "  2:1: time_created was renamed to utc_time_created. (MLM-025)",
        "reformatted ugly/MLmodel",
        "  2:1: time_created was renamed to utc_time_created. (MLM-025)",
        "2 files reformatted, 1 file left unchanged",
    ]
    assert (tree / "ugly" / "MLmodel").read_text() == PRETTY
    assert (tree / "good" / "MLmodel").read_text() == GOOD
    assert run().stderr == "3 files left unchanged\n"


def test_what_needs_no_change_is_not_written(tree):
    before = (tree / "good" / "MLmodel").stat()
    run("good")
    after = (tree / "good" / "MLmodel").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_check_changes_nothing(tree):
    result = run("--check", ".")
    assert result.exit_code == 1
    assert "would reformat ugly/MLmodel" in result.stderr
    assert result.stderr.endswith("2 files would be reformatted, 1 file would be left unchanged\n")
    assert (tree / "ugly" / "MLmodel").read_text() == UGLY
    assert run("--check", "good/MLmodel").exit_code == 0


def test_diff_shows_what_would_change(tree):
    result = run("--diff", "ugly")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "--- ugly/MLmodel",
        "+++ ugly/MLmodel (formatted)",
        "@@ -1,3 +1,5 @@",
        " # hi",
        "-time_created: 2018-05-25T17:28:53.35",
        "-flavors: {sklearn: {pickled_model: model.pkl}}",
        "+utc_time_created: '2018-05-25T17:28:53.35'",
        "+flavors:",
        "+  sklearn:",
        "+    pickled_model: model.pkl",
    ]
    assert (tree / "ugly" / "MLmodel").read_text() == UGLY
    assert run("--diff", "--check", "ugly").exit_code == 1
    assert run("--diff", "good").stdout == ""


def test_what_cannot_be_formatted_is_2_and_the_others_are(tree):
    """MLM-026, MLM-031."""
    (tree / "good" / "MLmodel").write_text(BROKEN)
    for args in (["good", "ugly", "none"], ["--check", "good", "ugly", "none"]):
        result = run(*args)
        assert result.exit_code == 2
        assert "good/MLmodel: not formatted: " in result.stderr
        assert "good/MLmodel:4:1: error MLM-003: The key 'flavors' appears twice" in result.stderr
        assert "none: not formatted: There is nothing at none; give" in result.stderr
        assert "2 files could not be formatted" in result.stderr
    assert (tree / "good" / "MLmodel").read_text() == BROKEN
    assert (tree / "ugly" / "MLmodel").read_text() == PRETTY


def test_jobs_give_the_same(tree):
    """In the order of the paths, whatever ends first; what is wrong stands at its place."""
    (tree / "good" / "MLmodel").write_text(BROKEN)
    paths = ["ugly", "none", "deep", "good"]
    one = run(*paths, "--diff")
    two = run(*paths, "--diff", "--jobs", "3")
    assert (two.exit_code, two.stdout, two.stderr) == (2, one.stdout, one.stderr)
    assert "good/MLmodel:4:1: error MLM-003: The key 'flavors' appears twice" in two.stderr
    result = run("--jobs", "2", *paths, "-", input=UGLY.encode())
    assert result.stdout == PRETTY
    assert (tree / "ugly" / "MLmodel").read_text() == PRETTY
    assert (tree / "deep" / "uglier" / "MLmodel").read_text() == PRETTY
    assert run("--jobs", "2", "--check", "ugly", "deep").exit_code == 0
    assert run("--jobs", "0").exit_code == 2


def test_standard_input(tree):
    result = run("-", input=UGLY.encode())
    assert (result.exit_code, result.stdout) == (0, PRETTY)
    assert run("-", "--check", input=PRETTY.encode()).exit_code == 0
    result = run("-", "--check", input=UGLY.encode())
    assert (result.exit_code, result.stdout) == (1, "")
    result = run("-", input=b"\xff")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "-:1:1: error MLM-001: The file is not UTF-8" in result.stderr


def test_standard_input_of_the_real_command():
    done = subprocess.run(
        [sys.executable, "-m", "mlmodel", "fmt", "-"],
        input=UGLY.replace("# hi", "# h\u00e9").encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.decode() == PRETTY.replace("# hi", "# h\u00e9")


def test_a_folder_that_cannot_be_written_is_2(tree, monkeypatch):
    """MLM-016."""

    def full(descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    result = run("ugly", "good")
    assert result.exit_code == 2
    assert "ugly/MLmodel could not be written: No space left on device." in result.stderr
    assert (tree / "ugly" / "MLmodel").read_text() == UGLY
    assert os.listdir(tree / "ugly") == ["MLmodel"]


def test_nothing_in_the_file_moves_the_cursor(tree):
    (tree / "ugly" / "MLmodel").write_text('flavors: {"\\e[31mred": {}} # \u202e\n')
    result = run("--diff", "ugly")
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


@pytest.mark.parametrize("way", ["--diff", "--check", "write"])
@pytest.mark.parametrize("target", ["../secret", "../outside/linked"])
def test_what_a_link_leads_to_is_neither_read_nor_written(tree, way, target):
    """DIR-011, DIR-012: as a repository may hold one, and its hook formats it."""
    text = UGLY.replace("model.pkl", "token-of-the-user")
    (tree / "outside").mkdir()
    for file in (tree / "secret", tree / "outside" / "linked"):
        file.write_text(text)
    (tree / "ugly" / "MLmodel").unlink()
    (tree / "ugly" / "MLmodel").symlink_to(target)
    for path in ("ugly", "ugly/MLmodel", "."):
        result = run(path) if way == "write" else run(path, way)
        assert result.exit_code == 2
        assert "DIR-011" in result.stderr
        assert "token" not in result.output
    for file in (tree / "secret", tree / "outside" / "linked"):
        assert file.read_text() == text


def test_a_file_that_leads_to_another_of_its_folder_is_not_written(tree):
    """DIR-012: the message says what to do."""
    file = (tree / "ugly" / "MLmodel").rename(tree / "ugly" / "real")
    (tree / "ugly" / "MLmodel").symlink_to("real")
    assert "+utc_time_created" in run("--diff", "ugly").stdout
    result = run("ugly")
    assert (result.exit_code, file.read_text()) == (2, UGLY)
    assert "give the file that it leads to" in result.stderr
