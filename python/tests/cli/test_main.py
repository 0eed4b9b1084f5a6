"""The command itself: what it prints of errors, and where it takes its modules from."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlmodel import cli
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
