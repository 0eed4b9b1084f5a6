"""One request and one answer, and how an answer is written."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple

__all__ = ["CONTINUE", "Request", "Response", "head", "http_date"]

#: What is sent where a client waits for a word before it sends the body (RFC 9110, 10.1.1).
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_CLOSE = b"Connection: close\r\n"
_KEEP = b"Connection: keep-alive\r\n"


#: Where the id begins in its line.
_ID_AT = len("X-Request-ID: ")


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
        id_line: the line of the answer's head with its id; empty until it has one (RST-151).
        received: how long it took to arrive after its first bytes, in seconds.
        came: when it was whole, where that is noted; 0 elsewhere.
        over: it was answered, and is not counted once more.
        timed: it is noted when its stages end; it never is here, see ``scoring/stages``.
        refusal: what it was refused with.

    """

    timed = False
    decoded: float
    enforced: float
    predicted: float
    refusal: Any

    __slots__ = (
        *("body", "came", "decoded", "enforced", "id_line", "keep_alive", "method", "over"),
        *("predicted", "raw", "received", "refusal", "reserved", "target", "version"),
    )

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
        self.id_line = b""
        self.received = self.came = 0.0
        self.over = False

    @property
    def request_id(self) -> str:
        """Return its id, without the header's name; empty where it has none yet."""
        return self.id_line[_ID_AT:-2].decode("ascii")

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
    #: Lines of the head that differ from answer to answer, each with its end.
    lines: bytes = b""


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
    lines, size = response.lines, len(response.body)
    if response.status == HTTPStatus.NOT_MODIFIED:  # its length is not that of what it stands for
        return b"%b%b%b%b\r\n" % (first, lines, date, connection)
    return b"%b%b%b%bContent-Length: %d\r\n\r\n" % (first, lines, date, connection, size)
