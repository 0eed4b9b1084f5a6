"""Encrypted connections, which the loop reads and writes as it does plain ones."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    import socket
    from pathlib import Path

__all__ = ["Encrypted", "context_of"]

_AGAIN = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


def context_of(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return what encrypts connections (TLS 1.2 or newer), by a file of certificates and a key.

    Raises:
        InvalidArgument: a file cannot be read, or they do not belong together.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # HTTP/1.1 is all that is spoken here; a client that offers more is told so.
    context.set_alpn_protocols(["http/1.1"])
    try:
        # An encrypted key would be asked for at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ssl.SSLError) as error:
        raise InvalidArgument(
            f"The certificate {certificate} cannot be used"
            f"{'' if key is None else f' with the key {key}'}: {error}. Both are text files (PEM), "
            "the key without a password (RST-140)."
        ) from None
    return context


class Encrypted:
    """A socket without blocking whose bytes are encrypted.

    What OpenSSL has to read or write first is one more reason to come again. A record has 16 KiB
    at most, less than is read at once: so nothing that has arrived waits within it unseen.
    """

    __slots__ = ("_sock",)

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._sock.fileno()

    def recv_into(self, buffer: memoryview) -> int:
        """Read; 0 at the end.

        Raises:
            BlockingIOError: nothing has come.

        """
        try:
            return self._sock.recv_into(buffer)
        except _AGAIN:
            raise BlockingIOError from None

    def send(self, data: bytes | memoryview) -> int:
        """Write; return how much.

        Raises:
            BlockingIOError: nothing can be written now.

        """
        try:
            return self._sock.send(data)
        except _AGAIN:
            raise BlockingIOError from None

    def shutdown(self, how: int) -> None:
        """End a direction of the connection."""
        self._sock.shutdown(how)

    def close(self) -> None:
        """End the connection."""
        self._sock.close()
