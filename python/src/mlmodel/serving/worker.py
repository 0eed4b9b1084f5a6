"""A worker process: loads the model and hands the application to granian."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import stat
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InternalError, InvalidArgument, MlmodelError, printable
from mlmodel.sandbox.frames import plain_error, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from mlmodel.sandbox.wall import Wall
    from mlmodel.serving.app import Application
    from mlmodel.serving.settings import Settings

__all__ = ["begin", "load"]

#: How often a worker looks whether the process that started it is still there, in seconds.
_LOOK = 1.0


def begin(
    settings: Settings,
    reports: list[Connection],
    number: int,
    name: str | None,
    loader: Callable[..., Application],
    sock: Any,
    *others: Any,
) -> None:
    """Run a worker of granian: bind its socket, raise the wall if there is one, load and serve.

    Args:
        settings: what the server is asked to do.
        reports: where each worker reports to the parent; this one at its ``number``, from 1.
        number: granian's, as all that follows.
        name: of the process.
        loader: what makes the application, but for where to report.
        sock: how to make the socket, or the socket.
        others: the rest.

    """
    from granian.server.mp import MPServer

    report = reports[number - 1]
    if settings.wall is not None:
        (spec, holder), second = sock
        holder = spec.build() if holder is None else holder
        sock = ((None, holder), second)
        known = {one.fileno() for one in reports}
        _raise_wall(settings.wall, report, (holder.get_fd(), *_sentinels(known)))
    MPServer._spawn_wsgi_worker(number, name, partial(loader, report), sock, *others)  # noqa: SLF001


def _sentinels(known: set[int]) -> Iterator[int]:
    """Give the pipe at whose end the parent sees that this process has ended.

    Closed before, it would say so too early, and the parent would wait for ever for a worker that
    does not stop, and not kill it.
    """
    import fcntl  # a wall is raised on Linux alone
    from multiprocessing import resource_tracker

    tracker = getattr(resource_tracker, "_resource_tracker", None)
    others = {1, 2, getattr(tracker, "_fd", None), *known}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers are wanted
        with contextlib.suppress(OSError):
            number = int(name)
            is_pipe = stat.S_ISFIFO(os.fstat(number).st_mode)
            writes = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
            if is_pipe and writes and number not in others:
                yield number


def _raise_wall(given: Wall, report: Connection, kept: tuple[int, ...]) -> None:
    """Raise the wall: of what this process has open it keeps what is named, the report and the log.

    It is a fresh interpreter with one thread: nothing of the parent's memory is in it (TRU-082).
    """
    from mlmodel.sandbox import locks, wall

    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a descriptor is wanted
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    try:
        wall.raise_(replace(given, keep=(*kept, report.fileno()), serving=True, files=True))
    except wall.WallError as error:
        raised = InvalidArgument(f"The sandbox could not be made: {error} (TRU-082).")
        send(report.fileno(), plain_error(raised))
        raise SystemExit(raised.exit_code) from None
    locks.put_in_place()


def load(settings: Settings, report: Connection) -> Application:
    """Return the application, in the worker; report to the parent how it went.

    A report is null (loaded) or the error, as JSON: the parent unpickles nothing that a process
    sent in which a model runs (TRU-084). Where loading fails the worker ends.
    """
    _take_over_signals()
    _watch_parent(os.getppid())
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Lines(handler.formatter))
    try:
        application = _application(settings)
    except MlmodelError as error:
        send(report.fileno(), plain_error(error))
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        logging.getLogger("mlmodel.serving").exception("The model could not be loaded.")
        said = InternalError(f"{type(error).__name__}: {error}")
        send(report.fileno(), plain_error(said))
        raise SystemExit(InternalError.exit_code) from None
    send(report.fileno(), None)
    return application


class _Lines(logging.Formatter):
    """Lets nothing in a record pass for another record, or move a terminal's cursor (RST-106).

    A record's further lines, such as those of a traceback, are indented; control characters in
    it, which may be the client's or the model's, are escaped.
    """

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return printable(self._inner.format(record)).replace("\n", "\n  ")


def _application(settings: Settings) -> Application:
    from mlmodel.pyfunc.served import load_served
    from mlmodel.serving.app import Application

    model = load_served(
        settings.model, trust=settings.trust, allow=settings.allow, digest=settings.digest
    )
    return Application(
        model.engine,
        max_body=settings.max_body,
        terse=settings.terse,
        threads=settings.threads,
    )


def _take_over_signals() -> None:
    # A forked worker has the parent's handlers, which would swallow the parent's own SIGTERM
    # while the model loads. Ctrl-C goes to the whole group: the parent ends the workers.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _watch_parent(parent: int) -> None:
    """End this process soon after its parent is gone, however the parent ended."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="mlmodel-parent-watch", daemon=True).start()
