"""Calls over gRPC as they are noted: each with an id, and counted where that is switched on.

A call of one message is a request; of a stream each message is one.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mlmodel.scoring.stages import CURRENT, Stages
from mlmodel.serving.observing.entry import GRPC, GRPC_CODES
from mlmodel.serving.observing.ids import id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmodel.serving.observing.observer import Observer

__all__ = ["REQUEST_ID", "Observed"]

#: The key of a call's metadata, of the client's and of ours (RST-151).
REQUEST_ID = "x-request-id"
_OK, _CANCELLED = 0, 1
#: The tag of a text in field 1; the length behind it has one byte for names of models.
_FIELD_1, _SHORT, _LONG = 0x0A, 2, 0x80
_WITH_ADDRESS = ("ipv4", "ipv6")
_TRACE = ("traceparent", "tracestate")


class Observed:
    """Wraps what answers calls.

    Args:
        observer: notes requests.

    """

    def __init__(self, observer: Observer) -> None:
        self.observer = observer

    def begin(self, method: str, context: Any, *, scores: bool) -> Call:
        """Begin with a call in this thread, and send its id back when it ends (RST-151)."""
        metadata: dict[str, Any] = dict(context.invocation_metadata() or ())
        given = metadata.get(REQUEST_ID)
        name = id_of(given.encode("latin-1", "replace") if isinstance(given, str) else None)
        context.set_trailing_metadata(((REQUEST_ID, name),))
        call = Call(self.observer, method, name, metadata, scores=scores)
        if self.observer.writes:
            call.client = _address(context.peer())
        return call

    def unary(
        self, method: str, behavior: Callable[..., Any], *, scores: bool
    ) -> Callable[..., Any]:
        """Return what answers calls of one message, noted."""

        def asked(requests: Iterator[bytes], context: Any) -> Any:
            call = self.begin(method, context, scores=scores)
            answer = b""
            try:
                answer = behavior(call.noted(requests), context)
            finally:
                call.end(_number(context) if call.is_noted else _OK, answer)
            return answer

        return asked

    def stream(
        self, method: str, behavior: Callable[..., Any], *, scores: bool
    ) -> Callable[..., Any]:
        """Return what answers calls of several messages, each of which is noted."""

        def asked(requests: Iterator[bytes], context: Any) -> Iterator[Any]:
            call = self.begin(method, context, scores=scores)
            try:
                for answer in behavior(call.noted(requests), context):
                    refusal = call.stages.refusal
                    code = "OK" if refusal is None else refusal[0].grpc_code
                    call.end(GRPC_CODES.index(code), answer)
                    yield answer
                    call.again()
            finally:
                call.end_of_stream(context)

        return asked


class Call:
    """One call, or one message of a stream at a time.

    Attributes:
        is_noted: something is to be noted of it.
        client: the address that it came from; needed where there is an access log (GRP-070).

    """

    client = ""

    def __init__(
        self, observer: Observer, method: str, name: str, metadata: Any, *, scores: bool
    ) -> None:
        self._observer, self._scores = observer, scores
        self._method, self._name, self._metadata = method, name, metadata
        self._more = False
        self.is_noted = observer.on
        self.again()

    def again(self) -> None:
        """Begin with the next message of the stream."""
        self.stages = Stages(self._name)
        CURRENT.set(self.stages)
        self._model, self._received, self._is_whole = "", 0, False

    def noted(self, requests: Iterator[bytes]) -> Iterator[bytes]:
        """Give the messages of a call, and note when each has come."""
        for body in requests:
            self._came(body)
            yield body

    def _came(self, body: bytes) -> None:
        stages, observer = self.stages, self._observer
        now = perf_counter()
        if not self._more:  # a stream rests between its messages
            stages.received = now - stages.began
        self._more = True
        stages.began = stages.came = now
        self._is_whole = True
        if not observer.on:
            return
        self._received = len(body)
        self._model = observer.known(_first_text(body)) if self._scores else ""
        observer.whole(self._model or None)
        if observer.spans is not None:
            carrier = {key: str(self._metadata[key]) for key in _TRACE if key in self._metadata}
            stages.span = observer.spans.begin(self._method, carrier)

    def end(self, code: int, answer: Any) -> None:
        """Note an answer."""
        CURRENT.set(None)
        observer = self._observer
        if observer.on:
            told = ("POST", self._method, self.client) if observer.tells else ()
            seen, sent = (self._model, GRPC, code), len(answer or b"")
            observer.note(self.stages, seen, self._is_whole, self._received, sent, *told)
        self._is_whole = False

    def end_of_stream(self, context: Any) -> None:
        """Note a message that got no answer, or a call that was refused before its first."""
        if self._is_whole or context.code() is not None:
            self.end(_number(context), b"")
        CURRENT.set(None)


def _address(peer: str) -> str:
    """Return address and port of a client as one writes them; of one without its kind alone."""
    kind, _, address = peer.partition(":")
    return unquote(address) if kind in _WITH_ADDRESS else kind


def _first_text(body: bytes) -> str:
    """Return the text of field 1 where it stands first, as whatever writes messages puts it.

    It is the name of the model; a message that is written in another order is counted without one.
    """
    size = body[1] if len(body) > _SHORT and body[0] == _FIELD_1 else 0
    return body[2 : 2 + size].decode("utf-8", "replace") if size < _LONG else ""


def _number(context: Any) -> int:
    """Return the code of a call that has ended; one whose client has left has none of its own."""
    code = context.code()
    if code is not None:
        return GRPC_CODES.index(code.name)
    return _OK if context.is_active() else _CANCELLED
