"""Options of ``mlmodel serve``; running servers are in serving/test_server.py."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from mlmodel.cli import COMMANDS
from mlmodel.cli.serve import command
from mlmodel.cli.sizes import parse_size
from mlmodel.serving import server
from mlmodel.serving.settings import Place, Settings


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    got: list[Settings] = []
    monkeypatch.setattr(server, "run", lambda settings, _ready: got.append(settings))
    return got


def test_defaults(asked: list[Settings]) -> None:
    """RST-075."""
    assert CliRunner().invoke(command, ["-m", "model"]).exit_code == 0
    assert asked == [Settings((Place("model", "model"),), "127.0.0.1", 5000, 1, 8, 64 * 2**20)]


def test_options(asked: list[Settings]) -> None:
    given = "-m model -h 0.0.0.0 -p 8080 --max-body 1MB -w 2 --threads 16 --terse-errors --trust"
    given += " --timeout 1.5 --body-timeout 9 --no-page"
    done = CliRunner().invoke(command, [*given.split(), "--allow", "a.B", "--allow", "c.D"])
    assert done.exit_code == 0, done.output
    assert asked == [
        Settings(
            *((Place("model", "model"),), "0.0.0.0", 8080, 2, 16, 10**6, 9.0, 1.5),
            terse=True,
            trust=True,
            allow=("a.B", "c.D"),
            page=False,
        )
    ]


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["-m"],
        ["-m", "x", "-p", "70000"],
        ["-m", "x", "--threads", "0"],
        ["-m", "x", "--timeout", "0"],
        ["-m", "x", "--body-timeout", "-1"],
        ["-m", "x", "--max-body", "much"],
    ],
)
def test_wrong_usage(given: list[str], asked: list[Settings]) -> None:
    """ERR-011."""
    assert CliRunner().invoke(command, given).exit_code == 2
    assert asked == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("1kB", 1000), ("1 MB", 10**6), ("2GiB", 2**31), ("64M", 2**26), ("5b", 5)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5M", "1TB"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)


def test_help_is_the_line_of_the_list() -> None:
    assert str(command.help).partition("\n")[0] == COMMANDS["serve"][1]


def test_the_parent_is_light() -> None:
    """The process that starts the workers loads nothing that a model needs."""
    code = (
        "import sys, mlmodel.cli.serve, mlmodel.serving.server, httptools;"
        "print([m for m in ('numpy', 'pandas', 'flask', 'orjson') if m in sys.modules])"
    )
    done: Any = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
