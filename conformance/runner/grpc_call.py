"""Calls over gRPC: one at a time, each with an end. Needs grpcio, imported when a call is made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .grpc_messages import encoded, failure, result, service_of
from .pipe import LONGEST_LINE
from .served import NAME
from .subject import Answer, Broken, Failure, Skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cases import Case

__all__ = ["Channel", "FloodError", "Reply"]

_ERROR, _WARNING = "mlmodel-error", "mlmodel-warning"
#: Statuses that grpcio makes itself where a server sends none. A server of which they are says so
#: under ``mlmodel-error``; without, nobody can tell.
_OF_CLIENTS = frozenset(
    ["CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL", "UNAVAILABLE"]
)
#: How grpcio begins what it says of an answer that is HTTP/2 and not gRPC.
_NOT_GRPC = "Received http2 header with status"
_HTTP1 = "http1.x server"
_UNREACHED = "failed to connect to all addresses"
_MOST_BACKOFF = 200


@dataclass(frozen=True)
class Reply:
    """How a call ended.

    Attributes:
        code: the name of its status, which is grpcio's own where the server sent none.
        message: the words of a status that is not ``OK``.
        metadata: the trailing metadata that are text.
        answers: the messages.

    """

    code: str
    message: str
    metadata: dict[str, str]
    answers: tuple[bytes, ...] = ()


class FloodError(Exception):
    """An answer is larger than any may be."""


class Channel:
    """A connection to a server; it is made anew where it is lost.

    Args:
        address: host and port.
        timeout: how long a call may take, in seconds.

    """

    def __init__(self, address: str, timeout: float) -> None:
        try:
            grpc = import_module("grpc")
            import_module("google.protobuf")
        except ImportError:
            raise Broken(
                "To ask a server over gRPC, the runner needs grpcio and protobuf: "
                "pip install 'mlmodel[grpc]'."
            ) from None
        options = [
            ("grpc.enable_retries", 0),
            ("grpc.enable_http_proxy", 0),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", _MOST_BACKOFF),
            ("grpc.max_reconnect_backoff_ms", _MOST_BACKOFF),
            ("grpc.max_receive_message_length", LONGEST_LINE),
            ("grpc.max_send_message_length", -1),
        ]
        self._channel: Any = grpc.insecure_channel(address, options)
        self._timeout = timeout

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def ask(self, case: Case, called: str = NAME) -> Answer | Skip | Failure:
        """Make the call of a case of ``score-grpc``; ``called`` is the model's name there."""
        given = case.input
        bodies = [encoded(given, request, called) for request in given["requests"]]
        try:
            reply = self.call(service_of(given), given["method"], bodies)
            reason = self._unanswered(reply)
            return Failure(reason) if reason else _read(given, reply, called)
        except FloodError as error:
            return Failure(str(error))
        except ValueError as error:
            return Failure(f"The server's answer cannot be read: {error}")

    def call(self, service: str, method: str, bodies: Sequence[bytes]) -> Reply:
        """Make a call. On the wire one of a stream is as any other.

        Raises:
            FloodError: the answer has no end.

        """
        import grpc

        made = self._channel.stream_stream(f"/{service}/{method}")(
            iter(bodies), timeout=self._timeout
        )
        try:
            answers = tuple(_bounded(made))
        except grpc.RpcError:
            return Reply(made.code().name, made.details() or "", _texts(made))
        finally:
            made.cancel()  # nothing where it has ended
        return Reply("OK", "", _texts(made), answers)

    def _unanswered(self, reply: Reply) -> str:
        """Return why a call has no answer of the server's; "" where it has one."""
        may_be_ours = reply.code in _OF_CLIENTS or reply.message.startswith(_NOT_GRPC)
        if _ERROR in reply.metadata or not may_be_ours:
            return ""
        return self._reason(reply.code, reply.message)

    def _reason(self, code: str, said: str) -> str:
        if _HTTP1 in said:
            return f"The server speaks HTTP/1.1 and not gRPC: {said}"
        if said.startswith(_UNREACHED):
            return f"The server is not reached: {said}"
        if code == "DEADLINE_EXCEEDED":
            return f"The server did not answer within {self._timeout:g} s."
        if said.startswith(_NOT_GRPC):
            return f"The server speaks HTTP/2 and not gRPC: {said}"
        if code == "RESOURCE_EXHAUSTED":
            return f"The call or its answer is too large: {said}"
        return f"The server broke off, or names no error (GRP-012): {code}, {said!r}"


def _read(given: dict[str, Any], reply: Reply, called: str) -> Answer | Skip:
    if reply.code != "OK":
        if _ERROR not in reply.metadata:
            return Answer({"code": reply.code, "said": reply.message})
        return Answer(failure(reply.code, reply.message, reply.metadata[_ERROR]))
    found = result(given, reply.answers, warned=_WARNING in reply.metadata, called=called)
    if any("arrow" in one for one in found["answers"]):
        return Skip("the runner does not read Arrow and Parquet")
    return Answer(found)


def _bounded(answers: Any) -> Any:
    """Give the messages of an answer, which may be as long as a line of a harness."""
    size = 0
    for answer in answers:
        size += len(answer) + 1  # messages without a byte have an end, too
        if size > LONGEST_LINE:
            raise FloodError(f"The server's answer has more than {LONGEST_LINE} bytes.")
        yield answer


def _texts(made: Any) -> dict[str, str]:
    return {key: value for key, value in made.trailing_metadata() or () if isinstance(value, str)}
