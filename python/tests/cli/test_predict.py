"""``mlmodel predict`` from the shell."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression

import mlmodel.sklearn
from mlmodel.cli import COMMANDS
from mlmodel.cli.predict import command
from mlmodel.errors import InvalidInput, WriteFailed
from mlmodel.scoring.codecs import TABLE
from mlmodel.scoring.media import FORMS, X_PARQUET
from mlmodel.signature.infer.from_data import infer_signature

if TYPE_CHECKING:
    from pathlib import Path

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
BODY = '{"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 0.0], [2.0, 1.0]]}}'


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "linear"
    trained = LinearRegression().fit(FRAME, np.array([0.0, 2.0, 4.0]))
    mlmodel.sklearn.save_model(trained, path, signature=infer_signature(FRAME))
    return path


def answered(text: str) -> list[float]:
    return list(np.round(json.loads(text)["predictions"], 6))


def test_json_from_stdin(model: Path) -> None:
    result = CliRunner().invoke(command, ["-m", str(model)], input=BODY)
    assert result.exit_code == 0, result.output
    assert answered(result.stdout) == [2.0, 4.0]


def test_parameters_that_are_left_out_are_a_line_of_stderr(model: Path) -> None:
    """ENF-080."""
    body = BODY[:-1] + ', "params": {"z\\nmlmodel: x": 1}}'
    result = CliRunner().invoke(command, ["-m", str(model)], input=body)
    assert (result.exit_code, answered(result.stdout)) == (0, [2.0, 4.0])
    (line,) = result.stderr.splitlines()
    assert line.startswith("mlmodel: warning: Parameter 'z\\nmlmodel: x' is not declared")


def test_csv_by_the_name_of_the_file(model: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.json"
    FRAME.to_csv(source)
    result = CliRunner().invoke(command, ["-m", str(model), "-i", str(source), "-o", str(target)])
    assert (result.exit_code, result.output) == (0, "")
    assert answered(target.read_text()) == [0.0, 2.0, 4.0]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_form_can_be_said(model: Path) -> None:
    given = ["-m", str(model), "-t", "csv"]
    result = CliRunner().invoke(command, given, input="a,b\n1,0\n")
    assert answered(result.stdout) == [2.0]


def test_every_form_has_a_name() -> None:
    # The older name of Parquet is for headers.
    assert {*FORMS.values(), X_PARQUET} == {form.media for form in TABLE}


def test_the_1x_dialect_is_answered_as_it_was(model: Path) -> None:
    """RST-085."""
    given = ["-m", str(model), "-t", "application/json; format=pandas-records"]
    result = CliRunner().invoke(command, given, input='[{"a": 1.0, "b": 0.0}]')
    assert np.round(json.loads(result.stdout), 6).tolist() == [2.0]
    unknown = CliRunner().invoke(command, ["-m", str(model), "-t", "xml"], input=BODY)
    assert unknown.exit_code == 2
    assert "'xml' is not a known form: give one of json, csv" in unknown.output


def test_bad_input_leaves_no_output(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    given = ["-m", str(model), "-o", str(target)]
    result = CliRunner().invoke(command, given, input=BODY.replace("1.0", '"x"'))
    assert isinstance(result.exception, InvalidInput)
    assert not target.exists()


def test_an_output_that_cannot_be_written(model: Path, tmp_path: Path) -> None:
    given = ["-m", str(model), "-o", str(tmp_path / "none" / "out.json")]
    result = CliRunner().invoke(command, given, input=BODY)
    assert isinstance(result.exception, WriteFailed)


@pytest.mark.slow
def test_exit_code_and_standard_error(model: Path) -> None:
    """ERR-011, ERR-012."""
    done = subprocess.run(
        [sys.executable, "-m", "mlmodel", "predict", "-m", str(model)],
        input='{"inputs": {"a": ["x"], "b": [true]}}',
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (InvalidInput.exit_code, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("mlmodel: INVALID_INPUT: ")
    assert len(lines) == 3
    assert all("ENF-049" in line for line in lines[1:])


def test_help_is_the_line_of_the_list() -> None:
    assert command.get_short_help_str(100) == COMMANDS["predict"][1]


def test_a_file_of_another_kind_is_named_as_such(model: Path, tmp_path: Path) -> None:
    source = tmp_path / "rows.xlsx"
    FRAME.to_csv(source, index=False)
    refused = CliRunner().invoke(command, ["-m", str(model), "-i", str(source)])
    assert "files of the kind .xlsx are not read" in str(refused.exception)
    said = CliRunner().invoke(command, ["-m", str(model), "-i", str(source), "-t", "csv"])
    assert answered(said.stdout) == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("name", ["rows", "rows.dat", "rows."])
def test_a_file_whose_name_does_not_say_its_form(model: Path, tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    FRAME.to_csv(source, index=False)
    for more in ((), ("--batch-rows", "2")):
        refused = CliRunner().invoke(command, ["-m", str(model), "-i", str(source), *more])
        assert refused.exit_code != 0
        assert "say it by -t FORM, such as -t csv" in str(refused.exception)
        said = CliRunner().invoke(
            command, ["-m", str(model), "-i", str(source), "-t", "csv", *more]
        )
        assert answered(said.stdout) == [0.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("name", "options"), [("rows.json", []), ("rows", ["-t", "json"]), ("rows.JSON", [])]
)
def test_a_form_that_is_said_is_not_asked_for(
    model: Path, tmp_path: Path, name: str, options: list[str]
) -> None:
    source = tmp_path / name
    FRAME.to_csv(source, index=False)
    refused = CliRunner().invoke(command, ["-m", str(model), "-i", str(source), *options])
    assert "The body is not JSON" in str(refused.exception)
    assert "-t" not in str(refused.exception).replace(str(source), "")


def test_nothing_on_standard_input(model: Path) -> None:
    refused = CliRunner().invoke(command, ["-m", str(model)], input="")
    assert "give a file with -i" in str(refused.exception)
    refused = CliRunner().invoke(command, ["-m", str(model)], input="a,b\n1,2\n")
    assert "say by -t FORM what else it is" in str(refused.exception)
