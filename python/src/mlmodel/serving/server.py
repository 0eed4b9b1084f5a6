"""The server's parent process: light, holds no model, starts and ends the workers.

Nothing that the model needs is imported here, so that the parent costs some 30 MiB only.
"""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from mlmodel._base.extras import require
from mlmodel.errors import InternalError, InvalidArgument, MlmodelError, ModelFailure
from mlmodel.sandbox.frames import BadFrame, error_of, receive
from mlmodel.sandbox.limits import clean_environment
from mlmodel.serving.settings import SPARE, WAITING
from mlmodel.serving.worker import begin, load
from mlmodel.store.sandboxing import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from mlmodel.serving.settings import Settings
    from mlmodel.store.sandboxing import Sandboxed

__all__ = ["run"]

#: How long a stopping worker may finish what it has begun, in seconds (RST-076).
_GRACE = 20
#: How long the headers of a request may take, and a connection without one, in milliseconds.
_HEADERS = 10_000
#: How often the parent asks whether the server answers yet, in seconds.
_ASK = 0.01
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound


def run(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called with the URL once it answers.

    Raises:
        InvalidArgument: the port is taken or the address is not this machine's.
        MlmodelError: what a worker reported while it loaded the model.

    """
    require("granian", "serve")
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings

    found = decide(settings.model, settings.sandbox, trust=settings.trust, allow=settings.allow)
    if found is not None:
        root = str(found.folder.root)
        settings = replace(settings, model=root, wall=found.wall, digest=found.digest)
    host, port = settings.host, _free_port(settings.host, settings.port)
    server = Granian(
        "mlmodel",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=settings.workers,
        blocking_threads=settings.threads + WAITING + SPARE,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADERS),
        workers_kill_timeout=_GRACE,
        log_enabled=False,
    )
    pipes = [multiprocessing.Pipe(duplex=False) for _ in range(settings.workers)]
    watch = _Watch([source for source, _ in pipes], host, port, ready)
    server.on_startup(watch.start)
    reports = [target for _, target in pipes]
    try:
        with _apart(found):
            server.serve(
                spawn_target=partial(begin, settings, reports),
                target_loader=partial(load, settings),
                wrap_loader=False,
            )
        watch.raise_if_untrue()
    except SystemExit as ended:
        # A worker that ended by itself makes granian exit with 1. After Ctrl-C, which workers
        # receive as well, that is not a fault.
        if ended.code and not server.interrupt_signal:
            raise watch.failure() from None


@contextlib.contextmanager
def _apart(found: Sandboxed | None) -> Iterator[None]:
    """Let workers behind a wall begin as fresh processes, without this one's variables or memory.

    The method and the variables are the process's own, and are put back.
    """
    if found is None:
        yield
        return
    method, before = multiprocessing.get_start_method(allow_none=True), dict(os.environ)
    try:
        multiprocessing.set_start_method("spawn", force=True)
        os.environ.clear()
        os.environ.update(clean_environment(before, found.variables))
        yield
    finally:
        multiprocessing.set_start_method(method, force=True)
        os.environ.clear()
        os.environ.update(before)


class _Watch:
    """Listens to the workers' reports while they load."""

    def __init__(
        self, reports: list[Connection], host: str, port: int, ready: Callable[[str], None]
    ) -> None:
        self._reports = reports
        self._address = (_ANY.get(host, host), port)
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._ready = ready
        self._failed: MlmodelError | None = None
        self._untrue = False
        self._ended = threading.Event()

    def start(self) -> None:
        """Listen in a thread of its own: the main thread waits for signals."""
        threading.Thread(target=self._listen, name="mlmodel-ready", daemon=True).start()

    def failure(self) -> MlmodelError:
        """Return the error that a worker reported, or one that says that it ended."""
        self._ended.wait(1)
        if self._failed is None:
            return InternalError(
                "A worker process ended unexpectedly, killed or out of memory perhaps; "
                "the server has stopped."
            )
        return self._failed

    def raise_if_untrue(self) -> None:
        """Raise where the server was stopped because of what a worker reported (TRU-084)."""
        if self._untrue:
            raise self.failure()

    def _listen(self) -> None:
        waited_for = {one.fileno(): one for one in self._reports}
        while waited_for:
            ready = set(wait(waited_for))
            for number in [one for one in waited_for if one in ready]:
                del waited_for[number]
                self._failed, self._untrue = _reported(number)
                if self._failed is not None:
                    self._ended.set()
                    if self._untrue:  # its worker goes on, so the server is stopped
                        os.kill(os.getpid(), signal.SIGTERM)
                    return
        while not _answers(self._address):
            time.sleep(_ASK)
        self._ready(self._url)


def _reported(source: int) -> tuple[MlmodelError | None, bool]:
    """Return the error that a worker reports, None where it has loaded the model.

    The other value says that it sent an invalid report.
    """
    try:
        told, _ = receive(source)
        return (None if told is None else error_of(told)), False
    except (EOFError, OSError, BadFrame):
        said = "A worker process sent an invalid report, so the server has stopped (TRU-084)."
        return ModelFailure(said), True


def _answers(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(
                b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _free_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0; refuse one that is taken.

    granian shares a port with whoever else would share it, so that a second server would start
    beside the first and get half of its requests. Hence this look before.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with contextlib.closing(socket.socket(family, kind, protocol)) as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except (OSError, OverflowError) as error:
        raise InvalidArgument(_unbindable(host, port, error)) from None


def _unbindable(host: str, port: int, error: OSError | OverflowError) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program; choose one with --port."
    if number == errno.EACCES:
        return f"Port {port} of {host} needs more rights than this user has; choose one above 1023."
    return f"The address {host}, port {port}, cannot be used: {error}."
