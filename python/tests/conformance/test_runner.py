"""The runner, run against implementations that are wrong on purpose."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import oracle
import pytest
from click.testing import CliRunner

from conformance.lint import Tree
from conformance.runner.cases import Selection, read_vectors
from conformance.runner.command import command
from conformance.runner.known import Known
from conformance.runner.pipe import Harness
from conformance.runner.running import Settings, run
from conformance.runner.subject import Broken
from processes import is_running

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
ORACLE = str(Path(oracle.__file__))
#: The case that a mode is about, and how many there are.
THIRD, ALL = 3, 6
SIGNATURE = {"inputs": [{"type": "long", "name": "a"}]}


def _enforced(name, value, expected):
    return {
        "id": name,
        "description": f"{name} is what it is",
        "rules": ["ENF-040"],
        "input": {"signature": SIGNATURE, "data": {"value": [{"a": value}]}},
        "expected": expected,
    }


def _column(value):
    return {"data": {"columns": [{"name": "a", "dtype": "int64", "values": [value]}]}}


def _refused(row=0):
    return {"error": "INVALID_INPUT", "details": [{"rule": "ENF-042", "column": "a", "row": row}]}


@pytest.fixture
def vectors(tmp_path):
    folder = tmp_path / "vectors"
    files = {
        "enforcement/whole": ("enforcement", "enforce", [
            _enforced("one", 1, _column(1)),
            _enforced("large", 2**53 + 1, _column(2**53 + 1)),
            _enforced("fraction", 1.5, _refused()),
            _enforced("text", "x" * 200_000, _refused()),
        ]),
        "mlmodel-file/keys": ("mlmodel-file", "check-model", [
            {
                "id": f"key-{number}",
                "description": f"a key {number}",
                "rules": ["MLM-001"],
                "input": {"mlmodel": f"a: {number}\n"},
                "expected": {"valid": False, "violations": [
                    {"rule": "MLM-001", "line": 1, "column": 1},
                    {"rule": "MLM-002", "line": number, "column": 2},
                ]},
            }
            for number in (1, 2)
        ]),
    }  # fmt: skip
    for name, (area, operation, cases) in files.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"area": area, "operation": operation, "description": name, "cases": cases}
        path.write_text(json.dumps(content))
    return folder


@pytest.fixture
def asked(vectors):
    """Return what runs the cases against a mode of the oracle."""

    def ask(mode="right", number=THIRD, *, selection=None, jobs=1, lenient=False, known=None,
            **limits):  # fmt: skip
        folder = str(vectors)
        settings = Settings(selection or Selection(), known or Known(), lenient=lenient, jobs=jobs)
        command_line = [sys.executable, ORACLE, folder, mode, str(number)]
        return run(lambda: Harness(command_line, **limits), read_vectors(vectors), settings)

    return ask


def _outcomes(done):
    return [one.outcome for one in done.results]


def test_the_vectors_of_these_tests_are_vectors(vectors):
    for path in vectors.rglob("*.json"):
        Tree(ROOT).validator("vector").validate(json.loads(path.read_text()))


def test_who_is_right_passes(asked):
    done = asked()
    assert _outcomes(done) == ["passed"] * ALL
    assert done.is_right
    assert done.whole == ("checker", "untyped")


@pytest.mark.parametrize("mode", ["more-keys", "chatter-on-stderr"])
def test_what_is_free_is_free(asked, mode):
    assert _outcomes(asked(mode)) == ["passed"] * ALL


#: What a harness does for one case -> what is said of that case.
ERRORED = {
    "hang": "did not answer within 2 s",
    "hang-deaf": "did not answer within 2 s",
    "crash": "ended with exit code 3. Its last words: out of luck",
    "killed": "ended by signal 9",
    "half-a-line": "after half a line",
    "close-and-stay": "closed its output and did not end",
    "flood": "wrote more than 1000000 bytes",
    "flood-of-lines": "said more than its one line: all is well",
    "two-lines": "said more than its one line",
    "garbage": "not JSON: Segmentation fault",
    "not-utf-8": "not JSON",
    "nan": "not JSON",
    "deep": 'not JSON: {"id": 3, "result": [[',
    "a-list": "not a JSON object",
    "earlier-id": "answered with the id 2 when asked 3",
    "text-id": 'answered with the id "3" when asked 3',
    "no-id": "answered with the id null",
    "nothing": "give one of result, skip and error",
    "two-kinds": "give one of result, skip and error",
    "result-is-a-list": "a result that is not an object",
    "skip-without-reason": "a skip that is not a text",
    "error": "The harness says: KeyError: 'a'",
}


@pytest.mark.parametrize("mode", ERRORED)
def test_what_is_no_answer_costs_its_case_and_no_other(asked, mode):
    timeout = 2.0 if "hang" in mode else 60.0
    done = asked(mode, timeout=timeout, longest_line=10**6)
    assert _outcomes(done) == ["passed"] * 2 + ["errored"] + ["passed"] * 3
    assert ERRORED[mode] in done.results[2].reason
    assert not done.is_right


@pytest.mark.parametrize("mode", ["empty-result", "error-for-answer", "null-for-answer"])
@pytest.mark.parametrize("number", range(1, ALL + 1))
def test_a_wrong_answer_fails_its_case(asked, mode, number):
    done = asked(mode, number)
    wanted = ["passed"] * ALL
    wanted[number - 1] = "failed"
    assert _outcomes(done) == wanted
    assert done.results[number - 1].differences


def test_a_skip_has_its_reason_and_fails_nothing(asked):
    done = asked("skip")
    assert done.results[2].outcome == "skipped"
    assert done.results[2].reason == "no datetimes yet"
    assert done.is_right
    assert not done.as_json()["profiles"]["untyped"]["conforms"]
    assert done.as_json()["profiles"]["checker"]["conforms"]


def test_what_a_harness_started_ends_with_it(asked, tmp_path, monkeypatch, wait_for):
    monkeypatch.setenv("ORACLE_NOTES", str(tmp_path / "child"))
    done = asked("hang-with-a-child", timeout=5.0)
    assert _outcomes(done).count("errored") == 1
    child = int((tmp_path / "child").read_text())
    wait_for(lambda: not is_running(child))


def test_a_harness_that_does_not_read_is_timed_out(vectors):
    """A case of 200,000 letters does not fit into the pipe."""
    deaf = (
        "import json, sys, time\n"
        "sys.stdin.readline()\n"
        f"print(json.dumps({oracle.ABOUT!r}), flush=True)\n"
        "time.sleep(3600)"
    )
    settings = Settings(Selection(globs=("text",)))
    harness = Harness([sys.executable, "-c", deaf], timeout=1.0)
    done = run(lambda: harness, read_vectors(vectors), settings)
    assert "did not answer within 1 s" in done.results[0].reason


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"version": None}, "did not say its implementation, version and language"),
        ({"language": ""}, "did not say its implementation, version and language"),
        ({"operations": None}, "did not say its operations"),
        ({"operations": [1]}, "did not say its operations"),
        ({"profiles": "checker"}, "did not say its operations (and profiles"),
    ],
)
def test_who_does_not_say_what_it_is_is_not_asked(asked, monkeypatch, about, says):
    monkeypatch.setenv("ORACLE_ABOUT", json.dumps(about))
    with pytest.raises(Broken, match="To the start, the harness did not say") as caught:
        asked()
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("command_line", "says"),
    [
        (["/nowhere/harness"], "/nowhere/harness cannot be started: No such file"),
        ([sys.executable, "-c", "raise SystemExit('no licence')"], "exit code 1.*no licence"),
        ([sys.executable, "-c", "import time; time.sleep(3600)"], "did not answer within 1 s"),
    ],
)
def test_what_does_not_start_is_not_asked(vectors, command_line, says):
    harness = Harness(command_line, start_timeout=60.0 if "-c" not in command_line else 1.0)
    if "licence" in command_line[-1]:
        harness = Harness(command_line)
    with pytest.raises(Broken, match=says):
        run(lambda: harness, read_vectors(vectors), Settings())


def test_a_harness_that_starts_once_and_never_again_is_given_up(vectors, tmp_path):
    """It crashes at its first case; the run is not held up by starting it for every other one."""
    script = (
        "import json, pathlib, sys\n"
        f"starts = pathlib.Path({str(tmp_path / 'starts')!r})\n"
        "starts.write_text(starts.read_text() + '.' if starts.exists() else '.')\n"
        "sys.stdin.readline()\n"
        "if starts.read_text() != '.': sys.exit(1)\n"
        f"print(json.dumps({oracle.ABOUT!r}), flush=True)\n"
        "sys.stdin.readline()"
    )
    harness = Harness([sys.executable, "-c", script])
    done = run(lambda: harness, read_vectors(vectors), Settings())
    reasons = [one.reason for one in done.results]
    assert reasons[0].startswith("The harness ended with exit code 0")
    assert all(reason.startswith("The harness did not start again") for reason in reasons[1:4])
    assert all(reason.startswith("Not asked") for reason in reasons[4:])
    assert (tmp_path / "starts").read_text() == "...."


def test_operations_that_are_not_listed_are_skipped(asked, monkeypatch):
    monkeypatch.setenv("ORACLE_ABOUT", '{"operations": ["check-model"]}')
    done = asked()
    assert _outcomes(done) == ["skipped"] * 4 + ["passed"] * 2
    assert done.results[0].reason == "the implementation does not list the operation enforce"


def test_the_profiles_that_are_claimed_are_asked(asked, monkeypatch):
    monkeypatch.setenv("ORACLE_ABOUT", '{"profiles": ["checker"]}')
    assert [one.case.profile for one in asked().results] == ["checker"] * 2
    named = asked(selection=Selection(profiles=("untyped",)))
    assert [one.case.profile for one in named.results] == ["untyped"] * 4


def test_several_processes_give_the_same(asked):
    one, several = asked("crash"), asked("crash", jobs=3)
    assert _outcomes(several) == _outcomes(one)
    assert [each.case.id for each in several.results] == [each.case.id for each in one.results]


def test_what_is_said_has_the_form_that_the_schema_says(asked, tmp_path, monkeypatch):
    monkeypatch.setenv("ORACLE_LINES", str(tmp_path / "lines"))
    asked()
    said = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    validator = Tree(ROOT).validator("harness")
    for message in [*said, oracle.ABOUT]:
        validator.validate(message)
    assert [sorted(message) for message in said] == [
        ["cmd", "protocol", "vectors"],
        *[["id", "input", "operation"]] * ALL,
        ["cmd"],
    ]
    assert (tmp_path / "lines").read_bytes().isascii()


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1},
        {"id": 1, "result": {}, "skip": "no"},
        {"id": 1, "result": []},
        {"id": "1", "result": {}},
        {"id": 1, "error": None},
        {"id": 1, "operation": "walk-the-dog", "input": {}},
        {"implementation": "a", "version": "1", "language": "B"},
        {"cmd": "start"},
    ],
)
def test_the_schema_refuses_what_is_no_message(message):
    assert not Tree(ROOT).validator("harness").is_valid(message)


# The command


@pytest.fixture
def invoke(vectors):
    def call(*arguments, mode="right", number=THIRD):
        line = [sys.executable, ORACLE, str(vectors), mode, str(number)]
        return CliRunner().invoke(
            command, ["run", "--vectors", str(vectors), *arguments, "--", *line]
        )

    return call


def test_the_report_for_people(invoke):
    done = invoke(mode="null-for-answer")
    assert done.exit_code == 1
    first, *more = done.output.splitlines()
    assert first == "failed enforcement/whole:fraction  (ENF-040) fraction is what it is"
    assert '    /error: expected "INVALID_INPUT", got null' in more
    assert f"    wanted {json.dumps(_refused())}" in more
    assert '    got    {"error": null, "details": null}' in more
    assert ["untyped", "4", "3", "1", "0", "0"] in [line.split() for line in more]
    assert ["checker", "2", "2", "0", "0", "0", "conforms"] in [line.split() for line in more]
    assert more[-1].startswith("oracle 1 (Python 3): 5 passed, 1 failed in ")


def test_reasons_are_told(invoke):
    assert "skipped 1: no datetimes yet" in invoke(mode="skip").output
    assert "out of luck" in invoke(mode="crash").output


@pytest.mark.parametrize("mode", ["right", "null-for-answer", "crash", "skip"])
def test_the_report_for_programs_is_as_its_schema_says(invoke, tmp_path, mode):
    target = tmp_path / "report.json"
    done = invoke("--report", "json", "-o", str(target), mode=mode)
    report = json.loads(target.read_text())
    Tree(ROOT).validator("conformance-report").validate(report)
    assert done.exit_code == (0 if report["right"] else 1)
    assert [one["outcome"] for one in report["results"]].count("passed") >= ALL - 1
    assert os.stat(target).st_mode & 0o777 == 0o644


@pytest.mark.parametrize("mode", ["half-a-pair", "skip-half-a-pair"])
@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_half_a_pair_of_surrogates_costs_no_report(invoke, tmp_path, mode, form):
    target = tmp_path / "out" / "report"
    target.parent.mkdir()
    code = 1 if mode == "half-a-pair" else 0
    done = invoke("--report", form, "-o", str(target), mode=mode)
    assert done.exit_code == code, done.output
    assert "\\ud800" in target.read_text(encoding="utf-8")
    assert list(target.parent.iterdir()) == [target]
    shown = invoke("--report", form, mode=mode)
    assert shown.exit_code == code
    assert "\\ud800" in shown.output
    if form == "json":
        result = json.loads(target.read_text())["results"][THIRD - 1]
        assert "\ud800" in (result.get("reason") or result["got"]["error"])


def test_a_report_that_cannot_be_written_leaves_nothing(invoke, tmp_path):
    target = tmp_path / "out" / "folder"
    target.mkdir(parents=True)
    done = invoke("-o", str(target))
    assert done.exit_code == 2
    assert "cannot be written" in done.output
    assert list(target.parent.iterdir()) == [target]


KNOWN = "# not yet\n\nenforcement/whole:fraction  fractions are truncated\n"


@pytest.mark.parametrize(
    ("known", "mode", "code", "says"),
    [
        (KNOWN, "null-for-answer", 0, "1 of these known"),
        (KNOWN, "crash", 0, "1 of these known"),
        ("enforcement/*:fract* are truncated", "null-for-answer", 0, "1 of these known"),
        (KNOWN, "right", 1, "unexpectedly passed enforcement/whole:fraction"),
        ("enforcement/* none works", "null-for-answer", 1, "unexpectedly passed"),
        (f"{KNOWN}enforcement/whole:gone it was\n", "null-for-answer", 1, "whole:gone: no case"),
        ("enforcement/whole:fraction\n", "null-for-answer", 2, "line 1: enforcement/whole:fraction has no reason"),
        (f"{KNOWN}enforcement/whole:fraction again\n", "null-for-answer", 2, "stands twice"),
        ("enforcement/whole:one of another case", "null-for-answer", 1, "failed enforcement/whole:fraction"),
    ],
)  # fmt: skip
def test_known_failures(invoke, tmp_path, known, mode, code, says):
    (tmp_path / "known").write_text(known)
    done = invoke("--known-failing", str(tmp_path / "known"), mode=mode)
    assert done.exit_code == code, done.output
    assert says in done.output
    assert ("known to fail: fractions are truncated" in done.output) == (
        known == KNOWN and code == 1
    )


def test_an_entry_whose_case_is_not_asked_is_no_fault(invoke, tmp_path):
    (tmp_path / "known").write_text(KNOWN)
    done = invoke("--known-failing", str(tmp_path / "known"), "--profile", "checker")
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ((), ALL),
        (("--profile", "untyped"), 4),
        (("--area", "mlmodel-file"), 2),
        (("--case", "fraction"), 1),
        (("--case", "enforcement/*"), 4),
        (("--case", "fraction", "--case", "key-1"), 2),
        (("--rule", "ENF"), 4),
        (("--profile", "untyped", "--case", "key-*"), 0),
    ],
)
def test_cases_are_chosen(invoke, options, number):
    done = invoke("--report", "json", *options)
    if number:
        assert len(json.loads(done.output)["results"]) == number
    else:
        assert done.exit_code == 2
        assert "No case is selected" in done.output


def test_a_part_of_a_profile_is_not_the_profile(invoke):
    done = invoke("--case", "key-1")
    rows = [line.split() for line in done.output.splitlines()]
    assert ["checker", "1", "1", "0", "0", "0", "as", "far", "as", "asked"] in rows
    report = json.loads(invoke("--case", "key-1", "--report", "json").output)
    assert not report["profiles"]["checker"]["conforms"]


def test_leniently_is_said_and_is_not_to_conform(invoke):
    done = invoke("--lenient")
    assert "conforms, leniently" in done.output
    report = json.loads(invoke("--lenient", "--report", "json").output)
    assert report["lenient"]
    assert not report["profiles"]["checker"]["conforms"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--vectors", "/nowhere", "--", "x"],
        ["run", "--", "/nowhere/harness"],
        ["run"],
        ["show", "no-such-case"],
    ],
)
def test_what_cannot_be_done_is_2(arguments):
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_what_holds_no_vectors_is_said(tmp_path):
    (tmp_path / "a.json").write_text('{"cases": [{}]}')
    done = CliRunner().invoke(command, ["list", "--vectors", str(tmp_path)])
    assert done.exit_code == 2
    assert "a.json is not a file of vectors" in done.output


def test_cases_are_listed_and_shown(vectors):
    listed = CliRunner().invoke(command, ["list", "--cases", "--vectors", str(vectors)]).output
    assert listed.splitlines()[0] == "enforcement/whole:one  untyped  ENF-040  one is what it is"
    shown = CliRunner().invoke(command, ["show", "fraction", "--vectors", str(vectors)]).output
    assert json.loads(shown)["expected"] == _refused()
