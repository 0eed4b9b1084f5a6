"""``mlmodel validate-input`` from the shell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conformance import lint
from mlmodel.cli import COMMANDS
from mlmodel.cli.validate_input import command
from mlmodel.errors import MalformedRequest, ModelNotFound, UnsupportedMediaType

ROOT = Path(__file__).resolve().parents[3]
SIGNATURE = """
  inputs: '[{"type": "integer", "name": "a", "required": true},
    {"type": "string", "name": "b", "required": false}]'
  outputs: null
  params: '[{"name": "k", "type": "long", "default": 3, "shape": null}]'
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model that nobody can load: its library is not there."""
    path = tmp_path / "model"
    path.mkdir()
    flavors = "flavors: {python_function: {loader_module: nowhere.to_be_found, data: x.pkl}}\n"
    (path / "MLmodel").write_text(f"{flavors}signature:{SIGNATURE}")
    (path / "x.pkl").write_bytes(b"cos\nabort\n(tR.")
    return path


def run(*arguments: object, body: str | bytes = b"") -> Any:
    return CliRunner().invoke(command, [str(one) for one in arguments], input=body)


def test_every_violation_is_printed_with_its_row(model: Path, tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("a,b\n1,x\n1.5,y\n2147483648,\n2.5,z\n")
    result = run("-m", model, "-i", source)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "ENF-042",
        "ENF-043",
        "ENF-042",
        str(source),
    ]
    assert [place for line in lines for place in range(9) if f"row {place}:" in line] == [1, 2, 3]
    assert lines[-1] == f"{source}: 1 of 4 rows fit; 3 problems."


def test_a_file_whose_name_does_not_say_its_form(model: Path, tmp_path: Path) -> None:
    source = tmp_path / "rows"
    source.write_text("a,b\n1,x\n")
    result = run("-m", model, "-i", source)
    assert result.stdout.splitlines()[-1].endswith("say it by -t FORM, such as -t csv.")
    assert "-t FORM" not in run("-m", model, "-i", source, "-t", "json").stdout
    assert run("-m", model, "-i", source, "-t", "csv").exit_code == 0


def test_data_that_fit(model: Path) -> None:
    for body in ('[{"a": 1, "b": "x"}]', '{"inputs": {"a": [1]}, "params": {"k": 5}}'):
        result = run("-m", model, body=body)
        assert (result.exit_code, result.stdout) == (
            0,
            "standard input: no problem in 1 row.\n",
        )


def test_what_is_left_out_is_said(model: Path) -> None:
    """RST-088, ENF-080: the data fit all the same."""
    body = '{"inputs": {"a": [1]}, "params": {"z": 5}}'
    result = run("-m", model, body=body)
    warning, verdict = result.stdout.splitlines()
    assert result.exit_code == 0
    assert warning.startswith("warning: Parameter 'z' is not declared")
    assert verdict == "standard input: no problem in 1 row."
    report = json.loads(run("-m", model, "--format", "json", body=body).stdout)
    assert not list(lint.Tree(ROOT).validator("scoring/input-report").iter_errors(report))
    assert (report["valid"], report["warning"]) == (True, warning.removeprefix("warning: "))


def test_json_for_other_programs(model: Path) -> None:
    validator = lint.Tree(ROOT).validator("scoring/input-report")
    for body, code in (
        ('[{"a": 1}]', None),
        ('[{"a": 1.5}, {"a": 2}]', "INVALID_INPUT"),
        ("[", "MALFORMED_REQUEST"),
    ):
        result = run("-m", model, "--format", "json", body=body)
        found = json.loads(result.stdout)
        validator.validate(found)
        assert found["valid"] == (code is None) == (result.exit_code == 0)
        assert (found["error"] or {}).get("error_code") == code
    assert found["rows"] is None


def test_exit_codes_are_those_of_the_errors(model: Path, tmp_path: Path) -> None:
    """ERR-011."""
    assert run("-m", model, body="[").exit_code == MalformedRequest.exit_code == 1
    assert run("-m", model, "-t", "text/x", body="[]").exit_code == UnsupportedMediaType.exit_code
    assert run("-m", model, "-t", "xml", body="[]").exit_code == 2
    none = run("-m", model, "-i", tmp_path / "none.json")
    assert (none.exit_code, none.stderr[:26]) == (2, "mlmodel: INVALID_ARGUMENT:")
    assert run("-m", tmp_path / "none", body="[]").exit_code == ModelNotFound.exit_code == 2


def test_a_model_that_cannot_be_read_says_nothing_about_the_data(tmp_path: Path) -> None:
    """ERR-011: 1 is the answer that data do not fit."""
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    result = run("-m", tmp_path, body="[]")
    assert result.exit_code == 2
    assert result.stderr.startswith("mlmodel: INVALID_MODEL: ")


def test_the_form_can_be_said_with_its_parameters(model: Path) -> None:
    form = "application/json; format=pandas-split"
    body = '{"columns": ["a"], "data": [[1]]}'
    assert run("-m", model, "-t", form, body=body).exit_code == 0
    assert run("-m", model, "-t", "csv", body="a\n1\n").exit_code == 0
    assert run("-m", model, "-t", "application/json; format=x", body=body).exit_code == 2


def test_a_model_that_declares_nothing(model: Path) -> None:
    (model / "MLmodel").write_text("flavors: {python_function: {loader_module: nowhere}}\n")
    result = run("-m", model, body='[{"z": 1}]')
    assert result.exit_code == 0
    assert "declares no inputs" in result.stdout
    assert run("-m", model, body="[").exit_code == 1


def test_values_of_the_data_do_not_move_the_cursor(model: Path) -> None:
    result = run("-m", model, body='[{"a": "\\u001b[2K"}]')
    assert "\x1b" not in result.stdout
    assert "\\x1b[2K" in result.stdout


def test_the_help_line_is_that_of_the_list() -> None:
    assert (command.help or "").split("\n", maxsplit=1)[0] == COMMANDS["validate-input"][1]


def test_nothing_is_loaded_that_is_not_needed(model: Path) -> None:
    """No pandas, no library of the model, nothing of the model."""
    script = (
        "import sys; from mlmodel.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print([n for n in ('pandas', 'flask', 'sklearn', 'mlmodel.pyfunc') "
        "if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "validate-input", "-m", str(model)],
        input='[{"a": 1, "b": "x"}]', capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["standard input: no problem in 1 row.", "[]"]
