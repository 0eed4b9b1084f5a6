"""A harness behind a pipe: one JSON object per line, as conformance/README.md says.

A case may cost its harness, and never the run: one that hangs, ends, floods or says what was not
asked is ended with all its processes, and the next case is asked of a new one.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from .subject import About, Answer, Broken, Failure, Skip, require_posix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cases import Case

__all__ = ["LONGEST_LINE", "PROTOCOL", "Harness"]

#: The version of the protocol.
PROTOCOL = 1
#: A longer answer is a flood.
LONGEST_LINE = 64 * 2**20
#: How many times in a row a harness may fail to start before nothing more is asked.
_STARTS = 3
#: How long a harness may take to end when it is told to stop, in seconds.
_FAREWELL = 5.0
_BLOCK = 2**16
#: What is kept of its last words on standard error, in bytes.
_KEPT = 2000


class Harness:
    """A command that is asked cases over its standard input and output.

    Args:
        command: the program and its arguments.
        timeout: how long it may take for one case, in seconds.
        start_timeout: how long it may take to say what it is.
        vectors: the version of the vectors, which it is told.
        longest_line: how many bytes an answer may have.

    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout: float = 30.0,
        start_timeout: float = 120.0,
        vectors: str = "v1",
        longest_line: int = LONGEST_LINE,
    ) -> None:
        self._command = list(command)
        self._timeout = timeout
        self._start_timeout = start_timeout
        self._vectors = vectors
        self._longest = longest_line
        self._talk: _Talk | None = None
        self._failed_starts = 0
        self._next = 0

    def start(self) -> About:
        """Start the command and ask what it is.

        Raises:
            Broken: it cannot be started, or does not say what it is.

        """
        require_posix("a harness")
        try:
            self._talk = _Talk(self._command, self._longest)
        except OSError as error:
            raise Broken(f"{self._command[0]} cannot be started: {error.strerror}.") from None
        message = {"cmd": "start", "protocol": PROTOCOL, "vectors": self._vectors}
        try:
            about = _about(self._talk.ask(message, self._start_timeout))
        except _SilentError as error:
            self._end()
            raise Broken(f"To the start, the harness {error}") from None
        self._failed_starts = 0
        return about

    def ask(self, case: Case) -> Answer | Skip | Failure:
        """Ask one case, of a new process where the last one is gone."""
        if self._talk is None:
            failure = self._start_again()
            if failure is not None:
                return failure
        assert self._talk is not None  # noqa: S101 - started above
        self._next += 1
        message = {"id": self._next, "operation": case.operation, "input": case.input}
        try:
            return _reply(self._talk.ask(message, self._timeout), self._next)
        except _SilentError as error:
            self._end()
            return Failure(f"The harness {error}")

    def stop(self) -> None:
        """Tell the harness to stop, and see that it does."""
        if self._talk is not None:
            self._talk.farewell({"cmd": "stop"})
            self._talk = None

    def _start_again(self) -> Failure | None:
        if self._failed_starts >= _STARTS:
            return Failure(f"Not asked: the harness failed to start {_STARTS} times in a row.")
        failed = self._failed_starts
        try:
            self.start()
        except Broken as error:
            self._failed_starts = failed + 1
            return Failure(f"The harness did not start again. {error}")
        return None

    def _end(self) -> None:
        if self._talk is not None:
            self._talk.kill()
            self._talk = None


class _SilentError(Exception):
    """There is no usable answer; the text goes on after "the harness"."""


class _Talk:
    """One process, and the lines to and from it."""

    def __init__(self, command: list[str], longest: int) -> None:
        # A session of its own, so that whatever it starts ends with it.
        self._process = subprocess.Popen(  # noqa: S603 - the user's own command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._longest = longest
        self._said: deque[bytes] = deque()  # on standard error
        self._stdin, self._stdout, self._stderr = (
            _pipe(self._process.stdin),
            _pipe(self._process.stdout),
            _pipe(self._process.stderr),
        )
        self._open = {self._stdout, self._stderr}

    def ask(self, message: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Send a message and return the one line that answers it.

        Raises:
            _SilentError: there is none, or it is not an object in JSON.

        """
        # Letters beyond ASCII are escaped: a harness need not care how its input is encoded.
        data = json.dumps(message, allow_nan=False).encode() + b"\n"
        line, _, rest = self._exchange(data, time.monotonic() + timeout, timeout).partition(b"\n")
        if rest:
            raise _SilentError(f"said more than its one line: {_shown(rest)}")
        return _object(line)

    def farewell(self, message: dict[str, Any]) -> None:
        """Send a last message, close the pipe, and wait until the process has ended."""
        with suppress(OSError):
            os.write(self._stdin.fileno(), json.dumps(message).encode() + b"\n")
        with suppress(OSError):
            self._stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_FAREWELL)
        self.kill()

    def kill(self) -> None:
        """End the process and all that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for stream in (self._stdin, self._stdout, self._stderr):
            with suppress(OSError):
                stream.close()

    def _exchange(self, data: bytes, deadline: float, timeout: float) -> bytes:
        """Write ``data`` and read until a line ends, both as far as the other side lets us."""
        unsent, got = memoryview(data), bytearray()
        with selectors.DefaultSelector() as waiting:
            for stream in self._open:
                waiting.register(stream, selectors.EVENT_READ)
            waiting.register(self._stdin, selectors.EVENT_WRITE)
            while b"\n" not in got[-_BLOCK:]:
                left = deadline - time.monotonic()
                events = waiting.select(left) if left > 0 else []
                if left <= 0:
                    raise _SilentError(f"did not answer within {timeout:g} s.{self._last_words()}")
                for key, _ in events:
                    if key.fileobj is self._stdin:
                        unsent = self._send(unsent, waiting)
                    else:
                        self._receive(key.fileobj, got, waiting)
        return bytes(got)

    def _send(self, unsent: memoryview, waiting: selectors.BaseSelector) -> memoryview:
        try:
            unsent = unsent[os.write(self._stdin.fileno(), unsent[:_BLOCK]) :]
        except BlockingIOError:
            return unsent
        except OSError:  # it reads no more; what it last said is worth more than that
            unsent = unsent[:0]
        if not unsent:
            waiting.unregister(self._stdin)
        return unsent

    def _receive(self, stream: Any, got: bytearray, waiting: selectors.BaseSelector) -> None:
        try:
            block = os.read(stream.fileno(), _BLOCK)
        except BlockingIOError:
            return
        if not block:
            waiting.unregister(stream)
            self._open.discard(stream)
        if stream is self._stderr:
            self._said.append(block)
            while sum(map(len, self._said)) - len(self._said[0]) > _KEPT:
                self._said.popleft()
            return
        got += block
        if not block:
            raise _SilentError(self._ended(bytes(got)))
        if len(got) > self._longest:
            raise _SilentError(f"wrote more than {self._longest} bytes as one answer.")

    def _ended(self, rest: bytes) -> str:
        """Say how the process ended, whose output is closed."""
        try:
            code = self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            return f"closed its output and did not end.{self._last_words()}"
        self._drain()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        half = f", after half a line: {_shown(rest)}" if rest else ""
        return f"ended {how}{half}.{self._last_words()}"

    def _drain(self) -> None:
        with suppress(OSError):  # including that there is nothing
            while self._stderr in self._open and (block := os.read(self._stderr.fileno(), _BLOCK)):
                self._said.append(block)

    def _last_words(self) -> str:
        text = b"".join(self._said)[-_KEPT:].decode("utf-8", "backslashreplace").strip()
        return f" Its last words: {text}" if text else ""


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - all three were asked for
    os.set_blocking(stream.fileno(), False)
    return stream


def _object(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _SilentError(f"wrote a line that is not JSON: {_shown(line)}") from None
    if not isinstance(message, dict):
        raise _SilentError(f"wrote a line that is not a JSON object: {_shown(line)}")
    return message


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _about(message: dict[str, Any]) -> About:
    """Read the answer to the start."""
    texts = [message.get(key) for key in ("implementation", "version", "language")]
    operations: Any = message.get("operations")
    profiles: Any = message.get("profiles", [])
    if not all(isinstance(one, str) and one for one in texts):
        raise _SilentError(
            "did not say its implementation, version and language, each a text: "
            f"{_shown(json.dumps(message).encode())}"
        )
    if not _are_texts(operations) or not _are_texts(profiles):
        raise _SilentError(
            "did not say its operations (and profiles, if it does), a list of texts."
        )
    name, version, language = map(str, texts)
    return About(name, version, language, tuple(operations), tuple(profiles))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _reply(message: dict[str, Any], wanted: int) -> Answer | Skip | Failure:
    """Read the answer to a case."""
    given = message.get("id")
    if given != wanted or isinstance(given, bool):
        raise _SilentError(f"answered with the id {json.dumps(given)} when asked {wanted}.")
    kinds = [key for key in ("result", "skip", "error") if key in message]
    if len(kinds) != 1:
        raise _SilentError(f"gave {kinds or 'nothing'}; give one of result, skip and error.")
    (kind,) = kinds
    value = message[kind]
    if kind == "result" and isinstance(value, dict):
        return Answer(value)
    if kind != "result" and isinstance(value, str):
        return Skip(value) if kind == "skip" else Failure(f"The harness says: {value}")
    raise _SilentError(
        f"gave a {kind} that is not {'an object' if kind == 'result' else 'a text'}."
    )


def _shown(data: bytes) -> str:
    text = data[:_SHOWN].decode("utf-8", "backslashreplace").replace("\n", "\\n")
    return f"{text}…" if len(data) > _SHOWN else text


_SHOWN = 200
