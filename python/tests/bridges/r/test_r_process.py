"""R in processes of its own: what ends one costs one request, and none is left behind (CRA-006, CRA-007)."""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlmodel.bridges.r import installed, process
from mlmodel.bridges.r.process import Process, Stopped
from mlmodel.bridges.r.serialized import Kind, Vector, texts
from mlmodel.errors import InvalidArgument, InvalidInput, MissingDependency, ModelFailure
from processes import is_running
from r_functions import content, crate, require_r, saved

pytestmark = pytest.mark.slow

_EVALUATES = "function(text, x = NULL) eval(parse(text = text))"


@pytest.fixture(scope="module")
def evaluating():
    made = crate(_EVALUATES)
    yield made
    made.close()


@pytest.fixture
def run(evaluating):
    """Return a function of R that runs a text; R runs already, whatever the test before left."""
    evaluating("0")
    return evaluating


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("quit()", "ended by itself with code 0"),
        ("quit(status = 3)", "ended by itself with code 3"),
        ("tools::pskill(Sys.getpid(), 9)", "ended by signal 9"),
        ("closeAllConnections()", "ended by itself"),
        ("{ system('sleep 300 &'); quit() }", "ended by itself with code 0"),
    ],
)
def test_what_ends_r_costs_one_request(run, text, how):
    """CRA-006: the error says how it ended, and the next call is answered by another R."""
    assert run("1 + 1").tolist() == [2.0]
    (first,) = run.processes()
    with pytest.raises(ModelFailure, match=f"{how}.*CRA-006"):
        run(text)
    assert not is_running(first)
    assert run("1 + 1").tolist() == [2.0]
    assert run.processes() not in ([], [first])


def test_what_ended_between_two_requests_costs_one(run):
    """CRA-006."""
    run("1 + 1")
    os.kill(run.processes()[0], signal.SIGKILL)
    with pytest.raises(ModelFailure, match="ended by signal 9.*CRA-006"):
        run("1 + 1")
    assert run("1 + 1").tolist() == [2.0]


@pytest.mark.parametrize("is_told", [True, False])
def test_what_it_started_ends_with_it(is_told, monkeypatch, wait_for):
    """CRA-006: also where it ended by itself, and where no kernel tells of that."""
    require_r()
    content(_EVALUATES)
    if not is_told:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    made = crate(_EVALUATES)
    marker = f"3{time.time_ns() % 10**8}"
    with pytest.raises(ModelFailure, match="ended by itself with code 0.*CRA-006"):
        made(f"{{ system('sleep {marker} &'); quit() }}")
    look = ["pgrep", "-f", f"sleep {marker}"]
    wait_for(lambda: not subprocess.run(look, capture_output=True, check=False).stdout)
    assert made("1 + 1").tolist() == [2.0]
    made.close()


@pytest.mark.parametrize(
    ("sent", "how"),
    [
        ("c(8, 0)", "not an answer; it was ended"),
        ("{ b <- serialize(1:5, NULL, xdr = FALSE, version = 2L); writeBin(length(b) + 0, to); b }", "not an answer; it was ended"),
        ("{ b <- serialize(as.list(1:5), NULL, xdr = FALSE, version = 2L); writeBin(length(b) + 0, to); b }", "not an answer; it was ended"),
        ("1e300", "its answer is too large"),
        ("-1", "its answer is too large"),
        ("NaN", "its answer is too large"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_not_believed(run, sent, how):
    """CRA-006: nor what comes after it, which would be the next question's."""
    connection = "getConnection(max(as.integer(rownames(showConnections()))))"
    with pytest.raises(ModelFailure, match=how):
        run(f"{{ to <- {connection}; writeBin({sent}, to); flush(to); 'late' }}")
    assert run.processes() == []
    assert run("'next'").tolist() == ["next"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system has no /proc")
def test_what_has_ended_leaves_nothing_open(run, wait_for):
    """CRA-006: no pipe, and no child that nobody has waited for."""

    def held():
        return len(os.listdir("/proc/self/fd"))

    run("1 + 1")
    before = held()
    for _ in range(3):
        with pytest.raises(ModelFailure):
            run("quit()")
        run("1 + 1")
    wait_for(lambda: held() == before)  # what reads what R prints ends by itself


def test_what_has_ended_is_not_ended_again():
    """CRA-006: the numbers of its pipes may be another file's by then."""
    require_r()
    made = crate(_EVALUATES)
    with pytest.raises(ModelFailure):
        made("quit()")
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(50)]
    del made
    gc.collect()
    for one in opened:
        os.fstat(one)
        os.close(one)


def test_a_crash_costs_one_request(run):
    """CRA-006: an address of nobody's, read by compiled code."""
    with pytest.raises(ModelFailure, match="CRA-006"):
        run("{ tools::pskill(Sys.getpid(), 11); Sys.sleep(300) }")
    assert run("1 + 1").tolist() == [2.0]


def test_deep_recursion_is_an_error_or_costs_one_request(run):
    with pytest.raises(ModelFailure, match="CRA-00[67]"):
        run("{ f <- function(n) f(n + 1); f(1) }")
    assert run("1 + 1").tolist() == [2.0]


def test_a_loop_without_end_is_ended(run, monkeypatch):
    """CRA-006: with what it has started."""
    monkeypatch.setenv("MLMODEL_R_SECONDS", "1")
    marker = f"3{time.time_ns() % 10**8}"
    with pytest.raises(ModelFailure, match="no answer after 1 seconds.*CRA-006.*MLMODEL_R_SECONDS"):
        run(f"{{ system('sleep {marker} &'); repeat {{}} }}")
    assert run.processes() == []
    left = subprocess.run(["pgrep", "-f", f"sleep {marker}"], capture_output=True, check=False)
    assert left.stdout == b""
    monkeypatch.delenv("MLMODEL_R_SECONDS")
    assert run("1 + 1").tolist() == [2.0]


def test_memory_without_end_is_an_error(monkeypatch):
    """CRA-006: the process has no more than it is given, and goes on when R noticed itself."""
    require_r()
    monkeypatch.setenv("MLMODEL_R_BYTES", str(300 * 2**20))
    made = crate(_EVALUATES)
    with pytest.raises(ModelFailure, match="cannot allocate"):
        made("length(numeric(5e7))")  # 400 MB
    with pytest.raises(ModelFailure, match="cannot allocate|CRA-006"):
        made("{ x <- 1; repeat x <- c(x, x) }")
    assert made("1 + 1").tolist() == [2.0]
    made.close()


def test_what_r_says_is_in_the_log(run, caplog):
    """CRA-007."""
    caplog.set_level(logging.INFO, "mlmodel.r")
    assert run("{ warning('careful\\033[31m'); message('by the way'); 1 }").tolist() == [1.0]
    said = [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "mlmodel.r"]
    assert ("INFO", "by the way") in said
    assert [text for level, text in said if level == "WARNING"] == ["careful\\x1b[31m"]


def test_what_r_prints_is_in_the_log_and_no_answer(run, caplog, wait_for):
    caplog.set_level(logging.INFO, "mlmodel.r")
    assert run(
        "{ print('shown'); cat('and this\\n', file = stderr()); system('echo from a program'); 1 }"
    ).tolist() == [1.0]

    def said():
        return [one.getMessage() for one in caplog.records]

    wait_for(lambda: {'[1] "shown"', "and this", "from a program"} <= set(said()))


def test_more_than_is_read_is_left_out(run, caplog):
    caplog.set_level(logging.INFO, "mlmodel.r")
    run("for (i in 1:1000) message(strrep('x', 5000))")
    said = [one.getMessage() for one in caplog.records if one.getMessage().startswith("xxx")]
    assert len(said) == 100
    assert max(map(len, said)) == 2000


def test_what_is_printed_without_end_is_left_out(run, caplog, wait_for):
    """A line without end, too."""
    caplog.set_level(logging.INFO, "mlmodel.r")
    before = set(threading.enumerate())
    made = crate(_EVALUATES)
    made("{ for (i in 1:100) cat(strrep('y', 5000), '\\n'); cat(strrep('y', 3e6)) }")
    made.close()
    wait_for(lambda: not set(threading.enumerate()) - before)
    said = [one.getMessage() for one in caplog.records if "yyy" in one.getMessage()]
    assert len(said) == 101
    assert sum(map(len, said)) == 2**20


def test_r_is_where_the_model_was_loaded_and_has_no_input(monkeypatch, tmp_path):
    """CRA-006: also one that is started later; and what this process is told is not for R."""
    require_r()
    content(_EVALUATES)
    monkeypatch.chdir(tmp_path)
    made = crate(_EVALUATES)
    monkeypatch.chdir("/")
    made.close()
    read, write = os.pipe()
    before = os.dup(0)
    os.write(write, b"secret\n")
    try:
        os.dup2(read, 0)
        assert made("c(getwd(), readLines('stdin', 1))").tolist() == [str(tmp_path)]
    finally:
        os.dup2(before, 0)
        for one in (before, read, write):
            os.close(one)
        made.close()


@pytest.mark.parametrize("variables", [{"LC_ALL": "C", "LANG": "C.UTF-8"}, {"LC_CTYPE": "C"}, {}])
def test_texts_are_of_utf_8(variables, monkeypatch):
    """CRA-008: whatever the locale of this process is."""
    require_r()
    content(_EVALUATES)
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made = crate(_EVALUATES)
    assert made("toupper('\\u00e9')").tolist() == ["É"]
    made.close()


def test_nothing_is_imported_of_the_folder_in_which_it_is_loaded(monkeypatch, tmp_path):
    """CRA-005: Python, which becomes R, looks for modules where this process does, and not there."""
    require_r()
    content(_EVALUATES)
    for name in ("json", "sys", "mlmodel", "os"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger's module')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    made = crate(_EVALUATES)
    assert made("1 + 1").tolist() == [2.0]
    made.close()


def test_messages_are_in_english(monkeypatch):
    """CRA-007: by them is told what is the caller's."""
    require_r()
    content(_EVALUATES)
    monkeypatch.setenv("LANGUAGE", "de")
    made = crate(_EVALUATES)
    assert made("Sys.getenv('LANGUAGE')").tolist() == ["en"]
    made.close()


def test_temporary_files_go_with_it(run):
    """CRA-006: also with one that cannot remove them."""
    (folder,) = run("{ file.create(tempfile()); tempdir() }")
    assert list(Path(folder).iterdir())
    with pytest.raises(ModelFailure, match="signal 9"):
        run("tools::pskill(Sys.getpid(), 9)")
    assert not Path(folder).exists()


def test_one_that_cannot_do_what_is_asked_first_is_ended():
    """CRA-006."""
    require_r()
    one = Process(texts(["load"]), Vector(Kind.RAW, np.frombuffer(b"no function", "uint8")))
    with pytest.raises(Stopped):
        one.start()
    assert one.number is None


def test_closing_ends_none_that_is_asked(tmp_path, wait_for):
    """CRA-006: its question is answered."""
    require_r()
    made = crate(
        "function(folder) { file.create(file.path(folder, 'begun'));"
        " while (!file.exists(file.path(folder, 'end'))) Sys.sleep(0.01); 'answer' }"
    )
    told = []
    asking = threading.Thread(target=lambda: told.extend(made(str(tmp_path))))
    asking.start()
    wait_for((tmp_path / "begun").exists)
    made.close()
    (tmp_path / "end").touch()
    asking.join()
    assert told == ["answer"]
    made.close()


def test_a_line_without_end_is_not_kept():
    pieces = list(process._lines(io.BytesIO(b"y" * 5 * 2**20)))
    assert sum(map(len, pieces)) == 5 * 2**20
    assert max(map(len, pieces)) < 2 * 2**20


def test_stop_is_an_error_and_r_goes_on(run):
    """CRA-007."""
    before = run.processes()
    with pytest.raises(ModelFailure, match=r"The function of R stopped: not like this \(CRA-007\)"):
        run("stop('not like\n this')")
    with pytest.raises(ModelFailure, match="non-numeric argument"):
        run("1 + 'a'")
    assert run.processes() == before


def test_a_column_that_is_not_there_is_the_callers(run):
    """CRA-007: and a name that the function itself lacks is not."""
    table = pd.DataFrame({"a": [1.0], "b": [2.0]})
    with pytest.raises(InvalidInput, match="looks for 'z'.*it has a, b.*CRA-007") as caught:
        crate("function(x) with(x, z + a)")(table)
    assert caught.value.details[0].column == "z"
    with pytest.raises(InvalidInput, match="selects columns.*it has a, b"):
        crate("function(x) x[, c('a', 'z')]")(table)
    with pytest.raises(ModelFailure, match="object 'theta' not found"):
        crate("function(x) x$a * theta")(table)
    with pytest.raises(ModelFailure, match="object 'a' not found"):
        crate("function(x) eval(quote(a))")(table)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (["a", "c"], r"'g' has categories that the model does not know: c\. \(CRA-007\)"),
        (["", "a"], r"'g' has categories that the model does not know: the empty text\."),
        (["d", "c"], r"'g' has categories that the model does not know: c, d\."),
        ([1.0, 2.0], r"'g' is of R's type numeric, and the model's is of the type character\."),
    ],
)
def test_a_column_that_is_not_as_the_models_is_the_callers(run, column, why):
    """CRA-007: categories that were not there when the model was made, and another type."""
    fitted = "lm(y ~ g, data.frame(y = c(1, 2, 3, 5), g = c('a', 'a', 'b', 'b')))"
    model = crate(f"local({{ fit <- {fitted}; function(x) stats::predict(fit, x) }})")
    table = pd.DataFrame({"g": column})
    with pytest.raises(InvalidInput, match=why) as caught:
        model(table)
    assert caught.value.details[0].column == "g"
    assert len(model(pd.DataFrame({"g": ["b", "a"]}))) == 2


def test_a_term_that_is_not_as_the_models_is_no_column(run):
    """CRA-007: what the model made of a column."""
    fitted = "lm(y ~ factor(g), data.frame(y = c(1, 2, 3, 5), g = c('a', 'a', 'b', 'b')))"
    model = crate(f"local({{ fit <- {fitted}; function(x) stats::predict(fit, x) }})")
    with pytest.raises(InvalidInput, match=r"'factor\(g\)' has categories.*: c\.") as caught:
        model(pd.DataFrame({"g": ["a", "c"]}))
    assert caught.value.details[0].column is None


def test_a_package_that_is_not_there_is_named(run):
    """CRA-004."""
    with pytest.raises(
        MissingDependency, match=r"R's package nowhere1.*install.packages\('nowhere1'\)"
    ):
        run("nowhere1::predict(1)")


def test_the_data_are_not_in_the_call(run):
    """What shows its call, as an error does, does not show all the data."""
    made = crate("function(x, ...) paste(deparse(match.call()), deparse(substitute(x)))")
    assert made(np.zeros(1000), n=1.0).tolist() == ["model(x = argument1, n = argument2) argument1"]


def test_a_large_answer_and_question_pass(run):
    """More than a pipe holds, both ways, and texts beyond ASCII."""
    frame = pd.DataFrame(np.arange(600_000.0).reshape(-1, 6), columns=list("abcdef"))
    frame["t"] = np.array(["ä" * (n % 7) for n in range(len(frame))], dtype=object)
    pd.testing.assert_frame_equal(run("x", frame), frame)


def test_an_interrupted_call_leaves_no_answer_behind(run):
    """What comes of a question is never given to the next one."""
    timer = threading.Timer(
        0.5, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)
    )
    # The processes of a test run that is split up ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            run("{ Sys.sleep(2); 'late' }")
    finally:
        signal.signal(signal.SIGINT, before)
    assert run("'next'").tolist() == ["next"]


def test_one_answers_where_nothing_is_said(run):
    """CRA-006: one after the other."""
    told = []
    asking = "{ Sys.sleep(0.05); Sys.getpid() }"
    threads = [threading.Thread(target=lambda: told.extend(run(asking))) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(told) == 3
    assert set(told) == set(run.processes())
    assert len(set(told)) == 1


def test_as_many_as_are_asked_for_answer_at_once(monkeypatch):
    """CRA-006: MLMODEL_R_WORKERS; one more waits for its turn."""
    require_r()
    monkeypatch.setenv("MLMODEL_R_WORKERS", "2")
    made = crate(
        "function(folder, own) { file.create(file.path(folder, own)); while (length(dir(folder)) < 2) Sys.sleep(0.01); Sys.getpid() }"
    )
    with tempfile.TemporaryDirectory() as folder:
        told = []
        threads = [
            threading.Thread(target=lambda n=n: told.append(int(made(folder, str(n))[0])))
            for n in range(4)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert len(set(told)) == 2
    assert sorted(made.processes()) == sorted(set(told))
    made.close()
    assert made.processes() == []
    monkeypatch.setenv("MLMODEL_R_WORKERS", "none")
    with pytest.raises(InvalidArgument, match="MLMODEL_R_WORKERS"):
        crate("function(x) x")


_PARENT = """
import sys
import mlmodel
busy, idle = (mlmodel.crate.load_model(sys.argv[1], trust=True) for _ in range(2))
print(*busy.processes(), *idle.processes(), flush=True)
busy("repeat {}")
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="other systems do not tell a process that its parent ended"
)
def test_a_parent_that_is_killed_leaves_no_r_behind(tmp_path, wait_for):
    """CRA-006: neither one that waits, nor one that computes."""
    command = [sys.executable, "-c", _PARENT, str(saved(tmp_path, content(_EVALUATES)))]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as parent:
        numbers = parent.stdout.readline().split()
        assert len(numbers) == 2
        assert all(map(is_running, numbers))
        wait_for(lambda: _processor_time(numbers[0]) > 20)  # it computes
        parent.kill()
        wait_for(lambda: not any(map(is_running, numbers)))


def _processor_time(number):
    return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[11])


def test_a_parent_that_ends_by_itself_leaves_nothing(tmp_path):
    """CRA-006: no process, no folder of temporary files."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "m").mkdir()
    model = saved(tmp_path / "m", content(_EVALUATES))
    script = _PARENT.replace('busy("repeat {}")', "")
    variables = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(model)],
        capture_output=True,
        text=True,
        check=True,
        env=variables,
    )
    assert not any(map(is_running, done.stdout.split()))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_fork_has_an_r_of_its_own(run):
    """Two processes never speak into one pipe."""
    (own,) = [int(run("Sys.getpid()")[0])]
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, str(int(run("Sys.getpid()")[0])).encode())
        run.close()
        os._exit(0)
    os.waitpid(child, 0)
    other = int(os.read(read, 100))
    os.close(read)
    os.close(write)
    assert other != own
    assert int(run("Sys.getpid()")[0]) == own


# -- R itself ---------------------------------------------------------------------------------------


def _program(path, says):
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return str(path)


def test_no_r_says_how_to_get_it(monkeypatch, tmp_path):
    """CRA-004."""
    monkeypatch.delenv("MLMODEL_R_PROGRAM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match="R is not installed; install R.*CRA-004"):
        installed.program()
    assert installed.version_here() is None
    monkeypatch.setenv("MLMODEL_R_PROGRAM", "/nonexistent/R")
    with pytest.raises(MissingDependency, match="MLMODEL_R_PROGRAM names '/nonexistent/R'"):
        installed.program()


def test_another_r_is_named(monkeypatch, tmp_path):
    """CRA-004: an old one, and what is none."""
    monkeypatch.setenv(
        "MLMODEL_R_PROGRAM", _program(tmp_path / "old", "R version 3.6.3 (2020-02-29)")
    )
    with pytest.raises(
        MissingDependency, match=r"is R 3\.6\.3, and models of R need 4\.0 or newer.*CRA-004"
    ):
        installed.program()
    monkeypatch.setenv("MLMODEL_R_PROGRAM", _program(tmp_path / "other", "I am no R"))
    with pytest.raises(MissingDependency, match="does not say that it is R, but 'I am no R'"):
        installed.program()
    monkeypatch.setenv("MLMODEL_R_PROGRAM", _program(tmp_path / "new", "R version 4.2.2"))
    assert installed.program() == str(tmp_path / "new")
    assert installed.version_here() == "4.2.2"
