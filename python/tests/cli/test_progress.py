"""How far long work is: told on a terminal, and only where it lasts."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from mlmodel._base.progress import download, shown_by
from mlmodel.cli import progress
from mlmodel.cli.progress import Progress, downloads_shown
from mlmodel.store.locations.locate import local_folder


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that stands still until it is set."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=screen))
    return screen


def test_nothing_is_said_of_what_is_done_soon(terminal, clock):
    assert list(Progress("checking", 3).over("abc")) == ["a", "b", "c"]
    assert terminal.getvalue() == ""


def test_a_line_after_two_seconds_which_goes_at_the_end(terminal, clock):
    for one in Progress("checking", 4).over(range(4)):
        clock[0] = 1.5 * one
    first, second, last = terminal.getvalue().split("\r\x1b[2K")[1:]
    assert first == "checking [##################------] 3 of 4"
    assert second == "checking [########################] 4 of 4"
    assert last == ""


def test_it_is_not_written_more_often_than_a_person_reads(terminal, clock):
    progress = Progress("checking", 10_000)
    clock[0] = 2.0
    for _ in range(10_000):
        progress.advance()
    assert terminal.getvalue().count("checking") == 1
    progress.clear()
    progress.clear()
    assert terminal.getvalue().count("\r\x1b[2K") == 2


def test_where_nobody_looks_nothing_is_said(monkeypatch, clock):
    pipe = io.StringIO()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=pipe))
    for one in Progress("checking", 4).over(range(4)):
        clock[0] = 5.0 * one
    assert pipe.getvalue() == ""


def test_downloads_say_their_bytes(terminal, clock):
    with download(5) as tell:  # outside of a command nobody listens
        tell(5)
    with downloads_shown():
        with download(4 * 2**20) as tell:
            tell(2**20)
            clock[0] = 3.0
            tell(2**20)
            assert terminal.getvalue().endswith(
                "downloading [############------------] 2.0 MiB of 4.0 MiB"
            )
        assert terminal.getvalue().endswith("\r\x1b[2K")


def test_a_store_that_does_not_say_how_much_there_is(terminal, clock):
    with downloads_shown(), download(0) as tell:
        clock[0] = 3.0
        tell(2**20)
        assert terminal.getvalue().endswith("downloading 1.0 MiB")


def test_a_download_tells_all_of_its_bytes(tmp_path):
    """Whatever the driver reports, what has arrived is counted."""
    content = b"flavors: {a: {}}\n" * 1000
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("MLmodel", content)
    told, totals = [], []

    @contextmanager
    def show(total):
        totals.append(total)
        yield told.append

    with shown_by(show):
        local_folder(f"zip://::file://{tmp_path}/m.zip")
    assert (sum(told), totals) == (len(content), [len(content)])
