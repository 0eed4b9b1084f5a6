"""Calls over HTTP, by httpcore: for threads, and for asyncio."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from threading import BoundedSemaphore
from time import monotonic
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel.client.wire import Reply
from mlmodel.errors import DeadlineExceeded, InvalidArgument, PayloadTooLarge, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.client.options import Options
    from mlmodel.client.wire import Call

__all__ = ["AsyncHttp", "Http"]

#: How long a connection that nobody uses is kept; our server keeps it longer.
_KEPT_SECONDS = 30.0
#: How the library says that an answer does not begin as one of HTTP/1.1 does.
_NOT_HTTP = ("illegal request line", "illegal status line")
#: Where requests wait for a place, the pool closes an idle connection, and with bad luck one that a
#: thread has just been given. So the waiting is ours, and the pool has always room.
_ROOM = 2


#: So much is written at a time.
_PIECE = 256 * 1024
#: When the call that is made here must be over, by :func:`time.monotonic`.
_UNTIL: ContextVar[float] = ContextVar("mlmodel_client_until")


class _Http:
    """What both share: how a call becomes httpcore's request, and its errors ours."""

    _POOL = ""
    _BACKEND = ""

    def __init__(self, options: Options) -> None:
        core: Any = require("httpcore", "client")
        self._core = core
        self._options = options
        address = options.address
        self._start = address.path.encode()
        scheme, host = address.scheme.encode(), address.host.encode("idna")
        self._origin = scheme, host, address.port
        self._host = (b"Host", address.authority.encode("idna"))
        times = {"read": options.timeout, "write": options.timeout, "pool": options.timeout}
        self._extensions = {"timeout": {**times, "connect": options.connect_timeout}}
        proxy = _proxy(options)
        self._pool: Any = getattr(core, self._POOL)(
            ssl_context=options.tls(),
            max_connections=_ROOM * options.connections,
            keepalive_expiry=_KEPT_SECONDS,
            uds=address.socket,
            proxy=None if proxy is None else core.Proxy(proxy),
            network_backend=self._timely(getattr(core, self._BACKEND)()),
        )

    def _timely(self, backend: Any) -> Any:
        """Return what connects, whose reads end when the time of the call does."""
        raise NotImplementedError  # pragma: no cover - each of both has its own

    def _request(self, call: Call) -> Any:
        scheme, host, port = self._origin
        url = self._core.URL(
            scheme=scheme, host=host, port=port, target=self._start + call.path.encode()
        )
        headers = [self._host, *((a.encode(), b.encode()) for a, b in call.headers)]
        if call.method == "POST":
            headers.append((b"Content-Length", str(len(call.body)).encode()))
        return self._core.Request(
            call.method, url, headers=headers, content=call.body, extensions=self._extensions
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        core, options = self._core, self._options
        try:
            yield
        except core.ConnectTimeout:
            raise Unavailable(
                f"{options.address} was not reached in {options.connect_timeout:g} seconds "
                "(RST-190)."
            ) from None
        except core.TimeoutException:
            raise _late(options) from None
        except core.ConnectError as error:
            raise Unavailable(
                f"{options.address} cannot be reached: {_reason(error)} (RST-190)."
            ) from None
        except core.RemoteProtocolError as error:
            if not str(error).startswith(_NOT_HTTP):
                raise _broken(options, error) from None
            raise Unavailable(
                f"{options.address} does not speak HTTP/1.1; a server's port for gRPC is asked at "
                "grpc://HOST:PORT (RST-190)."
            ) from None
        except (core.NetworkError, core.ProtocolError, core.ProxyError) as error:
            raise _broken(options, error) from None
        except core.UnsupportedProtocol as error:
            raise InvalidArgument(f"{options.address} cannot be asked: {error}.") from None


def _broken(options: Options, error: Exception) -> Unavailable:
    return Unavailable(f"The connection to {options.address} broke: {_reason(error)} (RST-190).")


class _Timely:
    """A connection, or what makes them, with its own attributes but for those of a class below.

    The library has a time for each read and each write alone, and a server that sends a byte of its
    head now and then, or takes some of a body, would be waited for without an end.
    """

    __slots__ = ("_late", "_of")

    def __init__(self, of: Any, late: type[Exception]) -> None:
        self._of, self._late = of, late

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)

    def _left(self, timeout: float | None) -> float:
        """Return how long a step may take; raises the library's own exception where it is late."""
        left = _UNTIL.get() - monotonic()
        if left <= 0:
            raise self._late
        return left if timeout is None else min(left, timeout)


class _Stream(_Timely):
    """Reads, writes and makes connections within the time of the call."""

    __slots__ = ()

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._of.write(buffer[start : start + _PIECE], timeout=self._left(timeout))

    def read(self, size: int, timeout: float | None = None) -> bytes:
        got: bytes = self._of.read(size, timeout=self._left(timeout))
        return got

    def start_tls(self, *given: Any, **named: Any) -> _Stream:
        return _Stream(self._of.start_tls(*given, **named), self._late)

    def connect_tcp(self, *given: Any, **named: Any) -> _Stream:
        return _Stream(self._of.connect_tcp(*given, **named), self._late)

    def connect_unix_socket(self, *given: Any, **named: Any) -> _Stream:
        return _Stream(self._of.connect_unix_socket(*given, **named), self._late)


class _AsyncStream(_Timely):
    """The same for asyncio."""

    __slots__ = ()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        for start in range(0, len(buffer), _PIECE):
            await self._of.write(buffer[start : start + _PIECE], timeout=self._left(timeout))

    async def read(self, size: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        got: bytes = await self._of.read(size, timeout=self._left(timeout))
        return got

    async def start_tls(self, *given: Any, **named: Any) -> _AsyncStream:
        return _AsyncStream(await self._of.start_tls(*given, **named), self._late)

    async def connect_tcp(self, *given: Any, **named: Any) -> _AsyncStream:
        return _AsyncStream(await self._of.connect_tcp(*given, **named), self._late)

    async def connect_unix_socket(self, *given: Any, **named: Any) -> _AsyncStream:
        return _AsyncStream(await self._of.connect_unix_socket(*given, **named), self._late)


class Http(_Http):
    """Calls for threads; several may make them at a time."""

    _POOL = "ConnectionPool"
    _BACKEND = "SyncBackend"

    def _timely(self, backend: Any) -> _Stream:
        return _Stream(backend, self._core.ReadTimeout)

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._turns = BoundedSemaphore(options.connections)

    def send(self, call: Call) -> Reply:
        """Make a call.

        Raises:
            Unavailable: the server is not reached, or the connection broke.
            DeadlineExceeded: it did not answer in time.
            PayloadTooLarge: the answer is larger than the client takes.

        """
        if not self._turns.acquire(timeout=self._options.timeout):
            raise DeadlineExceeded(
                f"All {self._options.connections} connections of the client were taken for "
                f"{self._options.timeout:g} seconds; allow more connections (RST-190)."
            )
        try:
            body = _Body(self._options)
            with self._told():
                response = self._pool.handle_request(self._request(call))
                try:
                    for part in response.iter_stream():
                        body.add(part)
                finally:
                    response.close()
        finally:
            self._turns.release()
        return _reply(response, body.whole())

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class AsyncHttp(_Http):
    """Calls for asyncio."""

    _POOL = "AsyncConnectionPool"
    _BACKEND = "AnyIOBackend"

    def _timely(self, backend: Any) -> _AsyncStream:
        return _AsyncStream(backend, self._core.ReadTimeout)

    async def send(self, call: Call) -> Reply:
        """Make a call; raises as :meth:`Http.send`."""
        body = _Body(self._options)
        with self._told():
            response = await self._pool.handle_async_request(self._request(call))
            try:
                async for part in response.aiter_stream():
                    body.add(part)
            finally:
                await response.aclose()
        return _reply(response, body.whole())

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


class _Body:
    """An answer's body as it comes, no more and no longer of it than the client takes.

    Its time is that of the whole answer, with its head; reads from the connection end with it.
    """

    __slots__ = ("_options", "_parts", "_size", "_until")

    def __init__(self, options: Options) -> None:
        self._options = options
        self._until = monotonic() + options.timeout
        _UNTIL.set(self._until)  # for what reads it, from the first byte of the head
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        """Take a part.

        Raises:
            PayloadTooLarge: it is too much.
            DeadlineExceeded: it comes too late.

        """
        self._size += len(part)
        if self._size > self._options.max_answer:
            raise PayloadTooLarge(
                f"The answer of {self._options.address} has more than "
                f"{self._options.max_answer:,} bytes; ask for fewer rows at a time, or give a "
                "higher max_answer (RST-190)."
            )
        if monotonic() > self._until:
            raise _late(self._options)
        self._parts.append(part)

    def whole(self) -> bytes:
        return b"".join(self._parts)


def _late(options: Options) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"{options.address} did not answer in {options.timeout:g} seconds; give a longer timeout, "
        "or fewer rows at a time (RST-190)."
    )


def _reply(response: Any, body: bytes) -> Reply:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    return Reply(response.status, headers, body)


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")


def _proxy(options: Options) -> str | None:
    """Return the proxy that is given, or that the environment names for the server."""
    import os

    if options.proxy is not None or options.address.socket is not None:
        return options.proxy or None
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    address = options.address
    if proxy_bypass(address.authority) or proxy_bypass(address.host):
        return None
    return getproxies().get(address.scheme) or getproxies().get("all")
