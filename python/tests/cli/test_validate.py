"""mlmodel validate: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlmodel.cli import COMMANDS
from mlmodel.cli.validate import command
from mlmodel.document.schema import schemas

GOOD = "flavors:\n  sklearn:\n    pickled_model: model.pkl\n    sklearn_version: 1.5.1\n"
WARNED = GOOD + "mystery: 1\n"
BAD = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: gone.pkl\n"

#: What is missing in the corpus, told by looking at each folder: folder -> files.
MISSING = {
    "pyfunc-artifacts-3.1.4": ["artifacts/model.keras", "artifacts/scaler_x.pkl", "artifacts/scaler_y.pkl"],
    "pytorch-2.5.0": ["data", "data"],
    "sklearn-0.24-signature": ["model.pkl", "model.pkl"],
    "sklearn-2.5.0": ["model.pkl", "model.pkl"],
    "sklearn-3.1.1": ["model.pkl", "model.pkl"],
    "sklearn-azure-automl": ["python_env.yaml", "model.pkl", "model.pkl"],
    "sklearn-databricks": ["model.pkl", "model.pkl", "input_example.json"],
    "sklearn-input-example-split": ["model.pkl", "model.pkl"],
    "xgboost-2.20.3": ["conda.yaml", "python_env.yaml"],
}  # fmt: skip
#: The flavors of the corpus; each without a schema is one warning.
FLAVORS = {
    "crate-r": "crate", "keras-2.14.1": "keras", "keras-hdf5-early": "keras",
    "lightgbm-2.9.2": "lightgbm", "onnx-2.8.1": "onnx", "pytorch-1.5": "pytorch",
    "pytorch-2.5.0": "pytorch", "spark-early": "spark", "tensorflow-2.17.2": "tensorflow",
    "xgboost-2.20.3": "xgboost",
}  # fmt: skip
#: The other warnings: folder -> (file, rule).
WARNINGS = {
    "keras-hdf5-early": [("conda.yaml", "ENV-005")],
    "lightgbm-2.9.2": [("python_env.yaml", "ENV-011")],
    "pyfunc-artifacts-3.1.4": [("requirements.txt", "ENV-006")],
    "pyfunc-own-loader-module": [("MLmodel", "PYF-006"), ("conda.yaml", "ENV-005")],
    "pyfunc-python-model-2.16.0": [("requirements.txt", "ENV-006")],
    "pytorch-1.5": [("conda.yaml", "ENV-005")],
    "sklearn-0.24-signature": [("conda.yaml", "ENV-005")],
    "spark-early": [("conda.yaml", "ENV-005")],
}


def run(*args):
    return CliRunner().invoke(command, [str(arg) for arg in args])


def make(folder, text, *files):
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text(text)
    for name in files:
        (folder / name).write_text("N.")
    return folder


@pytest.fixture
def tree(tmp_path):
    make(tmp_path / "b" / "good", GOOD, "model.pkl")
    make(tmp_path / "b" / "good" / "metadata", GOOD)
    make(tmp_path / "a" / "warned", WARNED, "model.pkl")
    make(tmp_path / "c", BAD)
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_the_help_line_is_the_groups():
    assert command.get_short_help_str(100) == COMMANDS["validate"][1]
    assert "Examples:" in run("--help").output


def test_a_good_model(tree):
    result = run(tree / "b" / "good")
    assert (result.exit_code, result.output) == (
        0, "1 model: 1 valid, 0 not valid (0 errors, 0 warnings)\n"
    )  # fmt: skip


def test_a_bad_one_is_like_a_compilers_message(tree):
    result = run(tree / "c")
    assert result.exit_code == 1
    first, last = result.output.splitlines()
    place = f"{tree}/c/MLmodel:4:17: error DIR-003: "
    assert first.startswith(place + "'gone.pkl' is missing from the folder")
    assert last == "1 model: 0 valid, 1 not valid (1 error, 0 warnings)"


def test_a_tree_is_walked_in_order(tree):
    result = run("--format", "json", tree)
    models = [Path(m["path"]).relative_to(tree).as_posix() for m in json.loads(result.output)["models"]]  # fmt: skip
    assert models == ["a/warned", "b/good", "c"]
    assert result.exit_code == 1


def test_copies_in_metadata_belong_to_the_folder_above(tree):
    """DIR-007."""
    assert run(tree / "b" / "good" / "metadata").exit_code == 0
    assert run(tree / "b" / "good" / "metadata" / "MLmodel").exit_code == 0


def test_strict_counts_warnings(tree):
    assert run(tree / "a").exit_code == 0
    result = run("--strict", tree / "a")
    assert result.exit_code == 1
    assert result.output.endswith("1 model: 0 valid, 1 not valid (0 errors, 1 warning)\n")


def test_each_model_once(tree):
    result = run(tree / "c", tree / "c", "--format", "json")
    assert json.loads(result.output)["summary"]["models"] == 1


@pytest.mark.parametrize("path", ["none", "empty"])
def test_nothing_there_is_2_and_the_others_are_checked(tree, path):
    result = run(tree / path, tree / "b")
    assert result.exit_code == 2
    assert f"{tree}/{path}: unreadable: There is no" in result.output
    assert result.output.endswith("2 models: 1 valid, 0 not valid, 1 unreadable (0 errors, 0 warnings)\n")  # fmt: skip


def test_wrong_usage_is_2():
    assert run().exit_code == 2
    assert run("--format", "xml", ".").exit_code == 2
    assert run("--jobs", "0", ".").exit_code == 2


def test_a_large_file_is_2(tree):
    result = run("--max-bytes", "10", tree / "b")
    assert result.exit_code == 2
    assert "MLM-002" in result.output
    assert "limit of 10" in result.output


def test_jobs_give_the_same(tree, corpus):
    one = run(tree, corpus, "--format", "json")
    assert run(tree, corpus, "--format", "json", "--jobs", "2").output == one.output


def test_the_json_form_is_its_schemas(tree, corpus):
    for paths in ([tree], [corpus], [tree / "none"], [tree, "--strict"]):
        document = json.loads(run("--format", "json", *paths).output)
        schemas.validator("report").validate(document)
    (tree / "c" / "MLmodel").write_text("")
    schemas.validator("report").validate(json.loads(run("--format", "json", tree).output))


MENDABLE = (
    "# c\nflavors:\n  sklearn: {pickled_model: model.pkl, sklearn_version: 1.0}\nmystery: 1\n"
)


def test_fix_mends_and_reports_the_rest(tmp_path):
    """MLM-027, MLM-028."""
    model = make(tmp_path / "m", MENDABLE, "model.pkl")
    result = run("--fix", model)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{model}/MLmodel:3:56: fixed MLM-005: 1.0 was put in quotes. (at /flavors/sklearn/sklearn_version)",
        f"{model}/MLmodel:4:1: warning MLM-011: The key 'mystery' is not part of the format; it is kept. (at /mystery)",
        "1 model: 1 valid, 0 not valid (0 errors, 1 warning, 1 fixed)",
    ]
    assert (model / "MLmodel").read_text() == MENDABLE.replace("1.0", "'1.0'")
    assert run("--fix", model).output.endswith(" (0 errors, 1 warning, 0 fixed)\n")
    assert "fixed" not in run(model).output


def test_fix_in_every_form(tmp_path):
    for form, said in (
        ("json", '"severity": "fixed"'),
        ("github", "::notice file="),
        ("sarif", '"version": "2.1.0"'),
    ):
        model = make(tmp_path / form, MENDABLE, "model.pkl")
        result = run("--fix", "--format", form, model)
        assert said in result.output
        assert (model / "MLmodel").read_text() == MENDABLE.replace("1.0", "'1.0'")
        if form == "json":
            schemas.validator("report").validate(json.loads(result.output))


def test_what_cannot_be_written_is_2_and_the_others_are_mended(tmp_path, monkeypatch):
    """MLM-028."""
    one, two = (make(tmp_path / name, MENDABLE, "model.pkl") for name in ("one", "two"))
    plain = os.replace

    def full(partial, target, **folders):
        if os.fstat(folders["dst_dir_fd"]).st_ino == one.stat().st_ino:
            raise OSError(28, os.strerror(28))
        return plain(partial, target, **folders)

    monkeypatch.setattr(os, "replace", full)
    result = run("--fix", one, two)
    assert result.exit_code == 2
    assert f"{one}: unreadable: {one}/MLmodel could not be written: No space" in result.output
    assert f"{two}/MLmodel:3:56: fixed MLM-005" in result.output
    assert (one / "MLmodel").read_text() == MENDABLE


def test_nothing_is_mended_without_being_asked(tmp_path):
    model = make(tmp_path / "m", MENDABLE, "model.pkl")
    run(model)
    assert (model / "MLmodel").read_text() == MENDABLE


def test_sarif_is_one_log_of_all_models(tree):
    """MLM-029."""
    result = run("--format", "sarif", tree, tree / "none")
    assert result.exit_code == 2
    (only,) = json.loads(result.output)["runs"]
    assert [found["ruleId"] for found in only["results"]] == ["MLM-011", "DIR-003"]
    assert not only["invocations"][0]["executionSuccessful"]


def test_github_notes_and_the_summary(tree):
    result = run("--format", "github", tree)
    assert result.exit_code == 1
    warning, error, last = result.output.splitlines()
    assert warning.startswith(
        f"::warning file={tree}/a/warned/MLmodel,line=5,col=1,title=MLM-011::"
    )
    assert error.startswith(f"::error file={tree}/c/MLmodel,line=4,col=17,title=DIR-003::")
    assert last.startswith("3 models: 2 valid, 1 not valid")


def test_a_value_of_an_environment_variable_is_not_shown(tmp_path):
    """MLM-020."""
    model = make(tmp_path / "m", GOOD + "env_vars: [TOKEN=hunter2]\n", "model.pkl")
    for form in ("text", "json", "sarif", "github"):
        output = run("--format", form, model).output
        assert "MLM-020" in output
        assert "hunter2" not in output


def test_control_characters_do_not_reach_the_terminal(tmp_path):
    text = 'flavors:\n  "\\e[31mred": {}\na: !<%1b[31m> x\n"\\e]0;title\\a": 1\n'
    result = run(make(tmp_path / "m", text))
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "\\x1b[31m" in result.output


def test_the_name_of_a_folder_makes_no_line(tmp_path):
    result = run(make(tmp_path / "m\n1 model: 1 valid", "flavors: {}\n"))
    assert result.exit_code == 1
    assert not any(line.startswith("1 model: 1 valid") for line in result.output.splitlines())


def test_a_name_that_is_no_text(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    with open(folder + b"/MLmodel", "w") as file:
        file.write(WARNED)
    done = subprocess.run(
        [sys.executable, "-m", "mlmodel", "validate", os.fsencode(tmp_path)],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert b"caf" in done.stdout


def test_the_corpus_says_exactly_what_is_missing(corpus):
    """DIR-003, MLM-012, ENV-005, ENV-006, ENV-011: every message about these folders, looked at by eye."""
    models = json.loads(run("--format", "json", corpus).output)["models"]
    assert len(models) == 25
    for model in models:
        name = Path(model["path"]).name
        missing = [
            v["message"].split("'")[1] for v in model["violations"] if v["rule"] == "DIR-003"
        ]
        assert missing == MISSING.get(name, []), name
        unknown = [
            v["message"].split("'")[1] for v in model["violations"] if v["rule"] == "MLM-012"
        ]
        known = FLAVORS.get(name) in schemas.names("flavors")
        assert unknown == ([] if known or name not in FLAVORS else [FLAVORS[name]]), name
        others = [
            (os.path.basename(v["file"]), v["rule"])
            for v in model["violations"]
            if v["rule"] not in {"DIR-003", "MLM-012"}
        ]
        assert others == WARNINGS.get(name, []), name
        assert model["valid"] == (not missing), name


EXITS = """
import click
from mlmodel import cli
from mlmodel.cli import main

@click.command()
@click.pass_context
def command(ctx):
    {leave}

cli.COMMANDS["leave"] = ("validate", "Leave.")
cli.importlib.import_module("mlmodel.cli.validate").command = command
main(["leave"])
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("leave", "code"),
    [("ctx.exit(3)", 3), ("ctx.exit()", 0), ("pass", 0), ("raise SystemExit(4)", 4),
     ("raise click.UsageError('wrong')", 2), ("raise click.Abort()", 130),
     ("from mlmodel.errors import UntrustedModel; raise UntrustedModel('no')", 3),
     ("raise ValueError('a fault')", 70)],
)  # fmt: skip
def test_every_way_a_command_ends_has_its_code(leave, code):
    done = subprocess.run(
        [sys.executable, "-c", EXITS.format(leave=leave)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


LIGHT = """
import sys
from mlmodel.cli import main
try:
    main({args!r})
except SystemExit:
    pass
heavy = {{"numpy", "pandas", "pickle5", "joblib", "cloudpickle", "sklearn", "mlflow", "torch"}}
sys.stderr.write(",".join(sorted(heavy & set(sys.modules))))
"""


@pytest.mark.thorough
@pytest.mark.parametrize("args", [["validate"], ["inspect"], ["inspect", "--json"]])
def test_nothing_heavy_is_imported(tree, args):
    make(tree / "d", (
        "flavors:\n  python_function:\n    loader_module: trap\n    code: code\n    env: conda.yaml\n"
        "signature:\n  inputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float32\", \"shape\": [-1]}}]'\n"
    ), "conda.yaml")  # fmt: skip
    (tree / "d" / "code").mkdir()
    (tree / "d" / "code" / "trap.py").write_text("raise SystemExit('executed')")
    (tree / "d" / "requirements.txt").write_text("a @ https://x.example/a.whl\n")
    script = LIGHT.format(args=[args[0], str(tree / "d"), *args[1:]])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "executed" not in done.stdout
