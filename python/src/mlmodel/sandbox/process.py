"""A process behind the wall, or without one, and the conversation with it (TRU-082 to TRU-084).

It is a fresh interpreter: nothing of this process's memory, variables or descriptors is in it. What
it answers is read as data, within bounds, and never unpickled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base.texts import printable
from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, ModelFailure
from mlmodel.sandbox import frames, limits

if TYPE_CHECKING:
    from mlmodel.sandbox.wall import Wall

__all__ = ["Process", "starter"]

#: The search path of this process comes first: so both find the same libraries.
_BEGIN = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from mlmodel.sandbox.child import main; main()"
)
#: How much a walled process may say on standard error.
_MOST_SAID = 2**20
#: How long one may take to end by itself, and to be gone when it was killed, in seconds.
_MOMENT, _PATIENCE = 0.2, 10


@dataclass(frozen=True)
class _Running:
    """A process that was started, and the pipes to it and from it."""

    process: subprocess.Popen[bytes]
    target: int
    source: int
    owner: int

    def end(self) -> int | None:
        """End it, and return its code; a fork of the process that started it has no say."""
        if os.getpid() != self.owner:
            return None
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        with suppress(subprocess.TimeoutExpired):
            # Closed pipes end one that waits for a question; one that computes is killed.
            self.process.wait(_MOMENT)
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_PATIENCE)
        return self.process.returncode


class Process:
    """A walled process that answers questions; one that has ended is started anew at the next.

    Args:
        wall: what it may do; None lets it do what this process may.
        entry: ``module:function`` that makes, behind the wall, what answers: it is called with what
            :meth:`ask` is given, and returns a value of JSON and buffers.
        first: what a new process is asked first of all (to load the model).
        keep: names of variables that it gets beside the harmless ones; without a wall, all.
        seconds: how long an answer may take, but for the first; None is as
            ``MLMODEL_SANDBOX_SECONDS`` says.

    """

    def __init__(
        self,
        wall: Wall | None,
        entry: str,
        first: tuple[Any, ...],
        keep: tuple[str, ...] = (),
        *,
        seconds: float | None = None,
    ) -> None:
        self._seconds = seconds
        self._wall = wall
        self._entry = entry
        self._first = first
        self._keep = keep
        self._place = str(Path.cwd())
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def start(self) -> tuple[Any, list[bytearray]]:
        """Start it, and return its answer to what is asked first; errors as for :meth:`ask`."""
        with self._lock:
            return self._asked(self._started(), self._first)

    def ask(self, *question: Any) -> tuple[Any, list[bytearray]]:
        """Return its answer: a value of JSON, and buffers.

        Raises:
            MlmodelError: what it reports.
            InvalidArgument: the wall could not be raised (TRU-082).
            ModelFailure: it ended (a crash, out of memory, out of time), or what it sent is not an
                answer; it is ended then.

        """
        with self._lock:
            # In a fork the pipes are the parent's still: two would speak into each other's words.
            running = self._running
            if running is None or running.owner != os.getpid():
                running = self._started()
                self._asked(running, self._first)
            return self._asked(running, question, self._seconds)

    @property
    def is_running(self) -> bool:
        """Return whether it is there; the next question starts it otherwise."""
        return self._running is not None

    def close(self) -> None:
        """End it."""
        with self._lock:
            self._end()

    def _started(self) -> _Running:
        variables = dict(os.environ)
        if self._wall is not None:
            variables = limits.clean_environment(variables, self._keep)
        running = starter().submit(_begun, variables, self._place).result()
        self._running = running
        # Not weakref's: processes of multiprocessing, as workers are, end without those.
        self._finalizer = Finalize(self, running.end, exitpriority=0)
        raised, _ = self._exchanged(running, (self._wall, self._entry))
        why = raised.get("wall") if isinstance(raised, dict) else None
        if why != "":
            self._end()
            raise InvalidArgument(
                f"The sandbox could not be made: {why or 'its process did not answer'}. Load the "
                "model without it if you know where it comes from (TRU-082)."
            )
        return running

    def _asked(
        self, running: _Running, question: Any, seconds: float | None = None
    ) -> tuple[Any, list[bytearray]]:
        answer, buffers = self._exchanged(running, question, seconds)
        try:
            for text in list(answer["told"])[: frames.MOST_TOLD]:
                warn_caller(printable(str(text)[: frames.LONGEST_TOLD]))
            if "error" not in answer:
                return answer["value"], buffers
            error = frames.error_of(answer["error"])
        except (KeyError, TypeError, frames.BadFrame):
            self._end()
            raise ModelFailure(
                "The process of the model sent an invalid answer; it was ended (TRU-084)."
            ) from None
        raise error

    def _exchanged(
        self, running: _Running, question: Any, seconds: float | None = None
    ) -> tuple[Any, list[bytearray]]:
        """Send a question and return what comes back, in the time that one may take."""
        seconds = limits.seconds_allowed() if seconds is None else seconds
        late = threading.Event()
        timer = threading.Timer(seconds or 0, _too_late, (running, late))
        timer.daemon = True
        if seconds is not None:
            timer.start()
        try:
            with suppress(BrokenPipeError):  # its end is told where its answer is read
                frames.send_pickle(running.target, question)
            return frames.receive(running.source)
        except EOFError:
            code = self._end()
            raise ModelFailure(_how_it_ended(code, seconds if late.is_set() else None)) from None
        except (frames.BadFrame, MemoryError) as error:
            self._end()
            why = str(error) or "its answer is too large"
            raise ModelFailure(f"The process of the model was ended: {why} (TRU-084).") from None
        except BaseException:  # the caller was interrupted: the rest of an answer is nobody's
            self._end()
            raise
        finally:
            timer.cancel()

    def _end(self) -> int | None:
        running, self._running = self._running, None
        if running is None or running.owner != os.getpid():
            return None
        self._finalizer.cancel()
        return running.end()


def _too_late(running: _Running, late: threading.Event) -> None:
    late.set()
    running.process.kill()


def _how_it_ended(code: int | None, seconds: float | None) -> str:
    if seconds is not None:
        how = f"was ended, because it had no answer after {seconds:g} seconds"
    elif code is not None and code < 0:
        how = f"was ended by signal {-code}: it crashed, or the machine was out of memory"
    else:
        how = f"ended by itself with code {code}"
    return (
        f"The process of the model {how} (TRU-083). The next call starts another. "
        "MLMODEL_SANDBOX_BYTES and MLMODEL_SANDBOX_SECONDS set what it may use."
    )


_starters: dict[int, ThreadPoolExecutor] = {}


def starter() -> ThreadPoolExecutor:
    """Return the thread that starts processes here.

    The kernel ends a walled process when the *thread* that started it ends, so it is one that
    lives as long as this process.
    """
    return _starters.setdefault(
        os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="mlmodel-sandbox")
    )


def _begun(variables: dict[str, str], place: str) -> _Running:
    # The model may be at a relative path; a module is at none.
    paths = [path for path in sys.path if os.path.isabs(path)]  # noqa: PTH117 - Windows too
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-B", "-c", _BEGIN, json.dumps(paths)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables,
        cwd=place,
        bufsize=0,
    )
    if process.stdin is None or process.stdout is None:  # pragma: no cover - they were asked for
        raise OSError
    threading.Thread(target=_repeat, args=(process.stderr,), daemon=True).start()
    return _Running(process, process.stdin.fileno(), process.stdout.fileno(), os.getpid())


def _repeat(source: Any) -> None:
    """Say what the process says, as a terminal may be given it, and not without end."""
    left = _MOST_SAID
    with source:
        for line in _lines(source):
            if left > 0 and sys.stderr is not None:
                with suppress(OSError, ValueError):
                    sys.stderr.write(printable(line[:left]) + "\n")
            left -= len(line)


def _lines(source: Any) -> Any:
    rest = b""
    while got := source.read(65536):
        *whole, rest = (rest + got).split(b"\n")
        whole += [rest] if len(rest) > _MOST_SAID else []
        rest = b"" if len(rest) > _MOST_SAID else rest
        yield from (line.decode("utf-8", "replace") for line in whole)
    if rest:
        yield rest.decode("utf-8", "replace")
