"""MLflow and MLServer as columns of the report: their harnesses, the kinds, the committed numbers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.harnesses.refusals import refusal, refusal_of_call
from conformance.harnesses.words import said_by, shown, steady
from conformance.report.kinds import KINDS, kind_of, marked
from conformance.report.summary import BEGIN, END, between_markers, readme, summary
from conformance.runner.cases import Selection, read_vectors
from conformance.runner.pipe import Harness
from conformance.runner.results import Result, Run
from conformance.runner.running import Settings, run
from conformance.runner.subject import About

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from peer_environment import peer_python

ROOT = Path(__file__).resolve().parents[3]
REPORT = ROOT / "conformance" / "report"

#: Cases of each operation and kind, with the kind of what the peer answers.
MLFLOW = {
    "flavors/catboost:catboost-mlflow": "passed",
    "mlmodel-file/signature-texts:some-named": "refused",
    "signature/infer-columns:column-int32": "passed",
    "signature/infer-columns:nothing": "accepted",
    "signature/infer-delivery:zone-found": "told-otherwise",
    "signature/compare-columns:same": "skipped",
    "enforcement/datetimes:datetime-fraction-of-9-digits": "passed",
    "enforcement/datetimes:datetime-minute-60": "told-otherwise",
    "enforcement/names:partly-named-another-name": "failed",
    "input-example/reading:read-tensor": "passed",
    "input-example/reading:wrong-cell": "accepted",
    "input-example/writing:frame": "passed",
    "enforcement/matrix-json:cell-true-for-boolean": "passed",
    "enforcement/matrix-json:cell-null-for-double": "other",
    "enforcement/matrix-json:cell-null-for-boolean": "accepted",
    "scoring/answers-not-to-give:nested-deeply": "failed",
    "scoring/arrow-and-parquet:by-position-file": "skipped",
}
MLSERVER = {
    "enforcement/matrix-json:cell-true-for-boolean": "passed",
    "enforcement/matrix-json:cell-null-for-double": "other",
    "enforcement/matrix-json:cell-null-for-boolean": "accepted",
    "enforcement/matrix-json:cell-null-for-long": "failed",
    "enforcement/params:params-undeclared-by-case": "told-otherwise",
    "scoring-v2/requests:other-keys": "told-otherwise",
    "scoring-v2/binary:two-tensors": "skipped",
    "scoring-grpc/contents:undeclared": "told-otherwise",
    "scoring-grpc/contents:int64": "told-otherwise",
    "scoring-grpc/contents:two-fields": "accepted",
    "scoring-grpc/contents:too-few": "failed",
    "scoring-grpc/requests:unknown-model": "told-otherwise",
    "scoring-grpc/requests:outputs": "other",
    "scoring-grpc/requests:live": "passed",
    "scoring-grpc/server:stream": "skipped",
    "scoring-grpc/tables:long": "skipped",
}


def _asked(peer, monkeypatch, *ids):
    """Ask a peer's harness these cases; return the kinds of its answers by id, and what it is."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [str(peer_python(peer)), "-W", "ignore", "-m", f"conformance.harnesses.{peer}"]
    done = run(lambda: Harness(command, timeout=60.0), read_vectors(), Settings(Selection(globs=ids)))  # fmt: skip
    return {one.case.id: kind_of(one.as_json()) for one in done.results}, done.about


@pytest.mark.slow
def test_mlflow_answers_through_the_pipe(monkeypatch):
    kinds, about = _asked("mlflow", monkeypatch, *MLFLOW)
    assert kinds == MLFLOW
    assert about.implementation == "MLflow"
    assert about.version == _locked("mlflow", "mlflow")


@pytest.mark.slow
def test_mlserver_answers_through_the_pipe(monkeypatch):
    kinds, about = _asked("mlserver", monkeypatch, *MLSERVER)
    assert kinds == MLSERVER
    assert about.version == f"{_locked('mlserver', 'mlserver')} with MLflow {_locked('mlserver', 'mlflow')}"  # fmt: skip


def _locked(lock, package):
    text = (ROOT / "python" / "requirements" / f"{lock}.txt").read_text()
    return re.search(rf"^{package}==(\S+)$", text, re.MULTILINE)[1]


# What is committed


def _numbers():
    return json.loads((REPORT / "summary.json").read_text(encoding="utf-8"))


def test_the_readme_has_the_numbers_of_the_json():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert between_markers(page, readme(_numbers())) == page


def test_the_page_has_the_numbers_of_the_json():
    page = (REPORT / "index.html").read_text(encoding="utf-8")
    for one in _numbers()["implementations"]:
        assert f"<h2>{one['implementation']} {one['version']}</h2>" in page
    table = page.partition("<h2>What the answers are</h2>")[2].partition("<h2>")[0]
    shown_numbers = [re.findall(r"<span class=\w+>(\d+)</span>", line) for line in table.splitlines()]  # fmt: skip
    wanted = [[str(one["kinds"][kind]) for one in _numbers()["implementations"]] for kind in KINDS]
    assert [line for line in shown_numbers if line] == wanted


def test_the_page_stands_alone_and_names_no_machine():
    page = (REPORT / "index.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 3_000_000
    assert "<script" not in page
    assert not re.search(r"""<[^>]*(?:src=|href=(?!"#))""", page)
    assert str(ROOT) not in page
    assert not re.search(r"/(?:tmp|home|root|work)/", page)


def test_all_columns_are_of_the_same_vectors_and_the_reference_passes():
    first, *others = _numbers()["implementations"]
    assert {one["vectors"]["digest"] for one in others} == {first["vectors"]["digest"]}
    assert first["implementation"] == "mlmodel"
    assert first["kinds"]["passed"] == first["cases"] == first["vectors"]["cases"]
    for one in (first, *others):
        assert sum(one["kinds"].values()) == one["cases"]


def test_a_page_without_a_place_is_told():
    with pytest.raises(ValueError, match="has no place"):
        between_markers(f"{END} {BEGIN}", "")


# Kinds


def _result(expected, got, operation="enforce", outcome="failed", differences=("/data",)):
    return {
        "id": "enforcement/a:b", "operation": operation, "profile": "untyped", "rules": ["ENF-001"],
        "outcome": outcome, "expected": expected, "got": got, "differences": list(differences),
    }  # fmt: skip


ERROR = {"error": "INVALID_INPUT", "details": [{"rule": "ENF-001"}]}
CALLED, REFUSED = {"code": "OK", "answers": []}, {"code": "INVALID_ARGUMENT", "error_code": "INVALID_INPUT"}  # fmt: skip
OK, BAD = {"status": 200, "body": 1}, {"status": 400, "error_code": "INVALID_INPUT"}


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (_result(ERROR, ERROR, outcome="passed"), "passed"),
        (_result(ERROR, {}, outcome="skipped"), "skipped"),
        (_result(ERROR, {}, outcome="errored"), "failed"),
        (_result(ERROR, {"error": "INVALID_ARGUMENT"}), "told-otherwise"),
        (_result(ERROR, {"data": {"value": 1}}), "accepted"),
        (_result({"data": {"value": 1}}, ERROR), "refused"),
        (_result({"data": {"value": 1}}, {"data": {"value": 2}}), "other"),
        (_result(BAD, {**BAD, "status": 415}, "score"), "told-otherwise"),
        (_result(BAD, OK, "score"), "accepted"),
        (_result(OK, BAD, "score"), "refused"),
        (_result(OK, {**BAD, "status": 500}, "score"), "failed"),
        (_result(BAD, {**BAD, "status": 500}, "score"), "failed"),
        (_result({**BAD, "status": 500}, {**BAD, "status": 503}, "score"), "told-otherwise"),
        (_result(OK, {**OK, "warns": True}, "score", differences=["/warns"]), "told-otherwise"),
        (_result(OK, OK, "score", differences=["/body: expected 1"]), "other"),
        (_result({"valid": False}, {"valid": True}, "check-model"), "accepted"),
        (_result({"valid": True}, {"valid": False}, "check-model"), "refused"),
        (_result({"valid": False}, {"valid": False}, "check-model"), "told-otherwise"),
        (
            _result({"valid": True}, {"valid": True}, "check-model", differences=["/violations"]),
            "told-otherwise",
        ),
        (_result({}, {}, "infer-signature", differences=["/delivery/a"]), "told-otherwise"),
        (_result({}, {}, "infer-signature", differences=["/delivery", "/inputs/0"]), "other"),
        (
            _result(OK, OK, "score-v2", differences=["/body/outputs/0/shape: expected 1 items, got 2: [3, 1]"]),
            "told-otherwise",
        ),
        (
            _result(OK, OK, "score-v2", differences=["/body/outputs/0/shape: expected 1 items, got 2: [1, 3]"]),
            "other",
        ),
        (_result(OK, OK, "score-v2", differences=["/body/outputs/0/data/0"]), "other"),
        (_result(CALLED, {**REFUSED, "code": "INTERNAL"}, "score-grpc"), "failed"),
        (_result(REFUSED, {**REFUSED, "code": "UNKNOWN"}, "score-grpc"), "failed"),
        (_result(CALLED, REFUSED, "score-grpc"), "refused"),
        (_result(REFUSED, CALLED, "score-grpc"), "accepted"),
        (_result(REFUSED, {**REFUSED, "code": "NOT_FOUND"}, "score-grpc"), "told-otherwise"),
        (
            _result(CALLED, CALLED, "score-grpc", differences=['/answers/0/outputs/0/shape: expected 1 items, got 2: ["3", "1"]']),
            "told-otherwise",
        ),
        (_result(CALLED, CALLED, "score-grpc", differences=["/answers/0/outputs/0/contents"]), "other"),
    ],
)  # fmt: skip
def test_kinds(result, kind):
    assert kind_of(result) == kind


def _report(*results):
    return {
        "implementation": "x", "version": "1", "language": "y", "started": "2026-11-29T00:00:00",
        "vectors": {}, "profiles": {"untyped": {"passed": 0, "failed": 2, "errored": 0,
        "skipped": 0, "known": 0, "conforms": False}}, "results": list(results),
    }  # fmt: skip


def test_what_is_told_otherwise_is_known_and_the_rest_says_what_it_is():
    told, accepted = _result(ERROR, {"error": "X"}), _result(ERROR, {"data": {}})
    found = marked(_report(told, accepted))
    assert found["profiles"]["untyped"]["known"] == 1
    assert "known" in found["results"][0]
    assert found["results"][1]["reason"] == KINDS["accepted"]


def test_a_reason_names_no_path():
    failed = {**_result(ERROR, {}, outcome="errored"), "reason": "at file:///home/me/x.js:3"}
    assert marked(_report(failed))["results"][0]["reason"] == "at (path):3"


def test_answers_that_must_not_be_given_are_counted_in_all_their_forms():
    suite = (
        "| profile | `checker` | `x` |\n## Answers that must not be given\n"
        "| read as 1 | `scoring` | `one`, `two` |\n| … for nothing | `scoring` | `three` |\n\n## Next\n"
    )
    ids = ("a:one", "answers-not-to-give-in-other-forms:one-csv", "a:one-csv", "a:two")
    results = [{**_result(BAD, OK), "id": f"scoring/{one}"} for one in ids]
    results[3] |= {"got": BAD}
    rows = summary([_report(*results)], suite)["wrong_answers"]
    assert rows == [
        {"what": "read as 1", "wrong": [[2, 3]]},
        {"what": "read as 1 for nothing", "wrong": [None]},
    ]


def test_a_report_with_half_a_pair_of_utf16_is_written_whole():
    case = read_vectors().cases[0]
    result = Result(case, "failed", ("/data",), {"data": {"value": "\ud800"}})
    done = Run(
        About("x", "1", "y"),
        [result],
        (),
        lenient=False,
        whole=(),
        vectors={},
        started="2026",
        seconds=1.0,
    )
    read = json.loads(done.as_text().encode("utf-8"))
    assert read["results"][0]["got"] == {"data": {"value": "\ud800"}}


# What harnesses in Python share

HARNESS = """
import sys
from conformance.harnesses.pipe import NotAskedError, answer_all
def run(operation, given):
    if given["what"] == "skip":
        raise NotAskedError("has none")
    if given["what"] == "raise":
        raise ValueError("broken")
    return {"nan": {"value": [float("nan")]}, "object": {"value": object()}, "text": {"value": "é"}}[given["what"]]
print("what a library prints")
answer_all(run, implementation="x", version="1", operations=["b", "a"], profiles=["untyped"])
"""


def _spoken(*lines):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", HARNESS.replace('print("what a library prints")\n', "")],
        input="".join(f"{json.dumps(line)}\n" for line in lines),
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    return [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]


def test_a_harness_says_what_it_is_and_ends_when_it_is_told():
    (about,) = _spoken({"cmd": "start"}, {"cmd": "stop"}, {"cmd": "start"})
    assert about["operations"] == ["a", "b"]
    assert about["profiles"] == ["untyped"]


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("skip", {"skip": "has none"}),
        ("raise", {"error": "ValueError: broken"}),
        ("nan", {"result": {"value": ["nan as a number, which is no JSON"]}}),
        ("object", {"error": "TypeError: Object of type object is not JSON serializable"}),
        ("text", {"result": {"value": "é"}}),
    ],
)
def test_whatever_an_adapter_gives_there_is_one_line_of_json(what, answer):
    case = {"id": 7, "operation": "a", "input": {"what": what}}
    assert _spoken(case, {"cmd": "stop"}) == [{"id": 7, **answer}]


def test_words_are_short_and_of_no_machine():
    assert steady("in /home/me/a.py at 0x7f00aabbcc, 1/2 of a/b") == "in (path) at (address), 1/2 of a/b"  # fmt: skip
    assert len(shown("x" * 1000)) == 160
    traceback = "Traceback (most recent call last):\n  File x\nKeyError: 'M'\n"
    assert shown(traceback) == "KeyError: 'M'"
    assert said_by(ValueError("a\n b")) == "ValueError: a b"


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (400, b'{"error_code": "BAD_REQUEST", "message": "no"}', "INVALID_INPUT", "no"),
        (422, b'{"detail": [{"loc": 1}]}', "INVALID_INPUT", '[{"loc": 1}]'),
        (415, b"only these", "UNSUPPORTED_MEDIA_TYPE", "only these"),
        (404, b'{"error": "none"}', "NOT_FOUND", "none"),
        (405, b'["x"]', "METHOD_NOT_ALLOWED", '["x"]'),
        (418, b"\xff", "INTERNAL_ERROR", "\ufffd"),
        (500, b"Internal Server Error", "INTERNAL_ERROR", "Internal Server Error"),
    ],
)
def test_a_refusal_of_another_table_goes_by_its_status(status, body, code, said):
    found = refusal(status, {"content-type": "text/plain"}, body)
    assert found == {"status": status, "content_type": "text/plain", "error_code": code, "said": said}  # fmt: skip
    assert refusal(405, {"allow": "GET"}, b"")["allow"] == "GET"


@pytest.mark.parametrize(
    ("status", "name"),
    [("FAILED_PRECONDITION", "INVALID_INPUT"), ("NOT_FOUND", "NOT_FOUND"), ("UNKNOWN", "INTERNAL_ERROR")],
)  # fmt: skip
def test_a_refused_call_goes_by_its_status(status, name):
    found = refusal_of_call(status, "of /home/me/x.py")
    assert found == {"code": status, "error_code": name, "said": "of (path)"}
