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
    from collections.abc import Callable, Iterator

__all__ = ["address_of", "listen", "listen_at", "reserve", "url_of"]

#: How many connections wait until a worker takes them.
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; a free port for 0 (RST-075).

    Workers inherit it and accept connections from it, whichever is free first. It is open as long
    as the parent is, so that a worker that is replaced loses no connection.

    Raises:
        InvalidArgument: the port is taken or the address is not this machine's.

    """
    return _bound(host, port, lambda made: made.listen(_BACKLOG))


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that keeps an address for workers who listen there themselves (GRP-019).

    It does not listen. As long as it is open they may bind its address, several of them where the
    system lets them share it, and no other server may.

    Raises:
        InvalidArgument: the port is taken or the address is not this machine's.

    """

    def share(made: socket.socket) -> None:
        # Only now: the binding itself is to fail where another server listens, shared or not.
        if (option := getattr(socket, "SO_REUSEPORT", None)) is not None:
            made.setsockopt(socket.SOL_SOCKET, option, 1)

    return _bound(host, port, share, "--grpc-port")


def address_of(listener: socket.socket) -> str:
    """Return the address of a socket as gRPC writes it."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _bound(
    host: str, port: int, then: Callable[[socket.socket], None], option: str = "--port"
) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, OverflowError) as error:
        raise InvalidArgument(_unusable(host, port, error, option)) from None
    try:
        if sys.platform != "win32":
            # A port that a server has just left is free; one that is listened at is not.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        then(listener)
    except (OSError, OverflowError) as error:
        with contextlib.closing(listener):
            raise InvalidArgument(_unusable(host, port, error, option)) from None
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


def _unusable(host: str, port: int, error: OSError | OverflowError, option: str) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program; choose one with {option}."
    if number == errno.EACCES:
        return f"Port {port} of {host} needs more rights than this user has; choose one above 1023."
    return f"The address {host}, port {port}, cannot be used: {error}."
