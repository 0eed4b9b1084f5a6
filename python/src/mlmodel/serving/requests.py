"""What makes a request ambiguous, whatever server read it: refused before anything of it is read.

Two readers of one request, a proxy and a server, must not see two requests in it, nor another
end of its body (RFC 9112; RST-104, RST-105). The server below has checked the syntax; here is
what it lets through.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlmodel.errors import MalformedRequest, shown

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["check", "check_whole"]

#: One host, with a port or without (RFC 3986); no user, no path, no list of hosts.
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]+)(?::[0-9]*)?", re.ASCII)

#: Headers that have places of their own; under HTTP_ stands what was written with an underscore.
_OWN = ("CONTENT_LENGTH", "CONTENT_TYPE")


def _ambiguity(environ: WSGIEnvironment) -> str | None:
    """Return why a request may mean different things to different readers, or None."""
    length, coding = environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")
    if length and coding:
        return "It has both a Content-Length and a Transfer-Encoding (RST-104)."
    if coding is not None and coding.strip().lower() != "chunked":
        return f"The transfer encoding {shown(coding)} is not `chunked` alone (RST-104)."
    if length and not (length.isascii() and length.isdigit()):
        return f"The content length {shown(length)} is not one number (RST-104)."
    twins = (environ.get(f"HTTP_{name}", environ.get(name)) != environ.get(name) for name in _OWN)
    if any(twins):
        return "Content-Length or Content-Type stand there with an underscore, too (RST-104)."
    return _wrong_host(environ)


def _wrong_host(environ: WSGIEnvironment) -> str | None:
    host = environ.get("HTTP_HOST", "")
    if not host and environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
        return "It has no header Host (RST-105)."
    if host and not _HOST.fullmatch(host):
        return f"The header Host is not one host: {shown(host)} (RST-105)."
    return None


def check(environ: WSGIEnvironment) -> None:
    """Refuse a request that may mean different things to different readers.

    Raises:
        MalformedRequest: it does; the connection is not to be used again.

    """
    wrong = _ambiguity(environ)
    if wrong is not None:
        raise MalformedRequest(f"The request is not valid HTTP. {wrong}")


def check_whole(environ: WSGIEnvironment, body: bytes) -> None:
    """Refuse a body of which a part may be missing, as far as it does not show that by itself.

    Servers hand on a body that was cut short, or whose chunks are broken, as if it ended there.
    JSON without its end is not JSON, but CSV without its last rows is CSV.

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
