"""The sockets that a server listens at."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["listen", "listen_at", "url_of"]

#: How many connections wait until a worker takes them.
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; a free port for 0 (RST-075).

    Workers inherit it and accept connections from it, whichever is free first. It is open as long
    as the parent is, so that a worker that is replaced loses no connection.

    Raises:
        InvalidArgument: the port is taken or the address is not this machine's.

    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise InvalidArgument(_unusable(host, port, error)) from None
    try:
        if sys.platform != "win32":
            # A port that a server has just left is free; one that is listened at is not.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        with contextlib.closing(listener):
            raise InvalidArgument(_unusable(host, port, error)) from None
    return listener


@contextlib.contextmanager
def listen_at(path: str) -> Iterator[socket.socket]:
    """Listen at a socket of the file system, which is there until the context ends (RST-141).

    Only the user and the group may connect to it. One that a killed server has left is replaced.

    Raises:
        InvalidArgument: something else stands at the path, a server listens there, or nothing can
            be written there.

    """
    listener = socket.socket(socket.AF_UNIX)
    with contextlib.closing(listener):
        try:
            _clear(path)
            before = os.umask(0o117)
            try:
                listener.bind(path)
            finally:
                os.umask(before)
            listener.listen(_BACKLOG)
        except OSError as error:
            why = error.strerror or str(error)
            raise InvalidArgument(f"The server cannot listen at {path}: {why} (RST-141).") from None
        try:
            yield listener
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - a name as it was given


def _clear(path: str) -> None:
    """Take a socket away to which nobody listens."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise OSError(errno.EEXIST, "something else than a socket stands there")
    except FileNotFoundError:
        return
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108 - a name as it was given
        else:
            raise OSError(errno.EADDRINUSE, "another program listens there")


def url_of(host: str, listener: socket.socket, scheme: str = "http") -> str:
    """Return the address of a server for people."""
    if listener.family == getattr(socket, "AF_UNIX", None):
        return f"{scheme}+unix:{listener.getsockname()}"
    port = listener.getsockname()[1]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _unusable(host: str, port: int, error: OSError | OverflowError) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program; choose one with --port."
    if number == errno.EACCES:
        return f"Port {port} of {host} needs more rights than this user has; choose one above 1023."
    return f"The address {host}, port {port}, cannot be used: {error}."
