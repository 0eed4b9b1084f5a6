"""mlmodel validate: which rules are looked at, where that is set, and where the report goes."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlmodel.cli.validate import command
from mlmodel.document.schema import schemas
from mlmodel.errors import InvalidArgument, WriteFailed
from mlmodel.reports.selection import Selection

#: Breaks DIR-003 (an error) and MLM-011 (a warning), each once.
BROKEN = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: gone\nodd: 1\n"


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "work" / "m").mkdir(parents=True)
    (tmp_path / "work" / "m" / "MLmodel").write_text(BROKEN)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work" / "m"


def run(*args, **options):
    return CliRunner().invoke(command, ["m", *args], **options)


def rules_in(result):
    document = json.loads(result.output)
    schemas.validator("report").validate(document)
    return [one["rule"] for one in document["models"][0]["violations"]]


def shell(*args, cwd, **env):
    return subprocess.run(
        [sys.executable, "-m", "mlmodel", *map(str, args)],
        cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


# -- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told", "code"),
    [
        ([], ["DIR-003", "MLM-011"], 1),
        (["--ignore", "DIR-003"], ["MLM-011"], 0),
        (["--ignore", "dir"], ["MLM-011"], 0),
        (["--ignore", "DIR,MLM-01"], [], 0),
        (["--ignore", "DIR", "--ignore", "MLM", "--strict"], [], 0),
        (["--ignore", "DIR", "--strict"], ["MLM-011"], 1),
        (["--select", "MLM"], ["MLM-011"], 0),
        (["--select", "DIR-003", "--ignore", "DIR"], ["DIR-003"], 1),
        (["--select", "DIR", "--ignore", "DIR-003"], [], 0),
        (["--select", "DIR", "--ignore", "DIR"], [], 0),
    ],
)
def test_what_is_left_out_counts_for_nothing_but_the_count(model, options, told, code):
    """MLM-033."""
    result = run("--format", "json", *options)
    assert rules_in(result) == told
    assert result.exit_code == code
    document = json.loads(result.output)
    assert document["summary"]["ignored"] == 2 - len(told)
    assert document["models"][0].get("ignored", 0) == 2 - len(told)
    last = run(*options).output.splitlines()[-1]
    assert (f", {2 - len(told)} ignored)" in last) == (len(told) < 2)


def test_every_form_says_how_many_are_left_out(model):
    """MLM-029, MLM-033."""
    (log,) = json.loads(run("--ignore", "DIR", "--format", "sarif").output)["runs"]
    assert [one["ruleId"] for one in log["results"]] == ["MLM-011"]
    (note,) = log["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "Not told: 1 violation of ignored rules (MLM-033)."
    assert "1 ignored" in run("--ignore", "DIR", "--format", "github").output


def test_a_file_that_cannot_be_read_stays_one(model):
    """MLM-033."""
    result = run("--ignore", "MLM", "--max-bytes", "10")
    assert result.exit_code == 2
    assert "m: unreadable: " in result.output


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ENF-49", "ENF-049"),
        ("MLM-11", "MLM-011"),
        ("EVN", "ENV"),
        ("QQQ", "CNV, CRA, DIR, DIV, ENF"),
        ("", "DIR"),
    ],
)
def test_a_rule_that_does_not_exist(model, given, meant):
    """MLM-033."""
    error = run("--ignore", given).exception
    assert isinstance(error, InvalidArgument)
    assert f"There is no rule {given!r}; " in str(error)
    assert meant in str(error)
    assert shell("validate", "--select", given, model, cwd=model).returncode == 2


def test_of_two_that_fit_the_longer_one_holds():
    selection = Selection.of(["ENV", "MLM-011"], ["ENV-005", "MLM"])
    names = ["ENV-001", "ENV-005", "MLM-011", "MLM-012", "SIG-001"]
    assert [name for name in names if selection.takes(name)] == ["ENV-001", "MLM-011"]


def test_what_is_left_out_is_not_mended(model):
    """MLM-027, MLM-033."""
    text = "flavors: {a: {}}\nrun_id: 1.0\n"
    (model / "MLmodel").write_text(text)
    run("--fix", "--ignore", "MLM-005")
    assert (model / "MLmodel").read_text() == text
    run("--fix", "--ignore", "MLM-011")
    assert (model / "MLmodel").read_text() == text.replace("1.0", "'1.0'")


# -- settings -------------------------------------------------------------------------------------


def test_settings_are_those_of_the_nearest_file(model):
    above = model.parents[1]
    (above / "pyproject.toml").write_text('[tool.mlmodel]\nignore = ["DIR"]\nstrict = true\n')
    result = run("--format", "json")
    assert (rules_in(result), result.exit_code) == (["MLM-011"], 1)
    (model.parent / "pyproject.toml").write_text("[tool.other]\nignore = 5\n")
    assert rules_in(run("--format", "json")) == ["MLM-011"]
    (model.parent / "mlmodel.toml").write_text('select = ["DIR"]\n')
    result = run("--format", "json")
    assert (rules_in(result), result.exit_code) == (["DIR-003"], 1)
    (model.parent / "mlmodel.toml").write_text("")
    assert rules_in(run("--format", "json")) == ["DIR-003", "MLM-011"]


def test_options_win(model):
    file = Path("mlmodel.toml")
    file.write_text('ignore = ["DIR", "MLM"]\nstrict = true\nmax-bytes = 10\njobs = 2\n')
    assert run().exit_code == 2
    assert run("--max-bytes", "1000").exit_code == 0
    wide = ("--max-bytes", "1000", "--format", "json")
    assert rules_in(run("--ignore", "DIR", *wide)) == ["MLM-011"]
    assert rules_in(run("--select", "MLM-011", *wide)) == ["MLM-011"]
    assert run("--select", "MLM-011", *wide).exit_code == 1
    assert run("--select", "MLM-011", "--no-strict", *wide).exit_code == 0
    assert rules_in(run("--no-config", "--format", "json")) == ["DIR-003", "MLM-011"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('ignor = ["DIR"]\n', "does not know: ignor; did you mean ignore?"),
        ("a = 1\nb = 2\n", "settings that mlmodel does not know: a, b; known are select, ignore"),
        ('ignore = "DIR"\n', "ignore is 'DIR'; expected a list of texts."),
        ("ignore = [1]\n", "expected a list of texts."),
        ("strict = 1\n", "strict is '1'; expected true or false."),
        ("jobs = 0\n", "expected a whole number from 1."),
        ("jobs = true\n", "expected a whole number from 1."),
        ("jobs = \n", "is not TOML"),
        ('ignore = ["XYZ"]\n', "There is no rule 'XYZ'"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(model, text, said):
    """MLM-033."""
    Path("mlmodel.toml").write_text(text)
    done = shell("validate", "m", cwd=model.parent)
    assert done.returncode == 2
    assert done.stderr.startswith("mlmodel: INVALID_ARGUMENT: ")
    assert said in done.stderr
    if "XYZ" not in said:
        assert str(model.parent / "mlmodel.toml") in done.stderr
    Path("mlmodel.toml").unlink()
    Path("pyproject.toml").write_text(f"[tool.mlmodel]\n{text}")
    assert said in str(run().exception)


def test_files_that_are_none_of_ours_are_not_even_parsed(model):
    Path("pyproject.toml").write_text("this is not TOML")
    assert run().exit_code == 1
    Path("pyproject.toml").write_text("tool = 1 # mlmodel")
    assert run().exit_code == 1
    Path("pyproject.toml").write_text("[tool]\nmlmodel = 1")
    assert "[tool.mlmodel] is not a table" in str(run().exception)
    Path("pyproject.toml").unlink()
    os.mkfifo("mlmodel.toml")
    assert "mlmodel.toml cannot be read: it is not a regular file" in str(run().exception)


# -- where the report goes ------------------------------------------------------------------------


def test_quiet_prints_violations_alone(model):
    lines = run("--quiet").output.splitlines()
    assert [line.split(" ")[2] for line in lines] == ["DIR-003:", "MLM-011:"]
    assert run("-q", "--ignore", "DIR,MLM").output == ""
    assert all(
        line.startswith("::") for line in run("-q", "--format", "github").output.splitlines()
    )


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_the_report_in_a_file_is_the_one_that_is_printed(model, form):
    printed = run("--format", form)
    result = run("--format", form, "-o", "report", "--color")
    assert Path("report").read_text() == printed.output
    assert result.exit_code == printed.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "1 model: 0 valid, 1 not valid (1 error, 1 warning)\n"
    assert run("--format", form, "-q", "-o", "report").stderr == ""


def test_a_file_that_cannot_be_written_is_as_it_was(model, monkeypatch):
    Path("report").write_text("before")

    def full(partial, target, **folders):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    assert isinstance(run("-o", "report").exception, WriteFailed)
    assert Path("report").read_text() == "before"
    assert sorted(os.listdir()) == ["m", "report"]
    assert isinstance(run("-o", "no/such/report").exception, WriteFailed)


def test_only_files_are_replaced(model):
    os.mkfifo("pipe")
    for place in ("pipe", "m", "/dev/null"):
        assert isinstance(run("-o", place).exception, InvalidArgument), place
    Path("real").write_text("before")
    Path("link").symlink_to("real")
    run("-o", "link")
    assert Path("link").is_symlink()
    assert "DIR-003" in Path("real").read_text()


# -- colors ---------------------------------------------------------------------------------------

RED = "\x1b[31m"


def on_a_terminal(*args, **env):
    """Return what the command prints where standard output is a terminal."""
    outer, inner = pty.openpty()
    env = {"TERM": "xterm", **env}
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "validate", "m", *args],
        stdin=inner, stdout=inner, stderr=inner, env={**kept, **env},
    )  # fmt: skip
    os.close(inner)
    printed = b""
    while True:
        try:
            part = os.read(outer, 4096)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        printed += part
    os.close(outer)
    assert process.wait() == 1
    return printed.decode()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("options", "env", "colored"),
    [
        ([], {}, True),
        (["--no-color"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        (["--color"], {"NO_COLOR": "1"}, True),
        ([], {"TERM": "dumb"}, False),
        (["--format", "json"], {}, False),
        (["--format", "github"], {}, False),
    ],
)
def test_colors_are_for_terminals(model, options, env, colored):
    printed = on_a_terminal(*options, **env)
    assert (f"{RED}error DIR-003" in printed) == colored
    assert (RED in printed) == colored


def test_without_a_terminal_colors_must_be_asked_for(model):
    assert "\x1b" not in run().output
    assert f"{RED}error DIR-003" in run("--color").output


def test_a_name_cannot_color_itself(model):
    os.rename("m", "m\x1b[31merror DIR-003")
    result = CliRunner().invoke(command, ["--color", "m\x1b[31merror DIR-003"])
    assert "m\\x1b[31merror DIR-003/MLmodel:4:17: " in result.output
    assert result.output.count(RED) == 1


# -- further models -------------------------------------------------------------------------------


def test_models_below_a_model_are_counted(model, monkeypatch):
    """DIR-007, MLM-029."""
    for name in ("m/metadata", "m/artifacts/b", "m/artifacts/b/c", "m/a"):
        Path(name).mkdir(parents=True, exist_ok=True)
        (Path(name) / "MLmodel").write_text("flavors: {}\n")
    note = "2 further models below this one were not checked; to check them, name them: "
    assert f"m: note: {note}m/a, m/artifacts/b.\n" in run().output
    assert note not in run("-q").output
    assert f"::notice::m: {note}" in run("--format", "github").output
    (model,) = json.loads(run("--format", "json").output)["models"]
    assert model["unchecked"] == [f"{note}m/a, m/artifacts/b."]
    monkeypatch.chdir("m")
    here = CliRunner().invoke(command, ["."])
    assert ".: note: 2 further models below" in here.output
    assert "further" not in CliRunner().invoke(command, [".."]).output
    assert "further" not in CliRunner().invoke(command, ["MLmodel"]).output
    assert "further" not in CliRunner().invoke(command, ["artifacts/b/c"]).output
