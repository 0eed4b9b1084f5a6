"""What ends with the process that started it, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from mlmodel._base.with_parent import command

pytestmark = pytest.mark.slow

#: Starts a program that does not end by itself, says that it has, and waits.
_PARENT = """
import signal, subprocess, sys, time
from mlmodel._base.with_parent import command
signal.signal(signal.SIGINT, signal.default_int_handler)
program = [sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]]
subprocess.Popen(command(program), start_new_session=True)
print("started", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_program_ends_with_its_parent(end, tmp_path, processes_with, wait_for):
    mark = str(tmp_path)
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, mark], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with parent.stdout:
        assert parent.stdout.readline() == b"started\n"
        try:
            wait_for(lambda: len(processes_with(mark)) == 3)  # with the program and its watcher
        finally:
            parent.send_signal(end)
    parent.wait()
    wait_for(lambda: not processes_with(mark))


def test_a_program_ends_by_itself_and_with_its_code():
    done = subprocess.run(
        command([sys.executable, "-c", "print(3); exit(7)"]), stdout=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stdout) == (7, b"3\n")


def test_a_signal_reaches_the_program():
    code = "import sys, time; print('up', flush=True); time.sleep(600)"
    started = subprocess.Popen(command([sys.executable, "-c", code]), stdout=subprocess.PIPE)
    assert started.stdout.readline() == b"up\n"
    started.terminate()
    assert started.wait() == 128 + signal.SIGTERM
    started.stdout.close()


def test_it_is_not_started_for_a_parent_that_is_gone():
    given = command([sys.executable, "-c", "import time; time.sleep(600)"])
    given[given.index(str(os.getpid()))] = "1" if os.getpid() != 1 else "2"
    assert subprocess.run(given, check=False).returncode == 128 + signal.SIGTERM


def test_a_program_may_take_away_what_it_made(tmp_path, orphan, processes_with, wait_for):
    """As H2O's server does with a library that it unpacks."""
    (tmp_path / "made").touch()
    orphan("lambda *_: (os.remove(f'{sys.argv[1]}/made'), sys.exit())")
    wait_for(lambda: not processes_with(str(tmp_path)))
    assert not list(tmp_path.iterdir())


def test_a_program_that_does_not_end_is_ended(tmp_path, orphan, processes_with, wait_for):
    orphan("signal.SIG_IGN")
    assert len(processes_with(str(tmp_path))) == 2
    wait_for(lambda: not processes_with(str(tmp_path)))


@pytest.fixture
def orphan(tmp_path):
    """Return what starts a program with a handler of SIGTERM, and ends the program's parent."""

    def start(handler):
        program = f"import os, signal, sys, time; signal.signal(signal.SIGTERM, {handler})"
        program += "; print('up', flush=True); time.sleep(600)"
        parent = (
            "import subprocess, sys; from mlmodel._base.with_parent import command; "
            f"program = command([sys.executable, '-c', {program!r}, {str(tmp_path)!r}]); "
            "subprocess.Popen(program, stdout=subprocess.PIPE).stdout.readline()"
        )
        subprocess.run([sys.executable, "-c", parent], check=True)

    return start


def test_a_frozen_program_has_nothing_to_run_it_with(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert command(["a", "b"]) == ["a", "b"]
