"""Servers asked over gRPC by the runner: our own, and bad ones."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import oracle_grpc
import pytest
from click.testing import CliRunner
from oracle_grpc import oracle, raw

import mlmodel
from conformance.runner import grpc_call
from conformance.runner.cases import read_vectors
from conformance.runner.command import command
from conformance.runner.grpc_messages import encoded
from conformance.runner.served import Served

pytestmark = pytest.mark.slow

LONG = {"inputs": [{"type": "long", "name": "a"}]}
DOUBLE = {"inputs": [{"type": "double", "name": "a"}]}
READY = {"code": "OK", "answers": [{"ready": True}], "warns": False}


def _case(name, method, message, signature=LONG):
    return {
        "id": name,
        "description": name,
        "rules": ["GRP-001"],
        "input": {
            "models": [{"signature": signature, "model": "echo"}],
            "method": method,
            "requests": [{"message": message}],
        },
        "expected": READY,
    }


@pytest.fixture
def vectors(tmp_path):
    folder = tmp_path / "vectors"
    cases = [
        _case("one", "ModelReady", {"name": "m"}),
        _case("odd", "ServerReady", {}),
        _case("double", "ModelReady", {"name": "m"}, DOUBLE),
        _case("two", "ModelReady", {"name": "m"}),
    ]
    content = {"area": "scoring-grpc", "operation": "score-grpc", "description": "a topic"}
    folder.mkdir()
    (folder / "topic.json").write_text(json.dumps({**content, "cases": cases}))
    return folder


def _run(vectors, *arguments):
    chosen = ["--vectors", str(vectors)] if vectors else []
    return CliRunner().invoke(command, ["run", *chosen, "--report", "json", *arguments])


def _asked(vectors, port, *arguments):
    return _run(vectors, "--server", f"grpc://127.0.0.1:{port}", *arguments)


def _results(done):
    return {one["id"].partition(":")[2]: one for one in json.loads(done.output)["results"]}


def _outcomes(done):
    return {name: one["outcome"] for name, one in _results(done).items()}


def test_a_server_has_one_model_or_all_by_their_folders_names(vectors):
    with oracle() as (port, asked):
        done = _asked(vectors, port, "--name", "oracle 2.0")
        # The server has one model: that of the case which is asked first, "double".
        skips = dict.fromkeys(["one", "odd", "two"], "skipped")
        assert _outcomes(done) == {**skips, "double": "passed"}
        report = json.loads(done.output)
        assert (report["implementation"], report["version"]) == ("oracle", "2.0")
        assert report["language"] == "over gRPC"
        assert asked == [("ModelReady", b"\x0a\x01m")]
        asked.clear()
        done = _asked(vectors, port, "--called", "{model}")
    assert done.exit_code == 0
    names = [one[2:].decode() for name, one in asked if name == "ModelReady"]
    echoes = [Served(json.dumps(signature), "echo").name for signature in (LONG, DOUBLE)]
    assert sorted(names) == sorted([echoes[0], *echoes])


def test_the_model_may_be_called_otherwise(vectors):
    with oracle() as (port, asked):
        name = Served(json.dumps(DOUBLE), "echo").name
        assert _outcomes(_asked(vectors, port, "--called", "iris", "--model", name)) == {"double": "passed"}  # fmt: skip
    assert asked == [("ModelReady", b"\x0a\x04iris")]


@pytest.mark.parametrize(
    ("mode", "outcome", "says"),
    [
        ("hang", "errored", "did not answer within 2 s"),
        ("trickle", "errored", "did not answer within 2 s"),
        ("flood", "errored", "has more than 3000000 bytes"),
        ("large", "errored", "too large"),
        ("garbage", "errored", "cannot be read: it is no ServerReadyResponse"),
        ("raises", "errored", "names no error (GRP-012): UNKNOWN, 'Exception"),
        ("wordless", "errored", "cannot be read: the error says nothing"),
        ("no-json", "errored", "cannot be read: Expecting property name"),
        ("no-object", "errored", "no object in ASCII with error_code: '[]'"),
        ("no-name", "errored", "no object in ASCII with error_code: '{}'"),
        ("silent", "failed", "/answers: expected 1 items"),
        ("twice", "failed", "/answers: expected 1 items"),
        ("unnamed", "failed", '/code: expected "OK", got "INVALID_ARGUMENT"'),
        ("wrong", "failed", '/error_code: expected none, got "UNAVAILABLE"'),
    ],
)
def test_a_call_that_goes_wrong_costs_its_case(vectors, monkeypatch, mode, outcome, says):
    monkeypatch.setattr(grpc_call, "LONGEST_LINE", 3_000_000)
    with oracle(mode) as (port, _):
        timeout = "2" if mode in {"hang", "trickle"} else "60"
        done = _asked(vectors, port, "--called", "{model}", "--timeout", timeout)
    assert done.exit_code == 1
    assert _outcomes(done) == {"one": "passed", "odd": outcome, "double": "passed", "two": "passed"}  # fmt: skip
    odd = _results(done)["odd"]
    assert says in odd.get("reason", "") + "\n".join(odd.get("differences", ()))


@pytest.mark.parametrize(
    ("behave", "says"),
    [
        (oracle_grpc.http1, "speaks HTTP/1.1 and not gRPC"),
        (oracle_grpc.not_found, "speaks HTTP/2 and not gRPC"),
        (oracle_grpc.words, "is not reached"),
        (oracle_grpc.closes, "broke off"),
        (oracle_grpc.resets, "broke off"),
        (oracle_grpc.goes_away, "broke off"),
        (oracle_grpc.says_nothing, "did not answer within 2 s"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_a_server_that_speaks_something_else_costs_its_cases(vectors, behave, says):
    with raw(behave) as port:
        timeout = "2" if behave is oracle_grpc.says_nothing else "60"
        done = _asked(vectors, port, "--case", "o*", "--timeout", timeout)
    assert done.exit_code == 1
    assert _outcomes(done) == {"one": "errored", "odd": "errored"}
    assert all(says in one["reason"] for one in _results(done).values())


def test_a_server_that_is_not_there_costs_its_cases(vectors):
    done = _asked(vectors, _free_port(), "--case", "o*")
    assert _outcomes(done) == {"one": "errored", "odd": "errored"}
    assert all("is not reached" in one["reason"] for one in _results(done).values())


@pytest.mark.parametrize("url", ["grpc://a", "grpc://a:b", "grpc://a:70000", "grpc://a:1/b", "http://a:b", "grpcs://a:1"])  # fmt: skip
def test_an_address_that_is_none_is_said(vectors, url):
    done = _run(vectors, "--server", url)
    assert done.exit_code == 2
    assert f"{url} is not an address of a server" in done.output


@pytest.mark.parametrize("module", ["grpc", "google.protobuf"])
def test_what_is_not_installed_is_named(vectors, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    done = _asked(vectors, 1)
    assert done.exit_code == 2
    assert "pip install 'mlmodel[grpc]'" in done.output


def test_bytes_name_the_model_as_the_server_calls_it_where_they_are_a_message():
    """What else is in them stays as it is, fields that nobody knows too."""
    cases = {one.id: one for one in read_vectors().cases if one.operation == "score-grpc"}
    given = cases["scoring-grpc/requests:unknown-field"].input
    sent, renamed = (encoded(given, given["requests"][0], name) for name in ("m", "mm"))
    assert renamed.replace(b"\x0a\x02mm", b"\x0a\x01m", 1) == sent
    for name in ("requests:not-a-message", "requests:not-utf-8", "scoring:score-unknown-method"):
        given = cases[f"scoring-grpc/{name}"].input
        assert len({encoded(given, given["requests"][0], one) for one in ("m", "mm")}) == 1


def test_an_installed_runner_has_the_messages_of_the_package_that_it_is_in(tmp_path):
    """As a wheel has them: ``_conformance`` and ``_proto`` beside each other."""
    runner, package = Path(grpc_call.__file__).parent, Path(mlmodel.__file__).parent
    shutil.copytree(runner, tmp_path / "held" / "_conformance")
    shutil.copytree(package / "_proto", tmp_path / "held" / "_proto")
    asked = (
        "from held._conformance.grpc_messages import encoded\n"
        "case = {'service': 'mlmodel.v1.ScoringService', 'method': 'Describe'}\n"
        "print(encoded(case, {'message': {'modelName': 'm'}}, 'iris'))"
    )
    line = [sys.executable, "-c", asked]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == r"b'\n\x04iris'", done.stderr


# Our own


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def own_server(tmp_path_factory):
    """Return the ports of ``mlmodel serve`` with every model that cases want of a server."""
    work = tmp_path_factory.mktemp("server")
    CliRunner().invoke(command, ["models", str(work / "models")])
    folders = [f"-m{folder}" for folder in sorted((work / "models").iterdir())]
    ports = _free_port(), _free_port()
    line = [sys.executable, "-m", "mlmodel", "serve", "--trust", *folders]
    with (work / "log").open("wb") as log:
        process = subprocess.Popen([*line, f"-p{ports[0]}", f"--grpc-port={ports[1]}"], stderr=log)
    try:
        for _ in range(1200):
            if b"ready at" in (work / "log").read_bytes() or process.poll() is not None:
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
        yield ports
    finally:
        process.terminate()
        process.wait(60)


def test_one_server_of_ours_answers_with_all_models_over_http_and_grpc(own_server):
    http, grpc = own_server
    runs = {
        "scoring": (f"http://127.0.0.1:{http}/models/{{model}}", 1000),
        "v2": (f"http://127.0.0.1:{http}", 300),
        "grpc": (f"grpc://127.0.0.1:{grpc}", 100),
    }
    for profile, (url, least) in runs.items():
        done = _run(None, "--server", url, "--called", "{model}", "--profile", profile)
        found = json.loads(done.output)["profiles"][profile]
        assert (done.exit_code, found["failed"], found["errored"]) == (0, 0, 0), done.output
        assert found["passed"] >= least


def test_a_server_that_is_started_is_asked_over_both():
    line = [sys.executable, "-m", "mlmodel", "serve", "--trust", "-m", "{name}={model}"]
    line += ["-p", "{port}", "--grpc-port", "{grpc_port}"]
    name = Served(json.dumps(LONG), "echo").name
    chosen = ("--model", name, "--case", "cell-*-for-long", "--case", "*long", "--case", "int8-*")
    done = _run(None, "--serve-command", shlex.join(line), *chosen)
    report = json.loads(done.output)
    assert done.exit_code == 0, done.output
    assert report["language"] == "over HTTP and gRPC"
    assert {one["operation"] for one in report["results"]} >= {"score", "score-grpc"}
