"""The command itself: what it prints of errors, and where it takes its modules from."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlmodel import cli
from mlmodel.cli import COMMANDS
from mlmodel.errors import InvalidModel, Violation

if TYPE_CHECKING:
    from pathlib import Path

ERASE = "\x1b[1A\x1b[2K"


@pytest.mark.parametrize(
    "error",
    [
        InvalidModel(f"{ERASE}\nok", [Violation("DIR-002", f"{ERASE}\nok", f"{ERASE}.py")]),
        RuntimeError(f"{ERASE}\nok"),
    ],
)
def test_no_error_moves_the_cursor(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli.cli, "main", fail)
    with pytest.raises(SystemExit):
        cli.main([])
    printed = capsys.readouterr().err
    assert "\x1b" not in printed
    assert "\\x1b[1A\\x1b[2K\\nok" in printed
    assert len(printed.splitlines()) == 1 + len(getattr(error, "details", ()))


@pytest.mark.parametrize("arguments", [[f"--{ERASE}"], [ERASE], ["validate", f"--{ERASE}"]])
def test_no_usage_error_moves_the_cursor(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """ERR-011."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Usage: mlmodel")
    assert "\x1b" not in printed
    assert "\\x1b[1A" in printed


@pytest.mark.thorough
def test_modules_of_the_working_directory_are_not_imported(tmp_path: Path) -> None:
    """TRU-001."""
    for name in ("yaml", "click", "jsonschema", "packaging", "json", "dataclasses", "pathlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('executed')\n")
    (tmp_path / "MLmodel").write_text("flavors: {a: {}}\n")
    for command in (["validate", "."], ["inspect", "."], ["trust", "list"]):
        done = subprocess.run(
            [sys.executable, "-m", "mlmodel", *command],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "executed" not in done.stdout + done.stderr


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlmodel", *args],
        capture_output=True, text=True, check=False, env={**os.environ, **env},
    )  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["valdiate", "."], "No such command 'valdiate'. Did you mean validate?"),
        (["trust", "ad", "m"], "No such command 'ad'. Did you mean add?"),
        (["signature", "dif"], "Did you mean diff?"),
        (["validate", "--outputfile", "x", "."], "--output-file"),
        (["inspect", "--require-trst", "list", "."], "--require-trust"),
        (["qqqqq"], "No such command 'qqqqq'.\n"),
    ],
)
def test_which_command_or_option_was_meant(arguments: list[str], meant: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert meant in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mlmodel va", ["plain,validate", "plain,validate-input"]),
        ("mlmodel trust a", ["plain,add"]),
        ("mlmodel rule DIR-00", [f"plain,DIR-00{number}" for number in range(1, 10)]),
        ("mlmodel validate --ignore dir-001", ["plain,DIR-001"]),
        ("mlmodel validate --qui", ["plain,--quiet"]),
        ("mlmodel predict -m some", ["file,some"]),
        ("mlmodel inspect some", ["file,some"]),
    ],
)
def test_the_shell_completes(words: str, found: list[str]) -> None:
    """What docs/command-line.md has a shell ask for."""
    done = run(
        _MLMODEL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1)
    )
    assert done.stdout.splitlines() == found, done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_shells_get_their_completion(shell: str) -> None:
    done = run(_MLMODEL_COMPLETE=f"{shell}_source")
    assert done.returncode == 0
    assert "_MLMODEL_COMPLETE" in done.stdout


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_a_terminal(name: str) -> None:
    done = run(*([name] if name else []), "--help", COLUMNS="80")
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
