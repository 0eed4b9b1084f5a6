"""The sockets that a server listens at."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys

from mlmodel.errors import InvalidArgument

__all__ = ["listen", "url_of"]

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


def url_of(host: str, listener: socket.socket) -> str:
    """Return the address of a server for people."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _unusable(host: str, port: int, error: OSError | OverflowError) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program; choose one with --port."
    if number == errno.EACCES:
        return f"Port {port} of {host} needs more rights than this user has; choose one above 1023."
    return f"The address {host}, port {port}, cannot be used: {error}."
