"""What goes over the wire, whatever carries it: calls, replies, and waiting between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, TypeVar

from mlmodel.errors import MlmodelError

__all__ = ["Answered", "Call", "Conversation", "Reply", "Wait", "converse"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: of HTTP, or (with a service) of its method over gRPC, by a message as body."""

    method: str
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; the names of headers (of gRPC: of trailing metadata) are in lower case.

    ``status`` is that of HTTP; of a call of gRPC that failed, ``code`` is the name of its code and
    ``body`` its message.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    code: str = ""


class Answered(NamedTuple):
    """How a server said an error: the attribute ``answered`` of one that a client raises.

    ``status`` is that of HTTP, or the name of gRPC's code; ``path`` is what was asked for;
    ``request_id`` is the header ``X-Request-ID`` of the answer, by which the server's log has it.
    """

    status: int | str
    path: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds to wait before the next call."""

    seconds: float


#: What asks a server: it gives calls and waits, is sent the replies, and returns what it was for.
#: So one text serves threads and asyncio alike.
Conversation: TypeAlias = Generator["Call | Wait", Any, _T]


def converse(conversation: Conversation[_T], send: Callable[[Call], Reply]) -> _T:
    """Make the calls of a conversation, one after the other, and return what it was for.

    Raises:
        MlmodelError: as the conversation does.

    """
    try:
        wanted = next(conversation)
        while True:
            if isinstance(wanted, Wait):
                time.sleep(wanted.seconds)
                wanted = next(conversation)
                continue
            try:
                reply = send(wanted)
            except MlmodelError as error:
                wanted = conversation.throw(error)
            else:
                wanted = conversation.send(reply)
    except StopIteration as done:
        found: _T = done.value
        return found
