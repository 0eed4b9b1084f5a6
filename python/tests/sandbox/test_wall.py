"""The wall: what a process behind it is kept from, each tried (TRU-081)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sandbox_probe import ATTEMPTS

from mlmodel.errors import InvalidArgument, ModelFailure
from mlmodel.sandbox import landlock, seccomp, wall
from mlmodel.sandbox.process import Process
from mlmodel.sandbox.syscalls import ALLOWED, LAST_KNOWN, NUMBERS, architecture
from mlmodel.sandbox.wall import Wall, lacking

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(lacking()), reason=f"this system cannot {lacking()}"),
]

PROBE = Path(__file__).with_name("sandbox_probe.py")
MEMORY = 2 * 2**30
INHERITED = True
#: What root or an unusual container may be kept from in any case.
NOT_EVERYWHERE = {"sets_an_attribute", "takes_a_namespace", "reads_the_parents_memory"}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a model, beside a home with a secret and somebody who listens."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "there").write_text("there")
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    (tmp_path / "home" / ".ssh" / "id").write_text("secret")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "listening"))
        yield tmp_path / "model"


@pytest.fixture
def process(folder: Path) -> Iterator[Process]:
    made = Process(Wall((str(folder),), MEMORY), "sandbox_probe:answerer", ("facts",))
    yield made
    made.close()


def test_each_attempt_is_refused(process: Process, folder: Path) -> None:
    """TRU-081."""
    process.start()
    answers = {name: process.ask("attempt", name, str(folder))[0] for name in ATTEMPTS}
    assert answers == dict.fromkeys(ATTEMPTS, "refused")
    assert [path.name for path in folder.iterdir()] == ["there"]
    assert (folder / "there").read_text() == "there"


@pytest.mark.parametrize("name", sorted(set(ATTEMPTS) - NOT_EVERYWHERE))
def test_without_the_wall_it_is_done(name: str, folder: Path) -> None:
    """The control: it is the wall that refuses."""
    command = [sys.executable, str(PROBE), name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.strip() == ("" if name == "becomes_a_program" else "done"), done.stderr


def test_every_call_that_is_not_on_the_list_is_refused(process: Process) -> None:
    """TRU-081."""
    place = architecture()
    assert place is not None
    # uretprobe and uprobe are the kernel's own: no filter sees them, and who calls them is ended.
    known = {335, 336, *(numbers[place] for numbers in NUMBERS.values())}
    numbers = [number for number in range(LAST_KNOWN + 40) if number not in known]
    assert process.ask("calls_not_refused", numbers)[0] == []


@pytest.mark.parametrize("way", ["calls_as_x32", "calls_as_i386"])
def test_another_calling_convention_ends_the_process(process: Process, way: str) -> None:
    """TRU-081."""
    if architecture() != 0:
        pytest.skip("x86_64 alone has them")
    with pytest.raises(ModelFailure, match=f"signal ({signal.SIGSYS}|{signal.SIGSEGV}):"):
        process.ask(way)
    assert process.ask("facts")[0]["filter"] == "2"  # the next call started another


def test_it_has_nothing_of_the_process_that_started_it(
    process: Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """TRU-082."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with (tmp_path / "open").open("w") as opened:
        os.set_inheritable(opened.fileno(), INHERITED)
        facts, _ = process.start()
    assert "AWS_SECRET_ACCESS_KEY" not in facts["variables"]
    assert "OMP_NUM_THREADS" in facts["variables"]
    assert facts["descriptors"] == 5
    assert (facts["privileges"], facts["filter"]) == ("1", "2")
    assert int(facts["capabilities"], 16) & ~(1 << 2) == 0
    assert facts["modules"] == []


@pytest.mark.libraries("matplotlib")
def test_a_list_of_fonts_that_cannot_be_kept_is_not_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """TRU-082: libraries of models import matplotlib, which lists the fonts of the machine."""
    monkeypatch.setenv("HOME", str(folder.parent / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    process = Process(Wall((str(folder),), MEMORY), "sandbox_probe:answerer", ("facts",))
    try:
        process.start()
        assert process.ask("imports", "matplotlib.font_manager")[0] == "matplotlib.font_manager"
    finally:
        process.close()
    assert "font_manager" not in capfd.readouterr().err


RAISE = """
import os, sys, threading
from mlmodel.sandbox import wall
kept = os.open(sys.argv[1], os.O_WRONLY)
other = os.open(sys.argv[1], os.O_WRONLY)
if sys.argv[2] == "threads":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
try:
    wall.raise_(wall.Wall((), 2**31, (kept,), files=True))
except wall.WallError as error:
    print(error, flush=True)
    os._exit(0)
os.write(kept, b"kept")
try:
    os.write(other, b"other")
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize(
    ("way", "said"),
    [("alone", "Bad file descriptor"), ("threads", "the process has 2 threads already")],
)
def test_descriptors_and_threads_from_before(way: str, said: str, folder: Path) -> None:
    """TRU-082."""
    command = [sys.executable, "-c", RAISE, str(folder / "there"), way]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.stdout.strip(), done.returncode) == (said, 0), done.stderr


def test_a_wall_that_cannot_be_raised_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-082."""
    broken = Wall((str(folder),), 1)  # no memory at all: not even the filter can be made
    process = Process(broken, "sandbox_probe:answerer", ("facts",))
    with pytest.raises((InvalidArgument, ModelFailure)):
        process.start()
    process.close()


@pytest.mark.parametrize(
    "what", ["noise", "endless", "many", "text", "nothing", "nested", "pickle"]
)
def test_what_it_sends_is_read_as_data(process: Process, what: str) -> None:
    """TRU-084."""
    process.start()
    with pytest.raises(ModelFailure, match="TRU-084"):
        process.ask("sends_garbage", what)
    assert process.ask("facts")[0]["filter"] == "2"


def test_the_home_is_not_among_the_libraries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """TRU-081."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    places = ["", "relative", "/", str(tmp_path), str(tmp_path / "user"), str(tmp_path / "other")]
    inside = str(tmp_path / "user" / "lib")
    monkeypatch.setattr(sys, "path", [*places, inside])
    readable = set(wall.readable())
    assert readable & {*places, inside} == {str(tmp_path / "other"), inside}


def test_the_list_of_calls_is_the_kernels() -> None:
    """The numbers are those of the C headers, where this machine has them."""
    headers = {
        0: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        1: Path("/usr/include/asm-generic/unistd.h"),
    }
    missing = [path for path in headers.values() if not path.exists()]
    if missing:
        pytest.skip(f"{missing} are not here")
    for place, header in headers.items():
        words = [line.split() for line in header.read_text().splitlines()]
        found = {
            line[1].removeprefix("__NR_").removeprefix("__NR3264_"): int(line[2])
            for line in words
            if len(line) >= 3 and line[0] == "#define" and line[2].isdigit()
        }
        found.setdefault("newfstatat", found.get("fstatat", -1))
        ours = {name: numbers[place] for name, numbers in NUMBERS.items()}
        assert ours == {name: found.get(name) for name in NUMBERS}


ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSE, ABSENT = 0x00050001, 0x00050026
CONVENTIONS = (0xC000003E, 0xC00000B7)


def run(program: bytes, number: int, convention: int, *given: int) -> int:
    """Return what a filter answers: the machine of classic BPF, as far as filters use it."""
    import struct

    arguments = [*given, *[0] * (6 - len(given))]
    data = struct.pack("<IIQ6Q", number, convention, 0, *arguments)
    steps = list(struct.iter_unpack("<HBBI", program))
    at = held = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == 0x20:
            (held,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:
            held &= value
        elif code == 0x06:
            return int(value)
        else:
            assert code in {0x15, 0x35}
            at += yes if (held == value if code == 0x15 else held >= value) else no


@pytest.mark.parametrize("place", [0, 1])
def test_the_filter_of_each_machine(place: int) -> None:
    """TRU-081: what cannot run here is run by hand."""
    code = seccomp.program(place, 77)
    serving = seccomp.program(place, 77, serving=True)

    def asked(name: str, *given: int, program: bytes = code) -> int:
        number = NUMBERS[name][place]
        assert number is not None
        return run(program, number, CONVENTIONS[place], *given)

    for number in range(600):
        names = [name for name, numbers in NUMBERS.items() if numbers[place] == number]
        answer = run(code, number, CONVENTIONS[place])
        if not names:
            assert answer == (REFUSE if number <= LAST_KNOWN else ABSENT), number
        elif names[0] in ALLOWED:
            assert answer == ALLOW, names
        assert run(code, number, CONVENTIONS[1 - place]) == KILL
        assert run(code, number, 0x40000003) == KILL  # i386
    assert asked("accept4") == REFUSE
    assert asked("accept4", program=serving) == ALLOW
    assert asked("clone3") == ABSENT
    assert asked("clone", 0x3D0F00) == ALLOW  # pthread_create
    for flags in (0x11, 0x1200011, 0x4111, 0x3D0F00 | 0x10000000, 0x3D0F00 | 0x40000000):
        assert asked("clone", flags) == REFUSE
    for flags in (0, 0x80000, 0x200000):
        assert asked("openat", 0, 0, flags) == ALLOW
    for flags in (1, 2, 0x40, 0x200, 0x400000, 0x410000 | 2):
        assert asked("openat", 0, 0, flags) == REFUSE
    assert asked("kill", 77) == asked("tgkill", 77, 78) == ALLOW
    assert {asked("kill", pid) for pid in (0, 1, 2**32 - 1, 2**32 - 77)} == {REFUSE}
    assert asked("kill", 77 + 2**32) == ALLOW  # the kernel takes the lower half, as the filter does
    assert asked("prlimit64", 0, 7, 0) == ALLOW
    assert {asked("prlimit64", 0, 7, 2**32), asked("prlimit64", 1, 7, 0)} == {REFUSE}
    assert asked("mmap", 0, 0, 3, 0x22) == ALLOW
    assert {asked("mmap", 0, 0, 3, 0x21), asked("mmap", 0, 0, 3, 0x23)} == {REFUSE}
    assert asked("ioctl", 1, 0x5412) == asked("ioctl", 1, 0x5412 + 2**32) == REFUSE  # TIOCSTI
    assert asked("ioctl", 1, 0x5401) == ALLOW
    assert asked("prctl", 22) == asked("prctl", 38) == asked("prctl", 1) == REFUSE


def test_what_is_lacking_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """TRU-082."""
    monkeypatch.setattr(landlock, "version", lambda: 0)
    (lacks,) = lacking()
    assert "Landlock" in lacks
    monkeypatch.setattr(seccomp, "is_available", lambda: False)
    assert len(lacking()) == 2
    monkeypatch.setattr(sys, "platform", "darwin")
    (lacks,) = lacking()
    assert "Linux" in lacks
