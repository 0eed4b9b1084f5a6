"""The JVM beside a process: one, reached by who started it, and gone when that is (MLP-010 to MLP-012)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from java_tools import jars as built
from mlmodel.bridges.jvm import gateway, jars
from mlmodel.errors import MissingDependency, ModelFailure, WriteFailed
from processes import is_running
from specimens.mleap import bundle, rows, spark_said

pytestmark = [pytest.mark.libraries("py4j"), pytest.mark.slow]

EXPECTED = spark_said("lr")["prediction"]
ROWS = rows()


def current():
    import py4j.java_gateway

    built()
    return gateway.running(py4j.java_gateway)


@pytest.fixture
def no_gateway(monkeypatch):
    """As in a process that has started none."""
    monkeypatch.setattr(gateway, "held", {})


def test_one_for_all_bundles():
    """MLP-011."""
    first, second = bundle("lr"), bundle("gbtr")
    pid = current().pid
    assert first.predict(ROWS)["prediction"].tolist() == EXPECTED
    assert len(second.predict(ROWS)) == len(ROWS)
    assert current().pid == pid


def test_it_listens_here_alone_and_asks_for_the_token():
    """MLP-011."""
    import py4j.java_gateway as py4j
    from py4j.protocol import Py4JError

    pid = current().pid
    port = _ports(pid)
    assert len(port) == 1
    without = py4j.JavaGateway(gateway_parameters=py4j.GatewayParameters(
        address="127.0.0.1", port=port[0]))  # fmt: skip
    with pytest.raises(Py4JError):
        without.entry_point.load("/nothing")
    assert "token" not in Path(f"/proc/{pid}/cmdline").read_text()


def _ports(pid):
    """The ports at which a process listens; each is of the loopback interface."""
    own = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        own.add(target.removeprefix("socket:[").removesuffix("]"))
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in own:
                address, _, port = fields[1].rpartition(":")
                assert address in {"0100007F", "0000000000000000FFFF00000100007F",
                                   "00000000000000000000000001000000"}  # fmt: skip
                found.append(int(port, 16))
    return found


def test_a_killed_one_is_replaced():
    """MLP-012: killed between two calls, nobody sees it."""
    one = bundle("lr")
    pid = current().pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert one.predict(ROWS)["prediction"].tolist() == EXPECTED
    assert current().pid != pid


def test_one_that_ends_while_it_is_asked():
    """MLP-012: stopped, then killed in the middle of a call; that call fails, the next is answered."""
    one = bundle("lr")
    pid = current().pid
    os.kill(pid, signal.SIGSTOP)
    killer = threading.Timer(0.5, os.kill, (pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(ModelFailure, match=r"ended by signal 9 while it was asked.*MLP-012"):
        one.predict(ROWS)
    killer.join()
    assert one.predict(ROWS)["prediction"].tolist() == EXPECTED


def test_several_threads():
    one, wrong = bundle("lr"), []

    def ask():
        answers = [one.predict(ROWS)["prediction"].tolist() for _ in range(10)]
        wrong.extend(answer for answer in answers if answer != EXPECTED)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_nobody_holds_is_closed():
    """MLP-011: with the next call."""
    one, other = bundle("lr"), bundle("gbtr")
    _, number = one._loaded._loaded
    request = np.zeros(2, "<i4").tobytes()
    assert b"there is no bundle" not in current().ask("score", number, request)
    del one
    assert len(other.predict(ROWS)) == len(ROWS)
    assert b"there is no bundle" in current().ask("score", number, request)


def test_one_that_cannot_be_asked_is_ended():
    """MLP-012: it would serve nobody; the next call is answered by another."""
    first = current().pid
    with pytest.raises(ModelFailure, match="cannot be asked any more"):
        current().ask("nothing")
    assert not is_running(first)
    assert bundle("lr").predict(ROWS)["prediction"].tolist() == EXPECTED


def test_an_interrupt_is_not_for_it():
    """MLP-011: Ctrl-C reaches all processes of a session's terminal, and requests are under way."""
    assert os.getsid(current().pid) != os.getsid(0)


PARENT = """
import os, sys, time
import py4j.java_gateway
from mlmodel.bridges.jvm import gateway
print(gateway.running(py4j.java_gateway).pid, flush=True)
if sys.argv[1] == "copy":  # a copy of the process holds the other end of the pipe
    copy = os.fork()
    if copy == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        time.sleep(600)
    print(copy, flush=True)
if sys.argv[1] == "leave":
    raise SystemExit
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["kill", "copy", "leave"])
def test_it_ends_with_its_parent(how, wait_for):
    """MLP-011."""
    built()
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, how], stdout=subprocess.PIPE, text=True
    ) as parent:
        pid = int(parent.stdout.readline())
        copy = int(parent.stdout.readline()) if how == "copy" else None
        try:
            if how != "leave":
                parent.kill()
            parent.wait(timeout=60)
            wait_for(lambda: not is_running(pid))
        finally:
            if copy is not None:
                os.kill(copy, signal.SIGKILL)


def test_a_copy_of_the_process_has_its_own():
    """MLP-011: what was loaded before is read again by the copy's JVM."""
    one = bundle("lr")
    pid = current().pid
    readable, writable = os.pipe()
    copy = os.fork()
    if copy == 0:
        try:
            same = one.predict(ROWS)["prediction"].tolist() == EXPECTED
            os.write(writable, b"yes" if same and current().pid != pid else b"no")
        finally:
            os._exit(0)
    os.close(writable)
    with os.fdopen(readable, "rb") as stream:
        assert stream.read() == b"yes"
    os.waitpid(copy, 0)
    assert current().pid == pid
    assert one.predict(ROWS)["prediction"].tolist() == EXPECTED


# What is not there


@pytest.mark.usefixtures("no_gateway")
def test_no_java(monkeypatch, tmp_path):
    """MLP-010."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match=r"java is not on PATH.*17.*MLP-010"):
        jars.java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingDependency, match="JAVA_HOME is"):
        jars.java()


def a_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


OLD = """
[ "$1" = -version ] && { echo 'openjdk version "11.0.2"' >&2; exit; }
echo 'java.lang.UnsupportedClassVersionError: org/w3id/mlmodel/bridge/Main' >&2
exit 1
"""


@pytest.mark.usefixtures("no_gateway")
@pytest.mark.parametrize(
    ("does", "said"),
    [
        (OLD, r"Java 11\.0\.2 .*too old"),
        ("echo 'Error: no memory' >&2; exit 1", "could not be started: Error: no memory"),
        ("exit 0", "it said nothing"),
        ("exec sleep 600", "it said nothing"),
    ],
)
def test_a_java_that_does_not_do(monkeypatch, tmp_path, does, said):
    """MLP-010."""
    built()
    monkeypatch.setattr(gateway, "PATIENCE", 5)
    a_program(tmp_path / "bin" / "java", does)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingDependency, match=rf"{said}.*MLP-010"):
        current()


def test_options_of_java_that_the_user_sets_come_last(monkeypatch):
    built()
    monkeypatch.setenv("MLMODEL_JAVA_OPTIONS", "-Xmx1g -Dname='two words'")
    line = jars.command("validate", "m", defaults=["-Xmx2g"])
    assert line[1:4] == ["-Xmx2g", "-Xmx1g", "-Dname=two words"]
    assert line[-2:] == ["validate", "m"]


@pytest.mark.parametrize(
    ("place", "mode", "remedy"),
    [
        ("", 0o777, "-R go-w"), ("lib", 0o777, "-R go-w"), ("lib/py4j.jar", 0o666, "-R go-w"),
        ("mlmodel-bridge.jar", 0o602, "-R go-w"), ("..", 0o777, "go-w"), ("../..", 0o777, "go-w"),
    ],
)  # fmt: skip
def test_jars_that_others_may_write(monkeypatch, tmp_path, place, mode, remedy):
    """MLP-010: what is in them runs, and who may write a folder above puts others in their place."""
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path / "above" / "kept"))
    folder = jars.place()
    (folder / "lib").mkdir(parents=True)
    (folder / "mlmodel-bridge.jar").touch()
    (folder / "lib" / "py4j.jar").touch()
    assert "mlmodel-bridge.jar" in jars.class_path()
    found = (folder / place).resolve()
    found.chmod(mode)
    with pytest.raises(MissingDependency, match=r"written by other users.*MLP-010") as raised:
        jars.class_path()
    assert raised.value.message.startswith(f"{found} may be written")
    assert f"(chmod {remedy} {found if '..' in place else folder})" in raised.value.message


def test_the_class_path_has_no_links(monkeypatch, tmp_path):
    """MLP-010: the folders that are looked at are those out of which the jars are run."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to("kept")
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path / "link"))
    (jars.place() / "lib").mkdir(parents=True)
    (jars.place() / "mlmodel-bridge.jar").touch()
    assert "link" not in jars.class_path().removeprefix(str(tmp_path))


MAKES = """
umask 0
mkdir -p target/lib
touch target/mlmodel-bridge.jar target/lib/py4j.jar
"""


def test_setup_keeps_jars_that_others_may_not_write(monkeypatch, tmp_path):
    """MLP-010: whatever Maven, or the umask, lets them."""
    a_program(tmp_path / "bin" / "mvn", MAKES)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path / "kept"))
    before = os.umask(0o002)
    try:
        folder = jars.setup()
    finally:
        os.umask(before)
    assert str(folder) in jars.class_path()
    for path in (folder.parent, folder, *folder.rglob("*")):
        assert not path.stat().st_mode & 0o022, path


def test_setup_without_maven(monkeypatch, tmp_path):
    """MLP-010."""
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match=r"needs Maven.*MLP-010"):
        jars.setup()


def test_setup_where_maven_fails(monkeypatch, tmp_path):
    """MLP-010; nothing is left."""
    a_program(tmp_path / "bin" / "mvn", "echo '[ERROR] cannot resolve it'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path / "kept"))
    with pytest.raises(MissingDependency, match=r"cannot resolve it \(MLP-010\)"):
        jars.setup()
    assert list((tmp_path / "kept").iterdir()) == []


def test_setup_where_nothing_can_be_written(monkeypatch, tmp_path):
    a_program(tmp_path / "bin" / "mvn", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "kept").write_text("a file")
    monkeypatch.setenv("MLMODEL_JAVA_BRIDGE", str(tmp_path / "kept"))
    with pytest.raises(WriteFailed, match="cannot be kept"):
        jars.setup()


def test_setup_that_was_done_is_left_as_it_is(monkeypatch):
    folder = built()
    monkeypatch.setenv("PATH", "")
    assert jars.setup() == folder


def test_the_port_is_free(monkeypatch):
    """MLP-011: two processes of Java at once have two ports."""
    first = current()
    monkeypatch.setattr(gateway, "held", {})
    second = current()
    try:
        assert _ports(first.pid) != _ports(second.pid)
        with socket.create_connection(("127.0.0.1", _ports(second.pid)[0])):
            pass
    finally:
        os.kill(second.pid, signal.SIGKILL)
