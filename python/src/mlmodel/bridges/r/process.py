"""One R in a process of its own, and the conversation with it (CRA-006).

Whatever ends it (``quit()``, a crash, a loop without end, memory) costs the request that did, and
the next one starts another. It never outlives the process that started it.
"""

from __future__ import annotations

import json
import logging
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.util import Finalize
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mlmodel._base.settings import whole_number
from mlmodel._base.texts import printable
from mlmodel.bridges.r import installed
from mlmodel.bridges.r.serialized import Kind, NotData, NotWhole, Vector, read, written
from mlmodel.errors import MissingDependency, ModelFailure
from mlmodel.sandbox import limits
from mlmodel.sandbox.process import starter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LOG", "Process", "Stopped"]

#: Where warnings, messages and what R prints go.
LOG = logging.getLogger("mlmodel.r")
_LEVELS = {"warning": logging.WARNING, "message": logging.INFO}

_BEGIN = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from mlmodel.bridges.r.starting import main; main()"
)
_WORKER = Path(__file__).with_name("worker.R")
_SECONDS, _BYTES = "MLMODEL_R_SECONDS", "MLMODEL_R_BYTES"
#: How long a request may take, in seconds, where nothing else is said.
_PATIENCE = 300
#: How long one may take to end whose pipes it closed itself, and to be gone when it was killed.
_CLOSING, _GONE = 5, 10
#: How often one is looked at, in seconds, where the kernel does not tell of its end.
_SLICE, _LOOK = 0.5, 0.02
_LENGTH = struct.Struct("=d")
#: What comes before a question; R sees by it that there is one.
_SIGN = _LENGTH.pack(1)
_SMALL = 2**14
#: How large an answer may be, and how much R may print.
_MOST_BYTES, _MOST_PRINTED = 2**36, 2**20
_SET_PIPE_SIZE, _PIPE_SIZE = 1031, 2**20
_RULE = "CRA-006"


class Stopped(Exception):
    """R stopped with an error (``stop()``); the text is its message."""

    def __init__(self, message: str, function: str = "", *, is_data: bool) -> None:
        super().__init__(message)
        #: The name of the function in which it is, where R tells.
        self.function = function
        #: Whether it is about the answer, which is not data.
        self.is_data = is_data


@dataclass(frozen=True)
class _Running:
    """An R that was started, the pipes to it and from it, and its folder for temporary files."""

    process: subprocess.Popen[bytes]
    target: int
    source: int
    ended: int | None
    folder: str
    owner: int = field(default_factory=os.getpid)

    def end(self, moment: float = 0.2) -> int | None:
        """End it, and return its code; a fork of the process that started it has no say.

        Closed pipes end one that waits for a question, in a ``moment``; one that computes is
        killed, and so is what it started.
        """
        if os.getpid() != self.owner:
            return None
        os.close(self.target)
        os.close(self.source)
        self._wait(moment)
        # While it is not asked for its code, its number is nobody else's.
        if self.process.returncode is None:
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_GONE)
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.process.returncode

    def has_ended(self) -> bool:
        """Return whether it has ended; nothing is asked that would give its number away."""
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self.process.poll() is not None
        try:
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self.process.pid, look) is not None
        except ChildProcessError:
            return True

    def _wait(self, seconds: float) -> None:
        if self.ended is None:
            until = time.monotonic() + seconds
            while not self.has_ended() and time.monotonic() < until:
                time.sleep(_LOOK)
            return
        waiting = select.poll()
        waiting.register(self.ended, select.POLLIN)
        waiting.poll(seconds * 1000)
        os.close(self.ended)


class Process:
    """An R that answers questions; one that has ended is started anew at the next.

    Args:
        first: what a new one is asked first of all (to load a model).

    """

    def __init__(self, *first: Vector) -> None:
        self._first = first
        self._place = str(Path.cwd())
        self._running: _Running | None = None
        self.told: Vector | None = None

    def start(self) -> Vector:
        """Start it unless it runs, and return its answer to what is asked first.

        Raises:
            MissingDependency: R is not there, or not as it has to be.
            Stopped: it cannot do what is asked first; it is ended then.
            ModelFailure: it ended meanwhile.

        """
        if self._running is None or self.told is None:
            self._running = starter().submit(_begun, self._place).result()
            # Not weakref's: processes of multiprocessing, as workers are, end without those.
            self._finalizer = Finalize(self, self._running.end, exitpriority=0)
            try:
                self.told = self._asked(self._first)
            except BaseException:
                self.close()
                raise
        return self.told

    def ask(self, *question: Vector) -> Vector:
        """Return its answer.

        Raises:
            Stopped: it stopped with an error; it goes on.
            ModelFailure: it ended (a crash, out of memory, out of time), or what it sent is not an
                answer; it is ended then.

        """
        self.start()
        return self._asked(question)

    @property
    def number(self) -> int | None:
        """The number of the process while it runs."""
        return None if self._running is None else self._running.process.pid

    def close(self) -> None:
        """End it."""
        self._end()

    def _asked(self, question: tuple[Vector, ...]) -> Vector:
        answer = self._exchanged(Vector(Kind.LIST, list(question)))
        try:
            value, how, text, kinds, said = _elements(read(answer))
            for kind, line in zip(kinds.values, said.values, strict=True):
                LOG.log(_LEVELS[kind], "%s", printable(str(line)))
            done, (message, function) = how.values == ["ok"], text.values
            is_data = how.values == ["cannot"]
        except (NotWhole, ValueError, TypeError, KeyError, AttributeError):
            self._end()
            raise ModelFailure(f"R sent what is not an answer; it was ended ({_RULE}).") from None
        except NotData as error:
            raise Stopped(str(error), is_data=True) from None
        if not done:
            raise Stopped(str(message), str(function), is_data=is_data)
        return value

    def _exchanged(self, question: Vector) -> bytearray:
        """Send a question and return what comes back, in the time that one may take."""
        running = self._running
        assert running is not None  # noqa: S101 - it was started
        seconds = whole_number(_SECONDS, _PATIENCE, _RULE)
        pipe = _Pipe(running, time.monotonic() + seconds)
        try:
            pipe.send(question)
            return pipe.receive()
        except TimeoutError:
            self._end(0)
            raise ModelFailure(
                f"R was ended, because it had no answer after {seconds} seconds ({_RULE}). The "
                f"next call starts another. {_SECONDS} sets how long one may take."
            ) from None
        except EOFError:
            raise ModelFailure(_how_it_ended(self._end(_CLOSING))) from None
        except MemoryError:
            self._end()
            raise ModelFailure(f"R was ended: its answer is too large ({_RULE}).") from None
        except BaseException:  # interrupted: the rest of an answer is nobody's
            self._end()
            raise

    def _end(self, *moment: float) -> int | None:
        running, self._running, self.told = self._running, None, None
        if running is None:
            return None
        self._finalizer.cancel()
        return running.end(*moment)


class _Pipe:
    """The two pipes for one question, until a deadline or the end of the process."""

    def __init__(self, running: _Running, deadline: float) -> None:
        self._running = running
        self._deadline = deadline
        self._polls = {
            number: _poll(number, events, running.ended)
            for number, events in (
                (running.source, select.POLLIN),
                (running.target, select.POLLOUT),
            )
        }

    def send(self, question: Vector) -> None:
        for piece in _gathered([_SIGN, *written(question)]):
            view = memoryview(piece).cast("B")
            while view:
                try:
                    view = view[os.write(self._running.target, view[: 2**30]) :]
                except BlockingIOError:
                    self._wait(self._running.target)
                except BrokenPipeError:
                    raise EOFError from None

    def receive(self) -> bytearray:
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        if not 0 <= length <= _MOST_BYTES:
            raise MemoryError
        return self._read(int(length))

    def _read(self, size: int) -> bytearray:
        read = bytearray(size)
        view = memoryview(read)
        while view:
            try:
                got = os.readv(self._running.source, [view])
            except BlockingIOError:
                self._wait(self._running.source)
                continue
            if not got:
                raise EOFError
            view = view[got:]
        return read

    def _wait(self, number: int) -> None:
        """Wait until the pipe is ready.

        Programs that R started may hold its pipes open when it has ended, so its end is looked
        for by itself.
        """
        while True:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            # Where the kernel does not tell of the end of a process, it is asked now and then.
            slice_ = left if self._running.ended is not None else min(left, _SLICE)
            ready = {one for one, _ in self._polls[number].poll(slice_ * 1000)}
            if number in ready:
                return
            if ready or self._running.has_ended():
                raise EOFError


def _elements(answer: Vector) -> list[Vector]:
    return list(answer.values)


def _gathered(pieces: Iterable[Any]) -> Iterator[Any]:
    """Give pieces of bytes, of which small ones that follow each other are one."""
    small = bytearray()
    for piece in pieces:
        view = memoryview(piece)
        if view.nbytes < _SMALL:
            small += view.tobytes()
            continue
        if small:
            yield small
            small = bytearray()
        yield view
    if small:
        yield small


def _poll(number: int, events: int, ended: int | None) -> Any:
    made = select.poll()
    made.register(number, events)
    if ended is not None:
        made.register(ended, select.POLLIN)
    return made


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        how = f"was ended by signal {-code}: it crashed, or the machine was out of memory"
    else:
        how = f"ended by itself with code {code}: the model quit it, or closed its connections"
    more = f"The next call starts another. {_BYTES} sets how much memory it may use."
    return f"R {how} ({_RULE}). {more}"


def _begun(place: str) -> _Running:
    program = installed.program()
    memory = whole_number(_BYTES, limits.memory_allowed(), _RULE)
    theirs, target = os.pipe()
    source, answers = os.pipe()
    folder = tempfile.mkdtemp(prefix="mlmodel-r-")
    paths = [path for path in sys.path if os.path.isabs(path)]  # noqa: PTH117 - Windows too
    command = [program, "--vanilla", "--no-echo", f"--file={_WORKER}", "--args"]
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, which becomes R
            [
                *(sys.executable, "-I", "-B", "-c", _BEGIN, json.dumps(paths)),
                *(str(memory), str(os.getpid()), *command, str(theirs), str(answers)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_variables(folder),
            cwd=place,
            bufsize=0,
            pass_fds=(theirs, answers),
            start_new_session=True,
        )
    except BaseException as error:
        os.close(target)
        os.close(source)
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise MissingDependency(
                f"R could not be started: {error.strerror}. The sandbox of predict and serve lets "
                "no program start: trust the folder (mlmodel trust add), or run it without "
                "(--sandbox off) (CRA-004)"
            ) from error
        raise
    finally:
        os.close(theirs)
        os.close(answers)
    for number in (target, source):
        os.set_blocking(number, False)
        _widen(number)
    threading.Thread(target=_repeat, args=(process.stdout,), daemon=True).start()
    return _Running(process, target, source, _told_of_end(process.pid), folder)


def _variables(folder: str) -> dict[str, str]:
    """Return R's variables: those of this process, and texts are of UTF-8, messages in English."""
    given = dict(os.environ)
    named = next((given[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if given.get(name)), "")
    if not named.lower().replace("-", "").endswith("utf8"):
        given.pop("LC_ALL", None)
        given["LC_CTYPE"] = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    return {**given, "LANGUAGE": "en", "TMPDIR": folder}


def _widen(number: int) -> None:
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # more than a user may have
            fcntl.fcntl(number, _SET_PIPE_SIZE, _PIPE_SIZE)


def _told_of_end(number: int) -> int | None:
    """Return a descriptor that can be read when the process has ended, where there is such."""
    try:
        return os.pidfd_open(number)
    except (AttributeError, OSError):
        return None


def _repeat(source: IO[bytes]) -> None:
    """Put what R prints into the log, and not without end."""
    left = _MOST_PRINTED
    with source, suppress(OSError, ValueError):
        for line in _lines(source):
            if left > 0:
                LOG.info("%s", printable(line[:left]))
            left -= len(line)


def _lines(source: IO[bytes]) -> Iterator[str]:
    rest = b""
    while got := source.read(65536):
        *whole, rest = (rest + got).split(b"\n")
        if len(rest) > _MOST_PRINTED:
            whole, rest = [*whole, rest], b""
        yield from (line.decode("utf-8", "replace") for line in whole)
    if rest:
        yield rest.decode("utf-8", "replace")
