"""Reads the requests of one connection; llhttp parses, here is what a server refuses besides.

Two readers of one request, a proxy and a server, must not see two requests in it, nor another
end of its body (RFC 9112; RST-104, RST-105). llhttp is strict about syntax: line ends, names,
lengths, chunks, a length beside a transfer encoding.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import httptools

from mlmodel.errors import MalformedRequest, MlmodelError, PayloadTooLarge
from mlmodel.serving.http.messages import Request
from mlmodel.serving.requests import ambiguity

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Heads", "Reader", "Refusal", "too_large"]

#: How large target and headers of a request may be together, in bytes, and how many headers.
_LARGEST_HEAD = 64 * 2**10
_MOST_HEADERS = 200
#: What ends a head; what is not in one that is remembered; how many are, and how large one is.
_END = b"\r\n\r\n"
_NOT_PLAIN = {b"transfer-encoding", b"expect", b"upgrade", b"connection"}
_MOST_KNOWN, _LARGEST_KNOWN = 256, 4096
#: Headers that offer another protocol on the same connection (RFC 9110, 7.8).
_OFFERS = {b"connection", b"upgrade", b"http2-settings"}


class Refusal(Exception):
    """A request that is not read to its end; the connection is not to be used again."""

    def __init__(self, error: MlmodelError) -> None:
        super().__init__()
        self.error = error


class Heads:
    """Heads that were read before: the same bytes are the same head, and need not be parsed again.

    A client sends the same head with each request of one size, as a rule. Only whole heads that
    were accepted are known, and only such that are followed by a body of announced length.

    Attributes:
        enter: is asked once for each head, before anything of its body is taken; it may change the
            request's target, and refuse the request by an MlmodelError.

    """

    __slots__ = ("_known", "enter")

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Request, int]] = {}
        self.enter: Callable[[Request], None] | None = None

    def find(self, data: bytes) -> Request | None:
        """Return the request, if the bytes are a known head and its whole body."""
        size = data.find(_END) + len(_END)
        known = self._known.get(data[:size])
        if known is None or len(data) - size != known[1]:
            return None
        first = known[0]
        return Request(
            first.method, first.target, first.raw, version=first.version, body=data[size:]
        )

    def learn(self, data: bytes, request: Request) -> None:
        """Remember the head of a request that these bytes were."""
        size = data.find(_END) + len(_END)
        raw, length = request.raw, len(data) - size
        plain = request.keep_alive and not (raw.keys() & _NOT_PLAIN)
        if size > _LARGEST_KNOWN or not plain or length != len(request.body):
            return
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        first = Request(request.method, request.target, raw, version=request.version)
        self._known[data[:size]] = first, length


class Reader:
    """Takes the bytes of one connection, gives its requests.

    Args:
        max_body: a larger body is refused, unread where its length is announced (RST-073).
        reserve: sets bytes aside for a body; raises Unavailable where there are none (RST-074).
        release: gives them back.
        heads: what this and other connections have read before.

    """

    __slots__ = (
        "_begun", "_body", "_head_size", "_headers", "_heads", "_max_body", "_now", "_of_bodies",
        "_parser", "_quiet", "_raw", "_refused", "_release", "_reserve", "_since", "_target",
        "complete", "wants_continue",
    )  # fmt: skip

    def __init__(
        self,
        max_body: int,
        reserve: Callable[[int], None],
        release: Callable[[int], None],
        heads: Heads,
    ) -> None:
        self._parser: Any = httptools.HttpRequestParser(self)
        self._max_body = max_body
        self._reserve, self._release = reserve, release
        self._heads = heads
        self._refused: MlmodelError | None = None
        self._now: Request | None = None
        self.complete: list[Request] = []
        self.wants_continue = False
        #: How many bytes of bodies have come; and how many since then that are of none.
        self._of_bodies = self._quiet = self._head_size = 0
        self._begin()

    @property
    def state(self) -> str:
        """Return ``idle``, ``head`` or ``body``: what of a request has come."""
        if self._now is not None:
            return "body"
        return "head" if self._begun else "idle"

    @property
    def begun(self) -> Request | None:
        """Return the request whose head was read, and whose body is missing or refused."""
        return self._now

    def feed(self, data: bytes) -> None:
        """Take bytes; :attr:`complete` gets the requests that they end.

        Raises:
            Refusal: what came is not HTTP, is ambiguous, or asks for more than there is.

        """
        if self._begun or self._now is not None:
            self._parse(data)
            return
        known = self._heads.find(data)
        if known is not None:
            self._now = known
            try:
                self._reserve(len(known.body))
            except MlmodelError as error:
                raise Refusal(error) from None
            self._now = None
            known.reserved = len(known.body)
            self.complete.append(known)
            return
        before = len(self.complete)
        self._parse(data)
        if len(self.complete) == before + 1 and not self._begun:
            self._heads.learn(data, self.complete[before])

    def _parse(self, data: bytes) -> None:
        had = self._of_bodies
        if self._now is None:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if self._refused is None and self.complete and not self.complete[-1].keep_alive:
                return  # what follows the last request of a connection is left alone
            raise Refusal(self._refused or _not_http(str(error))) from None
        # Bytes that are of no body: sizes of chunks, what stands behind these, and trailers.
        progress = self._now is None or self._of_bodies > had
        self._quiet = 0 if progress else self._quiet + len(data)
        if (self._now is None and self._head_size > _LARGEST_HEAD) or self._quiet > _LARGEST_HEAD:
            raise Refusal(_too_large_a_head())

    def _stay(self, rest: bytes) -> None:
        """Read a request anew without the offer of another protocol, which is not taken.

        The parser takes what follows such a head for the other protocol's, a body too.
        """
        request, target = self._now, self._target  # as it came, with a root path
        if request is None or request.method == "CONNECT":
            raise Refusal(_not_http("another protocol is not spoken here"))
        self._release(request.reserved)
        self._now = None
        self._begin()
        self._parser = httptools.HttpRequestParser(self)
        version = request.version.encode()
        lines = [b"%b %b HTTP/%b" % (request.method.encode(), target, version)]
        lines += [b"%b: %b" % item for item in request.raw.items() if item[0] not in _OFFERS]
        if not request.keep_alive:
            lines.append(b"connection: close")
        self._parse(b"\r\n".join([*lines, b"", rest]))

    def close(self) -> None:
        """Give back what is set aside for a body that is not whole."""
        if self._now is not None:
            self._release(self._now.reserved)
            self._now = None

    # What the parser calls. -----------------------------------------------------------------

    def _begin(self) -> None:
        self._target = b""
        self._raw: dict[bytes, bytes] = {}
        self._body = bytearray()
        self._head_size = self._headers = self._quiet = 0
        self._begun = False
        self._since = 0.0

    def on_message_begin(self) -> None:
        """Take notice of a request's first byte."""
        self._begun = True
        self._since = perf_counter()

    def on_url(self, url: bytes) -> None:
        """Take the target, or a part of it."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; those behind the last chunk are left out (RFC 9110, 6.5.1)."""
        if self._now is None:
            self._headers += 1
            if self._headers > _MOST_HEADERS:
                self._refused = _too_large_a_head()
                raise self._refused
            name = name.lower()
            raw = self._raw
            raw[name] = raw[name] + b", " + value if name in raw else value

    def on_headers_complete(self) -> None:
        """Refuse a request by its head, or make place for its body."""
        parser, raw = self._parser, self._raw
        request = self._now = Request(
            parser.get_method().decode("latin-1"),
            self._target,
            raw,
            version=parser.get_http_version(),
            keep_alive=parser.should_keep_alive(),
        )
        try:
            self._check(request)
        except MlmodelError as error:
            self._refused = error
            raise
        if b"expect" in raw and raw[b"expect"].lower() == b"100-continue":
            self.wants_continue = True

    def _check(self, request: Request) -> None:
        raw = request.raw
        size = len(request.target) + sum(map(len, raw)) + sum(map(len, raw.values()))
        if size > _LARGEST_HEAD:
            raise _too_large_a_head()
        length = raw.get(b"content-length")
        if length is not None:
            length = length.strip(b" \t")
        wrong = ambiguity(length, raw.get(b"transfer-encoding"), raw.get(b"host"), request.version)
        if wrong is not None:
            raise MalformedRequest(f"The request is not valid HTTP. {wrong}")
        if self._heads.enter is not None:
            self._heads.enter(request)
        if length:
            announced = int(length)
            if announced > self._max_body:
                raise too_large(self._max_body, f"of {announced} bytes")
            # Refused unread where it cannot fit; memory is set aside for what has come.
            self._reserve(announced)
            self._release(announced)

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        request = self._now
        if request is None:  # pragma: no cover - a body comes behind a head
            return
        size = len(self._body) + len(part)
        try:
            if size > self._max_body:  # in chunks
                raise too_large(self._max_body)
            self._reserve(len(part))
        except MlmodelError as error:
            self._refused = error
            raise
        request.reserved = size
        self._body += part
        self._of_bodies += len(part)

    def on_message_complete(self) -> None:
        """Put the request among those that are whole."""
        request = self._now
        if request is None:  # pragma: no cover - an end comes behind a head
            return
        if self._parser.should_upgrade():
            return  # see _stay
        request.body = bytes(self._body)
        request.received = perf_counter() - self._since
        self.complete.append(request)
        self._now = None
        self.wants_continue = False
        self._begin()


def too_large(most: int, what: str = "") -> PayloadTooLarge:
    """Return the refusal of a body (RST-073)."""
    return PayloadTooLarge(
        f"The body {what + ' ' if what else ''}is larger than this server takes, "
        f"which is {most} bytes (RST-073)."
    )


def _not_http(why: str) -> MalformedRequest:
    return MalformedRequest(f"The request is not valid HTTP: {why} (RST-104).")


def _too_large_a_head() -> MalformedRequest:
    return MalformedRequest(
        f"The request's headers are larger than {_LARGEST_HEAD} bytes, or more than "
        f"{_MOST_HEADERS} (RST-104)."
    )
