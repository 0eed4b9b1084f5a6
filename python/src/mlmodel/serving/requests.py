"""What makes a request ambiguous, whatever server read it: refused before anything of it is read.

Two readers of one request, a proxy and a server, must not see two requests in it, nor another
end of its body (RFC 9112; RST-104, RST-105). The server below has checked the syntax; here is
what it lets through.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from mlmodel.errors import MalformedRequest, shown

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["ambiguity", "check", "check_whole"]

#: One host, with a port or without (RFC 3986); no user, no path, no list of hosts.
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]+)(?::[0-9]*)?")
_LONGEST_NUMBER = 20
_VERSIONS = frozenset({"1.0", "1.1"})

#: Headers that have places of their own; under HTTP_ stands what was written with an underscore.
_OWN = ("CONTENT_LENGTH", "CONTENT_TYPE")


def ambiguity(
    length: bytes | None, coding: bytes | None, host: bytes | None, version: str
) -> str | None:
    """Return why a request may mean different things to different readers, or None.

    Args:
        length: the header Content-Length; several of one name are joined by a comma.
        coding: the header Transfer-Encoding.
        host: the header Host.
        version: of HTTP, ``1.1`` for instance.

    """
    if version not in _VERSIONS:
        return "Its version of HTTP is neither 1.0 nor 1.1 (RST-104)."
    if length and coding:
        return "It has both a Content-Length and a Transfer-Encoding (RST-104)."
    if coding is not None and coding.strip().lower() != b"chunked":
        return f"The transfer encoding {_shown(coding)} is not `chunked` alone (RST-104)."
    if coding is not None and version == "1.0":
        return "HTTP/1.0 has no transfer encodings (RST-104)."
    if length and not (length.isdigit() and len(length) <= _LONGEST_NUMBER):
        return f"The content length {_shown(length)} is not one number (RST-104)."
    return _wrong_host(host, version)


@lru_cache(maxsize=64)
def _wrong_host(host: bytes | None, version: str) -> str | None:
    if not host:
        return "It has no header Host (RST-105)." if version == "1.1" else None
    if not _HOST.fullmatch(host):
        return f"The header Host is not one host: {_shown(host)} (RST-105)."
    return None


def _shown(value: bytes) -> str:
    return shown(value.decode("latin-1"))


def check(environ: WSGIEnvironment) -> None:
    """Refuse a request that may mean different things to different readers.

    Raises:
        MalformedRequest: it does; the connection is not to be used again.

    """
    length, coding, host = (
        None if text is None else text.encode("latin-1", "replace")
        for text in map(environ.get, ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_HOST"))
    )
    version = environ.get("SERVER_PROTOCOL", "HTTP/1.0").removeprefix("HTTP/")
    wrong = ambiguity(length, coding, host, version)
    if any(environ.get(f"HTTP_{name}", environ.get(name)) != environ.get(name) for name in _OWN):
        wrong = "Content-Length or Content-Type stand there with an underscore, too (RST-104)."
    if wrong is not None:
        raise MalformedRequest(f"The request is not valid HTTP. {wrong}")


def check_whole(environ: WSGIEnvironment, body: bytes) -> None:
    """Refuse a body of which a part may be missing, as far as it does not show that by itself.

    Servers of WSGI hand on a body that was cut short, or whose chunks are broken, as if it ended
    there. JSON without its end is not JSON, but CSV without its last rows is CSV.

    Raises:
        MalformedRequest: it is shorter than announced, or CSV of no announced length (RST-107).

    """
    length = environ.get("CONTENT_LENGTH")
    if length and len(body) < int(length):
        raise MalformedRequest(
            f"The body ended after {len(body)} of the {length} bytes announced (RST-107)."
        )
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if "HTTP_TRANSFER_ENCODING" in environ and kind == "text/csv":
        raise MalformedRequest(
            "CSV in chunks does not show whether all of it came; send it with a Content-Length "
            "(RST-107)."
        )
