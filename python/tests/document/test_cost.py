"""What a hostile document costs: its report is short, and work grows with the file (MLM-034, MLM-035, MLM-036)."""

from __future__ import annotations

import json
import sys

import pytest
import yaml
from click.testing import CliRunner

from bounded import bounded
from mlmodel import validate
from mlmodel.cli.fmt import command as fmt_command
from mlmodel.cli.validate import command as validate_command
from mlmodel.document import parse
from mlmodel.document.editing.fixes import fix_text
from mlmodel.document.editing.formatting import format_text
from mlmodel.document.yaml.jsontext import JsonText
from mlmodel.errors import InvalidModel, Violation, listed

HEAD = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
#: A minute is there for what never ends; what is tried here takes a second or two.
PATIENCE = 60


def made(folder, text, **files):
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text(text)
    for name, content in files.items():
        (folder / name.replace("_txt", ".txt").replace("_yaml", ".yaml")).write_text(content)
    return folder


def in_child(*args):
    """Return code and output of the command in a process with bounds of its own."""
    child = bounded("-m", "mlmodel", *map(str, args), timeout=PATIENCE, text=True)
    assert child.returncode >= 0, child.stderr
    assert "Traceback" not in child.stderr, child.stderr
    return child.returncode, child.stdout + child.stderr


def column(spec):
    """Return what makes the text of a file: for long ones that takes longer than a test is to be found."""
    return lambda: HEAD + yaml.safe_dump({"signature": {"inputs": spec}}, width=10**9)


def text_of(one):
    return one() if callable(one) else one


# -- the list ends, the count does not ------------------------------------------------------------


def test_a_hundred_of_a_kind_are_listed_and_one_entry_counts_the_others():
    many = [Violation("MLM-003", f"{n}", "a", n) for n in range(1, 251)]
    other = Violation("MLM-003", "other", "b", 1)
    warned = Violation("MLM-003", "warned", "a", 9, severity="warning")
    found = listed([*many, other, warned])
    assert [one.message for one in found[:100]] == [str(n) for n in range(1, 101)]
    assert found[100].times == 150
    assert "150 times more" in found[100].message
    assert found[101:] == [other, warned]
    assert sum(one.times for one in found) == 252
    assert listed(found) == found


def test_a_hundred_are_all_listed():
    many = [Violation("MLM-003", f"{n}", "a", n) for n in range(100)]
    assert listed(many) == many


BROKEN = {
    "a key of the file": HEAD + "run_id: a\n" * 20_000,
    "tags": HEAD + "metadata:\n" + "".join(f"  k{n}: !no 1\n" for n in range(20_000)),
    "dates": HEAD + "metadata:\n" + "".join(f"  k{n}: 2020-13-45\n" for n in range(20_000)),
    "flavors": "flavors:\n" + "".join(f"  f{n}: 1\n" for n in range(20_000)),
    "columns": column(json.dumps([1] * 200_000)),
    "no columns": column(json.dumps([{}] * 200_000)),
    "names": column(json.dumps([{"type": "double", "name": "c"}] * 30_000)),
    "keys of JSON": column('[{"type": "double"' + ', "a": 1' * 200_000 + "}]"),
    "types of their own": column(json.dumps([{"type": f"t{n}", "name": f"{n}"} for n in range(30_000)])),
    "a shape": column('[{"type":"tensor","tensor-spec":{"dtype":"float64","shape":[' + "-2," * 300_000 + "1]}}]"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", BROKEN)
def test_a_report_is_short_whatever_is_broken_how_often(kind, tmp_path):
    folder = made(tmp_path / "m", text_of(BROKEN[kind]))
    code, said = in_child("validate", "--format", "json", folder)
    assert code == 1
    assert len(said) < 300_000
    report = json.loads(said)
    (model,) = report["models"]
    more = [one for one in model["violations"] if "times" in one]
    assert more
    assert max(one["times"] for one in more) > 800
    errors = sum(one.get("times", 1) for one in model["violations"] if one["severity"] == "error")
    assert report["summary"]["errors"] == errors > 900


WARNED = {
    "unknown keys": HEAD + "".join(f"u{n}: 1\n" for n in range(2_000)),
    "unquoted": HEAD + "env_vars:\n" + "- 1\n" * 2_000,
    "unknown keys of columns": column(json.dumps([{"type": "double", "name": f"{n}", f"u{n}": 1} for n in range(1_000)])),
    "unknown keys of one column": column('[{"type": "double"' + "".join(f', "u{n}": 1' for n in range(2_000)) + "}]"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", WARNED)
@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_every_form_says_how_many_more_there_are(kind, form, tmp_path):
    folder = made(tmp_path / "m", text_of(WARNED[kind]))
    told = CliRunner().invoke(validate_command, ["--format", form, str(folder)])
    assert told.exit_code == 0
    assert len(told.output) < 300_000
    warnings = validate(folder).warnings
    number = sum(one.times for one in warnings)
    assert number >= 1_000
    rule = warnings[-1].rule
    more = max(one.times for one in warnings)
    assert f"{more:,} times more in this file" in told.output
    if form == "sarif":
        results = json.loads(told.output)["runs"][0]["results"]
        assert more in [one.get("occurrenceCount") for one in results if one["ruleId"] == rule]
    strict = CliRunner().invoke(validate_command, ["--strict", "--ignore", rule, str(folder)])
    assert strict.exit_code == int(number > more + 100)


def test_violations_that_are_left_out_are_counted(tmp_path):
    folder = made(tmp_path / "m", text_of(WARNED["unknown keys"]))
    told = CliRunner().invoke(validate_command, ["--ignore", "MLM-011", str(folder)])
    assert "2000 ignored" in told.output


@pytest.mark.slow
def test_an_error_of_an_exception_is_as_short():
    with pytest.raises(InvalidModel) as caught:
        format_text(text_of(BROKEN["a key of the file"]))
    assert len(caught.value.details) == 101
    assert len(str(caught.value)) < 30_000


# -- pointers and messages (MLM-035) ------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_long_pointer_is_left_out_and_the_place_stays(tmp_path):
    long = "k" * 3_000_000
    text = HEAD + f"metadata:\n  ? {long}\n  :\n" + "    a: 1\n" * 20_000
    code, said = in_child("validate", "--format", "json", made(tmp_path / "m", text))
    found = json.loads(said)["models"][0]["violations"]
    assert code == 1
    assert len(said) < 100_000
    assert all("pointer" not in one for one in found)
    assert (found[0]["line"], found[0]["column"]) == (8, 5)


def test_a_pointer_of_a_thousand_characters_is_shown():
    key = "k" * (1_000 - len("/metadata//a"))
    for more, shown in ((0, True), (1, False)):
        text = f"{HEAD}metadata:\n  ? {key}{'k' * more}\n  :\n    a: 1\n    a: 1\n"
        (found,) = parse(text).problems
        assert (found.pointer is not None) == shown


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}? {'k' * 9_000}\n: 1\n? {'k' * 9_000}\n: 1\n",
        HEAD + f"    model_path: {'a' * 3_000}\n",
        HEAD + f"    model_path: '{'a' * 3_000}\\b'\n",
        HEAD + f"a: *{'x' * 9_000}\n",
    ],
    ids=["key", "path", "backslashes", "alias"],
)
def test_a_message_shows_no_more_than_the_beginning(text, tmp_path):
    report = validate(made(tmp_path / "m", text))
    assert report.violations
    assert all(len(one.message) < 400 for one in report.violations)


# -- what never ended -----------------------------------------------------------------------------

OK = HEAD + "    env: {conda: conda.yaml}\n"
CONDA = "dependencies:\n- pip:\n  - a==1\n"
ENDLESS = {
    "comments before a page": ("<!---->" * 140 + "x", {}),
    "a comment before a page": ("<!--" + "-->" * 200 + "<!--", {}),
    "an editable": (OK, {"requirements_txt": "-e" + "=" * 60_000 + "\n" * 2}),
    "a file's name": (OK, {"conda_yaml": 'dependencies:\n- pip:\n  - "-r' + " " * 60_000 + 'x\\ny"\n'}),
    "schemes": (OK, {"conda_yaml": f"channels:\n- '{'://' * 1_000_000}'\n{CONDA}"}),
    "continued lines": (OK, {"requirements_txt": "abc\\\n" * 1_500_000}),
    "a long line": (OK, {"requirements_txt": "a" * 6_000_000 + " ?\n"}),
    "parentheses": (OK, {"requirements_txt": "a; " + "(" * 20_000 + "\n"}),
    "two lists": (OK, {"requirements_txt": "".join(f"a{n}==1\n" for n in range(150_000)),
                       "conda_yaml": CONDA + "".join(f"  - b{n}==1\n" for n in range(40_000))}),
    "a path": (HEAD + "    model_path: '" + "a/" * 3_000_000 + "'\n", {}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", ENDLESS)
def test_checking_comes_to_an_end(kind, tmp_path):
    text, files = ENDLESS[kind]
    code, said = in_child("validate", made(tmp_path / "m", text, **files))
    assert code in {0, 1}
    assert "model: " in said
    assert "please report it" not in said


@pytest.mark.parametrize(
    ("line", "rule"),
    [("a" * 65_537, "ENV-008"), ("a; " + "(" * 20_000, "ENV-008")],
)
def test_a_requirement_that_is_too_long_or_deep_is_wrong(line, rule, tmp_path):
    """ENV-027, and what the packaging library does not end with an error of its own."""
    found = validate(made(tmp_path / "m", OK, requirements_txt=f"{line}\n")).errors
    assert [one.rule for one in found if one.file.endswith("requirements.txt")] == [rule]
    assert all(len(one.message) < 400 for one in found)


def test_a_page_behind_comments_is_still_known(tmp_path):
    (found,) = validate(made(tmp_path / "m", "<!-- a --> <!-- b --->\n<!DOCTYPE html>")).violations
    assert found.rule == "DIR-009"


@pytest.mark.thorough
@pytest.mark.parametrize(
    "repeated",
    ["'" + "x " * 3_000_000 + "'", "'" + "é" * 3_000_000 + "'"],
    ids=["ascii", "beyond"],  # a process that is started is told the name of the test
)
def test_an_alias_is_not_written_out_beyond_the_limit(repeated, tmp_path):
    text = HEAD + f"metadata:\n  a: &a {repeated}\n" + "".join(f"  k{n}: *a\n" for n in range(900))
    code, said = in_child("fmt", "--check", made(tmp_path / "m", text))
    assert code == 2
    assert "MLM-002" in said


def test_columns_of_keys_in_one_wide_line():
    keys = [f"? {'x' * 200}{n} : 1" if n % 2 else f"k{n}: 1" for n in range(200)]
    text = HEAD + "metadata: {" + ", ".join(keys) + "}  # behind\n"
    new = format_text(text).text
    assert new.count("# behind") == 1
    assert parse(new).data == parse(text).data


# -- mending --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("run_id: a\n" * 20_000, "run_id: a\n"),
        ("metadata: {" + "a: 1, " * 20_000 + "}\n", "metadata: {a: 1}\n"),
        ("metadata:\n" + f"  a: 1{' ' * 200}#\n" * 20_000, None),
    ],
    ids=["run_id", "flow", "comments"],
)
def test_thousands_of_keys_are_mended(text, left, tmp_path):
    folder = made(tmp_path / "m", HEAD + text)
    code, said = in_child("validate", "--fix", "--format", "json", folder)
    assert code == 0, said[-300:]
    fixed = json.loads(said)["models"][0]["fixed"]
    assert sum(one.get("times", 1) for one in fixed) == 19_999
    assert len(fixed) == 101
    if left:
        assert parse((folder / "MLmodel").read_text()).data == parse(HEAD + left).data


@pytest.mark.thorough
def test_a_change_that_adds_errors_does_not_keep_the_others_from_being_made():
    keys = "".join(f"- {n}\n" for n in range(5_000))
    text = f"{HEAD}env_vars:\n{keys}signature:\n  inputs:\n  - {{type: no, name: a}}\n  - {{type: yes}}\n"
    new = fix_text(text, "MLmodel", None)
    assert new.text.count("'") == 10_000


# -- places ---------------------------------------------------------------------------------------


def test_repeated_keys_are_found_at_every_depth_in_one_go():
    deep = '{"a":' * 50 + '{"b": 1, "b": "\\"", "c": [1, {"d": 1, "\\u0064": 2}]}' + "}" * 50
    found = list(JsonText(deep).repeated_keys())
    assert [path[-2:] for path, _ in found] == [["a", "b"], ["1", "d"]]
    assert [deep[at : at + 3] for _, at in found] == ['"b"', '"\\u']


@pytest.mark.thorough
@pytest.mark.parametrize("wrong", [0, 1, 99_999])
def test_the_place_of_a_late_item(wrong):
    items = ["1"] * 100_000
    text = JsonText(f"[{', '.join(items)}]")
    assert text.offset([str(wrong)]) == 1 + 3 * wrong
    assert text.offset(["100000"]) == 0
    assert text.offset(["9" * 5_000]) == 0


@pytest.mark.slow
def test_fmt_says_how_many_more(tmp_path):
    folder = made(tmp_path / "m", text_of(BROKEN["dates"]))
    told = CliRunner().invoke(fmt_command, ["--check", str(folder)])
    assert told.exit_code == 2
    assert "19,900 times more in this file" in told.output


SAME = sys.hash_info.modulus
CROWDED = {
    "numbers": [str(SAME * at) for at in range(100)],
    "numbers in hexadecimal": [hex(SAME * at) for at in range(100)],
    "numbers with tags": [f'!!int "{SAME * at}"' for at in range(100)],
    "numbers in minutes": [f"{SAME * at}:00" for at in range(1, 101)],
    "floats and numbers": [f"{2.0 ** (61 * at):.1f}" for at in range(8)]
    + [str(1 + SAME * at) for at in range(64)],
}


@pytest.mark.parametrize("name", CROWDED)
def test_keys_of_one_hash(name):  # MLM-037
    lines = "".join(f"  {key}: 1\n" for key in CROWDED[name])
    for tag in ("", " !!map", " !!set"):
        document = parse(f"{HEAD}metadata:{tag}\n{lines}")
        assert [one.rule for one in document.problems].count("MLM-037") == 1
        assert len(document.data["metadata"]) < len(CROWDED[name])


def test_numbers_as_keys():  # MLM-037: 64 of one hash, and all that do not share one
    for keys in (
        CROWDED["numbers"][:64],
        range(-1000, 1000),
        [2**61 + at for at in range(1000)],
        ["1.5", "true", "~"],
    ):
        lines = "".join(f"  {key}: 1\n" for key in keys)
        assert "MLM-037" not in [one.rule for one in parse(HEAD + "metadata:\n" + lines).problems]
