"""Servers asked by the runner: what it starts for each model, what runs already, and bad ones."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import oracle_server
import pytest
from click.testing import CliRunner

import mlmodel
from conformance.runner import server
from conformance.runner.cases import read_vectors
from conformance.runner.command import command
from conformance.runner.served import Served, served_by
from processes import is_running

pytestmark = pytest.mark.slow

ORACLE = str(Path(oracle_server.__file__))
LONG = {"inputs": [{"type": "long", "name": "a"}]}
SLOW = ("hang", "trickle", "trickle-head")
DOUBLE = {"inputs": [{"type": "double", "name": "a"}]}


def _case(name, body, signature, expected):
    request = {
        "method": "POST",
        "path": "/invocations",
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }
    return {
        "id": name,
        "description": name,
        "rules": ["RST-001"],
        "input": {"signature": signature, "model": "echo", "request": request},
        "expected": expected,
    }


@pytest.fixture
def vectors(tmp_path):
    folder = tmp_path / "vectors"
    content = {
        "area": "scoring",
        "operation": "score",
        "description": "a topic",
        "cases": [
            _case("one", {"dataframe_records": [{"a": 1}]}, LONG, {"status": 200, "body": {"predictions": [1]}}),
            _case("double", {"dataframe_records": [{"a": 1.5}]}, DOUBLE, {"status": 200, "body": {"predictions": [1.5]}}),
            _case("odd", {"dataframe_records": [{"a": "odd"}]}, LONG,
                  {"status": 400, "error_code": "INVALID_INPUT", "details": [{"rule": "ENF-049"}]}),
            _case("two", {"dataframe_records": [{"a": 2}]}, LONG, {"status": 200, "body": {"predictions": [2]}}),
        ],
    }  # fmt: skip
    folder.mkdir()
    (folder / "topic.json").write_text(json.dumps(content))
    return folder


def _run(vectors, *arguments):
    return CliRunner().invoke(
        command, ["run", "--vectors", str(vectors), "--report", "json", *arguments]
    )


def _served(vectors, mode, *arguments, timeout="60"):
    line = shlex.join([sys.executable, ORACLE, str(vectors)]) + f" {{model}} {{port}} {mode}"
    return _run(vectors, "--serve-command", line, "--timeout", timeout, *arguments)


def _outcomes(done):
    results = json.loads(done.output)["results"]
    return {one["id"].partition(":")[2]: one["outcome"] for one in results}


def noted(vectors, name):
    """Return what the servers wrote down for the test."""
    return (vectors.parent / name).read_text().split()


def test_a_server_is_started_for_each_model(vectors):
    done = _served(vectors, "right", "--name", "oracle 2.0")
    report = json.loads(done.output)
    assert done.exit_code == 0
    assert set(_outcomes(done).values()) == {"passed"}
    assert (report["implementation"], report["version"]) == ("oracle", "2.0")
    # Cases of one model are asked one after another.
    started = noted(vectors, "started")
    assert len(started) == len(set(started)) == 2


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("hang", "did not answer within 2 s"),
        ("break-off", "broke off"),
        ("trickle", "did not answer within 2 s"),
        ("trickle-head", "did not answer within 2 s"),
        ("flood", "cannot be read: it has more than 3000000 bytes"),
        ("short", "IncompleteRead(2 bytes read, 8 more expected)"),
        ("garbage", "cannot be read"),
    ],
)
def test_a_request_without_an_answer_costs_its_case(vectors, monkeypatch, mode, says):
    monkeypatch.setattr(server, "LONGEST_LINE", 3_000_000)
    done = _served(vectors, mode, timeout="2" if mode in SLOW else "60")
    assert done.exit_code == 1
    assert _outcomes(done) == {
        "one": "passed",
        "double": "passed",
        "odd": "errored",
        "two": "passed",
    }
    (reason,) = (one["reason"] for one in json.loads(done.output)["results"] if "reason" in one)
    assert says in reason
    # What did not answer is not asked again: the next case has a server that was started for it.
    assert len(noted(vectors, "started")) == 3


@pytest.mark.parametrize("mode", ["right", "hang", "with-child"])
def test_nothing_that_was_started_is_left(vectors, mode, wait_for):
    _served(vectors, mode, timeout="2")
    processes = list(map(int, noted(vectors, "processes")))
    assert len(processes) == {"right": 2, "hang": 3, "with-child": 4}[mode]
    wait_for(lambda: not any(map(is_running, processes)))


@pytest.mark.parametrize("mode", ["not-ready", "not-ready-slowly"])
def test_a_server_that_does_not_get_ready_is_ended_in_time(vectors, mode):
    began = time.monotonic()
    done = _served(vectors, mode, "--start-timeout", "2")
    results = json.loads(done.output)["results"]
    assert {one["outcome"] for one in results} == {"errored"}
    assert all("did not get ready (/ping)" in one["reason"] for one in results)
    assert len(noted(vectors, "started")) == 2  # a start for each model
    assert time.monotonic() - began < 40


def test_a_content_type_may_have_parameters_and_capitals(vectors):
    assert set(_outcomes(_served(vectors, "charset")).values()) == {"passed"}


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"headers": {"x-length": "\uff19"}}, "HTTP cannot carry this header: x-length"),
        ({"headers": {"x-length": " 5"}}, "HTTP cannot carry this header: x-length"),
        ({"headers": {"x-two": "a\nb"}}, "HTTP cannot carry this header: x-two"),
        ({"path": "/é"}, "HTTP cannot carry this method and path"),
        ({"method": "PO ST\r\n"}, "HTTP cannot carry this method and path"),
    ],
)
def test_what_http_cannot_carry_is_skipped(vectors, request_, says):
    file = vectors / "topic.json"
    content = json.loads(file.read_text())
    content["cases"][0]["input"]["request"].update(request_)
    file.write_text(json.dumps(content))
    done = _served(vectors, "right")
    assert _outcomes(done)["one"] == "skipped"
    assert _outcomes(done)["two"] == "passed"
    (reason,) = (one["reason"] for one in json.loads(done.output)["results"] if "reason" in one)
    assert reason == says


@pytest.fixture
def recording():
    """Return the port of a server that answers one request, and what it was sent."""
    listening, sent = socket.create_server(("127.0.0.1", 0)), []

    def answer():
        with listening, listening.accept()[0] as peer:
            given = b""
            while b"\r\n\r\n" not in given:
                given += peer.recv(65536)
            sent.extend(given.partition(b"\r\n\r\n")[0].decode().split("\r\n"))
            peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield listening.getsockname()[1], sent
    thread.join(60)


def test_a_request_is_sent_as_it_stands(recording):
    """With no header that the case has not but what HTTP needs."""
    port, sent = recording
    headers = {"x-own": "a b", "Content-Length": "999"}
    server.exchange("127.0.0.1", port, "POST", "/base/in vocations", headers, b"{}", 60.0)
    first, *fields = sent
    assert first == "POST /base/in%20vocations HTTP/1.1"
    assert sorted(fields) == [
        "Content-Length: 2",
        f"Host: 127.0.0.1:{port}",
        "x-own: a b",
    ]


def test_a_path_for_ready_that_cannot_be_asked_is_said(vectors):
    done = _served(vectors, "right", "--ready", "/é")
    assert done.exit_code == 2
    assert "/é cannot be asked" in done.output


def test_without_posix_nothing_is_started(vectors, monkeypatch):
    monkeypatch.delattr(os, "killpg")
    for done in (_served(vectors, "right"), _run(vectors, "--", sys.executable, "-V")):
        assert done.exit_code == 2
        assert "the runner needs POSIX" in done.output
    done = _run(vectors, "--server", "http://127.0.0.1:9/{model}", "--timeout", "1")
    assert done.exit_code == 1


def test_a_server_that_does_not_start_is_an_error_of_each_case(vectors):
    done = _served(vectors, "no-start")
    results = json.loads(done.output)["results"]
    assert {one["outcome"] for one in results} == {"errored"}
    assert all("no licence" in one["reason"] for one in results)


@pytest.fixture
def running(vectors, tmp_path, wait_for):
    """Return the port of a server that has the model of longs."""
    folder = Served(json.dumps(LONG), "echo").write(tmp_path / "models")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    line = [sys.executable, ORACLE, str(vectors), str(folder), str(port)]
    with subprocess.Popen(line) as process:
        wait_for(lambda: _listens(port))
        yield port
        process.kill()


def _listens(port):
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_a_server_that_runs_is_asked_the_cases_of_its_model(vectors, running):
    name = Served(json.dumps(LONG), "echo").name
    done = _run(vectors, "--server", f"http://127.0.0.1:{running}", "--model", name)
    assert _outcomes(done) == dict.fromkeys(["one", "odd", "two"], "passed")
    # Without saying which, cases of further models are not asked.
    outcomes = _outcomes(_run(vectors, "--server", f"http://127.0.0.1:{running}"))
    assert sorted(outcomes.values()) != ["passed"] * 4
    assert "skipped" in outcomes.values()


def test_the_model_may_stand_in_the_address(vectors, running):
    done = _run(vectors, "--server", f"http://127.0.0.1:{running}/models/{{model}}/")
    assert set(_outcomes(done).values()) == {"passed"}
    names = [Served(json.dumps(of), "echo").name for of in (LONG, LONG, LONG, DOUBLE)]
    assert sorted(noted(vectors, "asked")) == sorted(f"/models/{one}/invocations" for one in names)


def test_a_server_that_is_not_there(vectors):
    done = _run(vectors, "--server", "http://127.0.0.1:9/models/{model}", "--timeout", "1")
    assert set(_outcomes(done).values()) == {"errored"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Name one thing to ask"),
        (("--server", "http://a", "--", "x"), "Name one thing to ask"),
        (("--server", "a:b"), "is not an address"),
        (("--serve-command", "serve {model}"), "names no {port}"),
    ],
)
def test_wrong_usage_is_said(vectors, arguments, says):
    done = _run(vectors, *arguments)
    assert done.exit_code == 2
    assert says in done.output


def test_the_models_are_written(tmp_path):
    done = CliRunner().invoke(command, ["models", str(tmp_path)])
    assert done.exit_code == 0
    named = [line.split()[0] for line in done.output.splitlines()]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(named)


def test_a_written_model_is_valid_and_answers(tmp_path):
    lists = {"inputs": [{"type": "long", "name": 'a"\n'}, {"type": "double", "name": "b"}]}
    answers = {"echo": 2, "first-column": 1}
    for name, columns in answers.items():
        folder = Served(json.dumps(lists), name).write(tmp_path)
        found = mlmodel.validate(folder).violations
        assert {one.rule for one in found} <= {"MLM-012", "ENV-001", "ENV-003"}, found
        model = mlmodel.load(folder, trust=True)
        answer = model.predict([{'a"\n': 1, "b": 1.5}])
        assert len(getattr(answer, "columns", [0])) == columns
    params = {"inputs": lists["inputs"], "params": [{"name": "p", "type": "long", "default": 3}]}
    model = mlmodel.load(Served(json.dumps(params), "params").write(tmp_path), trust=True)
    assert model.predict([{'a"\n': 1, "b": 1.5}], params={"p": 4}) == {"p": 4}


def test_what_no_folder_can_hold_is_skipped_with_a_reason():
    cases = [case for case in read_vectors().cases if case.operation.startswith("score")]
    reasons = {served.split()[0] for one in cases if isinstance(served := served_by(one), str)}
    assert reasons == {"the"}
    assert all(isinstance(served_by(one), Served) for one in cases if one.operation == "score")
