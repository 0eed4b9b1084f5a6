"""Calls of gRPC, by grpcio: for threads, and for asyncio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel.client.wire import Reply
from mlmodel.errors import DeadlineExceeded, InvalidArgument, PayloadTooLarge, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.client.options import Options
    from mlmodel.client.wire import Call

__all__ = ["AsyncGrpc", "Grpc"]

_OK, _FAILED, _UNAVAILABLE = 200, 500, 503
#: No message of gRPC's libraries is larger.
_LARGEST = 2**31 - 1
#: What a client says by its own channel, and no header may stand for.
_OWN = frozenset({"user-agent"})
#: How the library says that an answer begins as one of HTTP/1.1 does.
_HTTP = "http1.x server"


class _Grpc:
    """What both share: the channel's options, and what a failed call says."""

    def __init__(self, options: Options) -> None:
        self._grpc: Any = require("grpc", "grpc", "grpcio")
        self._options = options
        agent = dict(options.headers).get("User-Agent", "mlmodel")
        #: Retries are ours, and what is sent is as large as the server takes.
        self._settings = [
            ("grpc.enable_retries", 0),
            ("grpc.max_receive_message_length", min(options.max_answer, _LARGEST)),
            ("grpc.max_send_message_length", -1),
            ("grpc.primary_user_agent", agent),
        ]

    def _credentials(self) -> Any:
        """Return the credentials of an encrypted channel, None where it is not.

        Raises:
            InvalidArgument: a file cannot be read.

        """
        options = self._options
        if not options.address.is_encrypted:
            return None
        chain, key = options.certificate or (None, None)
        return self._grpc.ssl_channel_credentials(
            root_certificates=_content(options.ca),
            private_key=_content(key or chain),
            certificate_chain=_content(chain),
        )

    def _metadata(self, call: Call) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in call.headers if name.lower() not in _OWN]

    def _failed(self, error: Any) -> Reply:
        """Return the reply that a failed call is.

        Raises:
            Unavailable: the server was not reached.
            DeadlineExceeded: it did not answer in time.
            PayloadTooLarge: the answer is larger than the client takes, or the call is for a server
                that says it in no other way.

        """
        code, options = error.code().name, self._options
        headers = _texts(error.trailing_metadata())
        if "mlmodel-error" not in headers:
            if code == "UNAVAILABLE" and _HTTP in str(error.details()):
                raise Unavailable(
                    f"{options.address} speaks HTTP/1.1 and not gRPC; a server's port for HTTP is "
                    "asked at http://HOST:PORT (RST-190)."
                ) from None
            if code == "UNAVAILABLE":
                raise Unavailable(
                    f"{options.address} cannot be reached: {error.details()} (RST-190)."
                ) from None
            if code == "DEADLINE_EXCEEDED":
                raise DeadlineExceeded(
                    f"{options.address} did not answer in {options.timeout:g} seconds; give a "
                    "longer timeout, or fewer rows at a time (RST-190)."
                ) from None
            if code == "RESOURCE_EXHAUSTED":
                raise PayloadTooLarge(
                    f"The call of {options.address} or its answer is too large: {error.details()}. "
                    "Ask for fewer rows at a time; for a larger answer give a higher max_answer "
                    "(RST-190)."
                ) from None
        status = _UNAVAILABLE if code == "UNAVAILABLE" else _FAILED
        return Reply(status, headers, str(error.details() or "").encode(), code)


class Grpc(_Grpc):
    """Calls for threads; several may make them at a time."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        place, credentials = options.address.authority, self._credentials()
        self._channel = (
            self._grpc.insecure_channel(place, self._settings)
            if credentials is None
            else self._grpc.secure_channel(place, credentials, self._settings)
        )
        self._methods: dict[str, Any] = {}

    def send(self, call: Call) -> Reply:
        """Make a call; raises as :meth:`mlmodel.client.http.Http.send`."""
        name = f"/{call.service}/{call.method}"
        method = self._methods.get(name)
        if method is None:
            method = self._methods[name] = self._channel.unary_unary(name)
        metadata, timeout = self._metadata(call), self._options.timeout
        try:
            body, done = method.with_call(call.body, timeout=timeout, metadata=metadata)
        except self._grpc.RpcError as error:
            return self._failed(error)
        return Reply(_OK, _texts(done.trailing_metadata()), body)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


class AsyncGrpc(_Grpc):
    """Calls for asyncio, from the loop in which the first one is made."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._made: Any = None

    def _channel(self) -> Any:
        if self._made is None:
            from grpc import aio

            place, credentials = self._options.address.authority, self._credentials()
            self._made = (
                aio.insecure_channel(place, self._settings)
                if credentials is None
                else aio.secure_channel(place, credentials, self._settings)
            )
        return self._made

    async def send(self, call: Call) -> Reply:
        """Make a call; raises as :meth:`mlmodel.client.http.Http.send`."""
        method = self._channel().unary_unary(f"/{call.service}/{call.method}")
        metadata, timeout = self._metadata(call), self._options.timeout
        doing = method(call.body, timeout=timeout, metadata=metadata)
        try:
            body = await doing
        except self._grpc.RpcError as error:
            return self._failed(error)
        return Reply(_OK, _texts(await doing.trailing_metadata()), body)

    async def close(self) -> None:
        """Close the channel."""
        if self._made is not None:
            await self._made.close()


def _texts(metadata: Iterable[tuple[str, Any]] | None) -> dict[str, str]:
    return {name: value for name, value in metadata or () if isinstance(value, str)}


def _content(path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidArgument(f"{path} cannot be read: {error.strerror}.") from None
