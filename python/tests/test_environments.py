"""What tests fetch and keep: made once, by one process, and again where it is not whole."""

from __future__ import annotations

import threading
import time

import peer_environment
import pytest
from peer_environment import made_once


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(peer_environment, "CACHE", tmp_path)
    return tmp_path / "kept"


@pytest.fixture
def make():
    """Return what makes a folder with a file, slowly, and counts how often."""

    def make(folder):
        make.times += 1
        folder.mkdir()
        time.sleep(0.05)
        (folder / "program").touch()

    make.times = 0
    return make


def test_it_is_made_on_first_use(folder, make):
    for _ in range(2):
        assert made_once(folder, make, "program").is_file()
    assert make.times == 1


def test_it_is_made_again_where_what_it_holds_has_gone(folder, make):
    made_once(folder, make, "program").unlink()
    assert made_once(folder, make, "program").is_file()
    assert make.times == 2


def test_what_was_broken_off_is_made_again(folder, make):
    def broken(folder):
        make(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made_once(folder, broken, "program")
    made_once(folder, make, "program")
    assert make.times == 2


def test_others_wait_for_who_makes_it(folder, make):
    threads = [threading.Thread(target=made_once, args=(folder, make)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert make.times == 1


@pytest.mark.libraries("numpy")
def test_tests_of_one_library_go_to_one_process(request: pytest.FixtureRequest) -> None:
    """``make flavors`` would start every library in each of its processes otherwise."""
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("tests are not put into groups: --dist loadgroup does it")
    assert request.node.nodeid.endswith("@numpy")
