"""The server in Java: it is asked the vectors, and bundles, by a program that knows no Python."""

from __future__ import annotations

import csv
import json
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from click.testing import CliRunner

import foreign_tools
from conformance.runner.command import command
from java_tools import JAVA, ask, jars, started
from mlmodel.bridges.jvm.jars import java

KNOWN = JAVA.parent / "conformance" / "harnesses" / "java" / "server-known-failing.txt"
BUNDLES = JAVA / "src" / "test" / "resources" / "bundles"
MOJOS = BUNDLES.parent / "mojos"
JSON = {"Content-Type": "application/json"}
pytestmark = pytest.mark.slow


def _folder(root, name, bundle, **keys):
    """Write a model of the flavor mleap."""
    folder = root / name
    folder.mkdir()
    (folder / "bundle.zip").write_bytes((BUNDLES / bundle).read_bytes())
    document = {
        "flavors": {"mleap": {"model_data": "bundle.zip", "mleap_version": "0.20.0"}},
        **keys,
    }
    (folder / "MLmodel").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return a server of all models of the vectors, and of a bundle alone and in a folder."""
    root = tmp_path_factory.mktemp("models")
    done = CliRunner().invoke(command, ["models", str(root / "vectors")])
    assert done.exit_code == 0, done.output
    inputs = json.dumps(
        [{"type": "double", "name": name} for name in ("x1", "x2", "k")]
        + [{"type": "string", "name": "cat"}]
    )
    models = [
        f"lr.zip={BUNDLES / 'lr.zip'}",  # a name of its own, which may be any
        MOJOS / "gbm.zip",
        _folder(root, "gbtr", "gbtr.zip", signature={"inputs": inputs, "outputs": None, "params": None}),
        *(root / "vectors").iterdir(),
    ]  # fmt: skip
    process = started("--conformance", *models, "-p", "0")
    said = process.stdout.readline()
    assert "ready at http://127.0.0.1:" in said, process.stderr.read()
    assert "/models/NAME/invocations of the models " in said
    yield process, int(re.findall(r":(\d+),", said)[0])
    process.send_signal(signal.SIGTERM)
    try:
        assert process.wait(30) == 0
    finally:
        process.kill()


def test_it_answers_the_vectors_but_for_what_is_known(server):
    address = f"http://127.0.0.1:{server[1]}/models/{{model}}"
    asked = ["run", "--server", address, "--profile", "scoring", "--known-failing", str(KNOWN), "--report", "json"]  # fmt: skip
    done = CliRunner().invoke(command, asked)
    found = json.loads(done.output)
    wrong = [one for one in found["results"] if one["outcome"] != "passed" and not one.get("known")]
    assert done.exit_code == 0, wrong[:10]
    assert found["unmatched"] == []


@pytest.mark.parametrize(("model", "spark"), [("lr.zip", "lr.json"), ("gbtr", "gbtr.json")])
def test_it_answers_as_spark(server, model, spark):
    with (BUNDLES / "data.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    names = ["x1", "x2", "k", "cat"]
    data = [[row[name] if name == "cat" else float(row[name]) for name in names] for row in rows]
    body = json.dumps({"columns": names, "data": data})
    answer, told = ask(server[1], f"/models/{model}/invocations", body)
    due = json.loads((BUNDLES / spark).read_text())
    assert answer.status == 200
    assert [row["prediction"] for row in told] == pytest.approx(due["prediction"], rel=1e-12)


def test_it_answers_as_h2o(server):
    """Missing values and a category that the model does not know are in it."""
    asked = json.loads((MOJOS / "gbm.json").read_text())
    body = json.dumps({"dataframe_split": {name: asked[name] for name in ("columns", "data")}})
    answer, told = ask(server[1], "/models/gbm/invocations", body)
    assert answer.status == 200
    columns = asked["answers"]
    assert told["predictions"] == [
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    ]


def test_a_stage_that_does_not_take_a_row_is_told(server):
    body = json.dumps({"dataframe_records": [{"x1": 1, "x2": 2, "k": 3, "cat": "zzz"}]})
    answer, told = ask(server[1], "/models/lr.zip/invocations", body)
    assert answer.status == 400
    assert told["details"] == [{"rule": "MLP-009", "column": "cat", "row": 0}]
    assert "Unseen label: zzz" in told["message"]


def test_a_long_cell_is_cut_where_it_is_told(server):
    body = json.dumps({"dataframe_records": [{"x1": 1, "x2": 2, "k": 3, "cat": "z" * 9000}]})
    answer, told = ask(server[1], "/models/lr.zip/invocations", body)
    assert (answer.status, told["details"][0]["rule"]) == (400, "MLP-009")
    assert "z" * 59 + "…" in told["message"]
    assert "z" * 60 not in told["message"]


def test_a_missing_number_is_refused(server):
    body = "x1,x2,k,cat\n1,2,,a\n"
    answer, told = ask(server[1], "/models/lr.zip/invocations", body, {"Content-Type": "text/csv"})
    assert answer.status == 400
    assert [(one["rule"], one["column"], one["row"]) for one in told["details"]] == [
        ("MLP-008", "k", 0)
    ]


def test_what_is_broken_is_a_signature_only_where_there_is_one(server):
    body = json.dumps({"dataframe_records": [{"x1": 1, "x2": 2, "k": 3, "cat": 5}]})
    for model, said in (
        ("lr.zip", "is not what the model takes"),
        ("gbtr", "breaks the signature"),
    ):
        answer, told = ask(server[1], f"/models/{model}/invocations", body)
        assert (answer.status, told["details"][0]["rule"]) == (400, "ENF-050")
        assert told["message"].startswith(f"The input {said}: column cat, row 0: expected string")


def test_its_paths(server):
    port = server[1]
    assert ask(port, "/ping")[0].status == ask(port, "/health/")[0].status == 200
    assert ask(port, "/version")[1] == "0.1.0"
    answer, told = ask(port, "/models/lr.zip/invocations")
    assert (answer.status, answer.getheader("Allow"), told["error_code"]) == (
        405,
        "POST",
        "METHOD_NOT_ALLOWED",
    )
    answer, told = ask(port, "/invocations", "{}")  # there are several models
    assert (answer.status, told["error_code"]) == (404, "NOT_FOUND")
    assert re.search(
        r"/models/NAME/invocations of the models .* and \d+ more \(RST-072\)", told["message"]
    )
    answer, told = ask(port, "/models/none/invocations", "{}", {**JSON, "X-Request-ID": "mine-1"})
    assert (answer.status, answer.getheader("X-Request-ID"), told["request_id"]) == (
        404,
        "mine-1",
        "mine-1",
    )


def test_a_body_that_is_too_large_is_refused_unread(server):
    with socket.create_connection(("127.0.0.1", server[1]), timeout=60) as connection:
        head = "POST /models/lr.zip/invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {200 << 20}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("headers", "body", "rule"),
    [
        ("Host: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n", "RST-104"),
        ("Host: a\r\nContent-Length: 2\r\nContent-Length: 3", "{}", "RST-104"),
        ("Host: a\r\nContent-Length: +20", "x1,x2,k,cat\n1,2,3,a\n", "RST-104"),
        ("Host: a\r\nContent-Length: 2\r\nContent_Length: 3", "{}", "RST-104"),
        ("Content-Length: 2", "{}", "RST-105"),
        ("Host: a\r\nHost: b\r\nContent-Length: 2", "{}", "RST-105"),
        ("Host: a b\r\nContent-Length: 2", "{}", "RST-105"),
        ("Host: a/b\r\nContent-Length: 2", "{}", "RST-105"),
        ("Host: a\r\nContent-Length: 99", "x1,x2,k,cat\n1,2,3,a\n", "RST-107"),
    ],
)
def test_requests_of_two_meanings_are_refused(server, headers, body, rule):
    """A connection that ends without an answer is a refusal, too: Java's own server makes some."""
    with socket.create_connection(("127.0.0.1", server[1]), timeout=60) as connection:
        head = f"POST /models/lr.zip/invocations HTTP/1.1\r\nContent-Type: text/csv\r\n{headers}\r\n\r\n"
        connection.sendall((head + body).encode())
        connection.shutdown(socket.SHUT_WR)
        told = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert not told or (
        told.startswith(b"HTTP/1.1 400") and (rule.encode() in told or b"{" not in told)
    )


def test_nothing_behind_a_body_in_chunks_is_a_request(server):
    """Java's own reader takes the size of the chunk for 24, and what follows for a request."""
    body = "x1,x2,k,cat\n1.5,2.5,3,a\n"
    head = "POST /models/lr.zip/invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\n"
    chunks = f"Transfer-Encoding: chunked\r\n\r\n100000018\r\n{body}\r\n0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server[1]), timeout=60) as connection:
        connection.sendall(f"{head}{chunks}GET /version HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        told = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert told.count(b"HTTP/1.1") <= 1


def test_bodies_that_do_not_come_hold_up_nobody(server):
    """They are more than the requests that may wait, which are whole."""
    head = b"POST /models/lr.zip/invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"
    silent = [socket.create_connection(("127.0.0.1", server[1])) for _ in range(300)]
    try:
        for one in silent:
            one.sendall(head)
        time.sleep(1)  # their heads are read
        body = json.dumps({"dataframe_records": [{"x1": 1, "x2": 2, "k": 3, "cat": "a"}]})
        assert ask(server[1], "/models/lr.zip/invocations", body)[0].status == 200
        assert ask(server[1], "/ping")[0].status == 200
    finally:
        for one in silent:
            one.close()


def test_headers_that_do_not_come_end_their_connection(server):
    """It waits ten seconds for them."""
    with socket.create_connection(("127.0.0.1", server[1]), timeout=30) as connection:
        connection.sendall(b"POST /models/lr.zip/invocations HTTP/1.1\r\nHo")
        assert connection.recv(100) == b""


def test_it_finishes_what_it_has_begun():
    """A request whose body is still on its way when the server is told to end is answered."""
    process = started(BUNDLES / "lr.zip", "-p", "0")
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        body = json.dumps({"dataframe_records": [{"x1": 1, "x2": 2, "k": 3, "cat": "a"}]}).encode()
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            head = "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:9])
            time.sleep(1)  # its head is read
            process.send_signal(signal.SIGTERM)
            threading.Timer(1, lambda: connection.sendall(body[9:])).start()
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert process.wait(15) == 0
        # Nothing is told of faster code for vectors that this Java has not.
        assert "netlib" not in process.stderr.read()
    finally:
        process.kill()


def _broken(root):
    (root / "MLmodel").write_text("[]")
    return root


def _outside(root):
    (root / "lr.zip").write_bytes((BUNDLES / "lr.zip").read_bytes())
    return _folder(root, "out", "lr.zip", flavors={"mleap": {"model_data": "../lr.zip"}})


def _of_the_vectors(root):
    return _folder(root, "echo", "lr.zip", flavors={"conformance": {"model": "echo"}})


def _no_zip(root):
    (root / "text.zip").write_text("no zip")
    return root / "text.zip"


def _other(root):
    return _folder(root, "other", "lr.zip", flavors={"sklearn": {}})


@pytest.mark.parametrize(
    ("write", "code", "said"),
    [
        (lambda root: root / "none", 2, "MODEL_NOT_FOUND"),
        (
            _broken,
            1,
            r"INVALID_MODEL: .*MLmodel cannot be read as an MLmodel file: line 1, column 1: .*MLM-001",
        ),
        (lambda root: "-x", 2, r"unknown option -x\.\nserve --help"),
        (_outside, 1, "INVALID_MODEL: .* leads out"),
        (_other, 1, "UNSUPPORTED_MODEL: .* sklearn"),
        (_of_the_vectors, 1, "UNSUPPORTED_MODEL: .* conformance"),
        (_no_zip, 1, "INVALID_MODEL: .*MLP-004"),
    ],
)
def test_what_it_cannot_serve_it_names(tmp_path, write, code, said):
    process = started(write(tmp_path), "-p", "0")
    told = process.communicate(timeout=120)[1]
    assert process.returncode == code
    assert re.search(said, told)


def test_a_model_of_h2o_is_served_by_its_mojo(tmp_path, monkeypatch):
    """HTO-010: and by nothing else; the binary form is looked at by nobody."""
    (tmp_path / "model.h2o").mkdir()
    (tmp_path / "model.mojo.zip").write_bytes((MOJOS / "gbm.zip").read_bytes())
    flavors = {
        "h2o": {"data": "model.h2o", "h2o_version": "3.46.0.10", "mojo": "model.mojo.zip"},
        "python_function": {"data": "model.h2o", "loader_module": "mlflow.h2o"},
    }
    (tmp_path / "MLmodel").write_text(json.dumps({"flavors": flavors}))
    asked = json.loads((MOJOS / "gbm.json").read_text())
    process = started(tmp_path, "-p", "0")
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        body = json.dumps({"dataframe_split": {name: asked[name] for name in ("columns", "data")}})
        answer, told = ask(port, "/invocations", body)
        assert answer.status == 200
        assert {
            name: [row[name] for row in told["predictions"]] for name in asked["answers"]
        } == asked["answers"]
    finally:
        process.kill()
        process.wait(30)
    monkeypatch.setenv("MLMODEL_H2O", "server")
    process = started(tmp_path, "-p", "0")
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 2
    assert re.search(r"MISSING_DEPENDENCY: MLMODEL_H2O asks for a server .*HTO-010", said)


def _printed(*arguments):
    line = [java(), "-XX:TieredStopAtLevel=1", "-jar", str(jars() / "mlmodel-bridge.jar")]
    return subprocess.run(
        [*line, *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_help_is_printed_and_wrong_commands_say_why():
    done = _printed("serve", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "-p, --port PORT" in done.stdout
    done = _printed("server")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mlmodel-bridge: unknown command server.\n\nusage: ")


def test_the_program_of_the_page(tmp_path):
    """It is compiled and run as the page says, on a model, one that is broken, and none."""
    inputs = json.dumps([{"type": "double", "name": "x"}, {"type": "long", "name": "n"}])
    model, broken = tmp_path / "model", tmp_path / "broken"
    for folder in (model, broken):
        folder.mkdir()
    flavors = {"python_function": {"loader_module": "mlflow.sklearn"}}
    document = {
        "flavors": flavors,
        "signature": {"inputs": inputs, "outputs": None, "params": None},
    }
    (model / "MLmodel").write_text(json.dumps(document))
    (broken / "MLmodel").write_text("[]")
    classpath = f"{jars() / 'mlmodel-bridge.jar'}:{jars() / 'lib' / '*'}"
    program = foreign_tools.program("java-bridge/README.md", "Check.java")
    (tmp_path / "Check.java").write_text(program)
    compiled = foreign_tools.needed("javac"), "-cp", classpath, "Check.java"
    assert foreign_tools.run(*compiled, cwd=tmp_path) == ""
    command = java(), "-cp", f"{classpath}:{tmp_path}", "Check"
    assert foreign_tools.run(*command, model).splitlines() == [
        "[python_function]",
        "x float64 1.5",
        "n int64 2",
        "The input breaks the signature: column n, row 0: expected long, got '2' (ENF-049).",
    ]
    assert "error MLM-001" in foreign_tools.run(*command, broken, expect=(1,))
    assert "nothing at" in foreign_tools.run(*command, tmp_path / "none", expect=(2,))
