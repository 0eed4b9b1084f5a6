"""One request and one answer, and how an answer is written."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

__all__ = ["CONTINUE", "Request", "Response", "head", "http_date"]

#: What is sent where a client waits for a word before it sends the body (RFC 9110, 10.1.1).
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_CLOSE = b"Connection: close\r\n"
_KEEP = b"Connection: keep-alive\r\n"


class Request:
    """One request, whole.

    Attributes:
        method: in capitals.
        target: path and query as they came.
        raw: the headers by their names in small letters; several of one name joined by a comma.
        version: ``1.0`` or ``1.1``.
        keep_alive: the connection may be used again.
        body: all of it.
        reserved: how many bytes were set aside for the body.

    """

    __slots__ = ("body", "keep_alive", "method", "raw", "reserved", "target", "version")

    def __init__(
        self,
        method: str,
        target: bytes,
        raw: dict[bytes, bytes],
        *,
        version: str = "1.1",
        keep_alive: bool = True,
        body: bytes = b"",
    ) -> None:
        self.method, self.target, self.raw = method, target, raw
        self.version, self.keep_alive, self.body = version, keep_alive, body
        self.reserved = 0

    @property
    def path(self) -> bytes:
        """Return the target without its query."""
        return self.target.partition(b"?")[0]

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, or None."""
        value = self.raw.get(name)
        return None if value is None else value.decode("latin-1")


class Response(NamedTuple):
    """One answer: status, headers (without length, date and connection) and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    #: Nobody knows where the next request begins, or none is wanted.
    close: bool = False


def http_date(now: float) -> bytes:
    """Return the line that says when an answer was made (RFC 9110, 6.6.1)."""
    return f"Date: {formatdate(now, usegmt=True)}\r\n".encode()


@lru_cache(maxsize=64)
def _first_lines(status: int, headers: tuple[tuple[str, str], ...]) -> bytes:
    known = HTTPStatus(status)
    lines = [f"HTTP/1.1 {known.value} {known.phrase}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in headers]
    return "".join(lines).encode("latin-1")


def head(response: Response, date: bytes, *, version: str, keep_alive: bool) -> bytes:
    """Return status line and headers, with the empty line after them."""
    connection = (_KEEP if version == "1.0" else b"") if keep_alive else _CLOSE
    first = _first_lines(response.status, response.headers)
    return b"%b%b%bContent-Length: %d\r\n\r\n" % (first, date, connection, len(response.body))
