"""The server's settings by options, variables and a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mlmodel.cli.serve import command

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.serving.settings import Settings


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    found: list[Settings] = []
    monkeypatch.setattr(
        "mlmodel.serving.server.run", lambda settings, _ready: found.append(settings)
    )
    return found


def written(folder: Path, text: str) -> str:
    path = folder / "serve.toml"
    path.write_text(text)
    return str(path)


FILE = """
[serve]
model-uri = {model}
port = 8080
body-timeout = 9
max-body = "1MB"
terse-errors = true
allow = ["a.B", "c.D"]
"""
#: One model's place, as the option takes it: a text, or a list where it may be given often.
MODEL = next(option for option in command.params if "--model-uri" in option.opts)
TEXT = '["m"]' if getattr(MODEL, "multiple", False) else '"m"'


def test_a_file(asked: list[Settings], tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--config", written(tmp_path, FILE.format(model=TEXT))])
    assert done.exit_code == 0, done.output
    (settings,) = asked
    assert (settings.port, settings.body_seconds, settings.max_body) == (8080, 9.0, 10**6)
    assert (settings.terse, settings.allow) == (True, ("a.B", "c.D"))


def test_options_win_over_variables_and_these_over_the_file(
    asked: list[Settings], tmp_path: Path
) -> None:
    config = written(tmp_path, FILE.format(model=TEXT))
    variables = {
        "MLMODEL_SERVE_CONFIG": config,
        "MLMODEL_SERVE_PORT": "1",
        "MLMODEL_SERVE_BODY_TIMEOUT": "2",
        "MLMODEL_SERVE_TIMEOUT": "3.5",
        "MLMODEL_SERVE_ISOLATE": "true",
    }
    done = CliRunner().invoke(command, ["-p", "3"], env=variables)
    assert done.exit_code == 0, done.output
    (settings,) = asked
    assert (settings.port, settings.body_seconds, settings.predict_seconds) == (3, 2.0, 3.5)
    assert (settings.max_body, settings.isolate) == (10**6, True)


def test_keys_at_the_top(asked: list[Settings], tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["-m", "m", "--config", written(tmp_path, "port = 7")])
    assert done.exit_code == 0, done.output
    assert asked[0].port == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "'prot' is not a setting; there are: access-log, "),
        ("config = 'x'", "'config' is not a setting"),
        ("port = 'x'", "'x' is not a valid integer"),
        ("port = [1]", "'port' is a text, a number, true or false"),
        ("terse-errors = 1", "'terse-errors' is true or false"),
        ("serve = 1", "[serve] is not a table"),
        ("=", "is not a file of settings"),
        ("max-body = 'much'", "is not a size"),
    ],
)
def test_files_that_are_wrong(asked: list[Settings], tmp_path: Path, text: str, said: str) -> None:
    done = CliRunner().invoke(command, ["-m", "m", "--config", written(tmp_path, text)])
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert asked == []


def test_every_option_has_its_variable() -> None:
    variables = {option.envvar for option in command.params}
    assert len(variables) == len(command.params)
    assert {"MLMODEL_SERVE_TLS_CERT", "MLMODEL_SERVE_WORKERS", "MLMODEL_SANDBOX"} < variables


def test_a_wrong_value_is_named_by_where_it_is_from(
    asked: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = written(tmp_path, "port = 'many'")

    def said(*options: str) -> str:
        done = CliRunner().invoke(command, ["-m", "m", *options], terminal_width=1000)
        assert done.exit_code == 2
        return " ".join(done.output.split())

    assert f"for 'port' in {config} (--port): 'many' is not" in said("--config", config)
    assert "for '-w' / '--workers': 0 is not" in said("--workers", "0")
    monkeypatch.setenv("MLMODEL_SERVE_WORKERS", "two")
    assert "for the variable MLMODEL_SERVE_WORKERS (--workers): 'two' is not" in said()
    assert "for '-w' / '--workers': 0 is not" in said("--workers", "0")
    assert asked == []
