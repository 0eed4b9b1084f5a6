"""The server's parent process: light, holds no model, starts and ends the workers.

Nothing that the model needs is imported here, so that the parent costs some 30 MiB only.
"""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import socket
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel.errors import InternalError, InvalidArgument, MlmodelError
from mlmodel.serving.settings import SPARE, WAITING
from mlmodel.serving.worker import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.serving.settings import Settings

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
    method = multiprocessing.get_start_method()
    context = multiprocessing.get_context(method if method in {"fork", "spawn"} else "spawn")
    reports = context.SimpleQueue()
    watch = _Watch(reports, settings.workers, host, port, ready)
    server.on_startup(watch.start)
    try:
        server.serve(target_loader=partial(load, settings, reports), wrap_loader=False)
    except SystemExit as ended:
        # A worker that ended by itself makes granian exit with 1. After Ctrl-C, which workers
        # receive as well, that is not a fault.
        if ended.code and not server.interrupt_signal:
            raise watch.failure() from None


class _Watch:
    """Listens to the workers' reports while they load."""

    def __init__(
        self, reports: Any, workers: int, host: str, port: int, ready: Callable[[str], None]
    ) -> None:
        self._reports = reports
        self._workers = workers
        self._address = (_ANY.get(host, host), port)
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._ready = ready
        self._failed: MlmodelError | None = None
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

    def _listen(self) -> None:
        for _ in range(self._workers):
            report = self._reports.get()
            if report is not None:
                self._failed = report
                self._ended.set()
                return
        while not _answers(self._address):
            time.sleep(_ASK)
        self._ready(self._url)


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
