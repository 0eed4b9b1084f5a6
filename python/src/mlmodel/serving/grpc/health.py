"""gRPC's standard health service: asked once, or watched (GRP-014)."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from mlmodel._proto import message, parse, refused_as
from mlmodel.errors import MalformedRequest, ModelNotFound, Unavailable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import TypeAlias

    from mlmodel.scoring.v2 import Registry

    #: Sends a message of a stream; None ends it.
    _Send: TypeAlias = Callable[[bytes | None], None]

__all__ = ["SERVICE", "Health"]

SERVICE = "grpc.health.v1.Health"
_PACKAGE = "grpc.health.v1"
_SERVING, _NOT_SERVING, _UNKNOWN = 1, 2, 3
_MOST_WATCHERS = 1000


class Health:
    """Whether the server can score: all models are ready, and it is not stopping.

    Sending waits for the client, and for grpcio's own thread, in which :meth:`_forget` is called:
    so nothing is sent in the thread that looks for changes, and no lock is held meanwhile.

    Args:
        registry: the models.
        services: the names of what is served; the empty name is the whole server.
        send: sends messages to a client who watches: its context, what sends, the messages.
        later: has a function called in another thread.

    """

    def __init__(
        self,
        registry: Registry,
        services: Collection[str],
        send: Callable[[Any, _Send, Sequence[bytes | None]], None],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._registry, self._services = registry, frozenset(services) | {""}
        self._send, self._later = send, later
        self._stopped = False
        #: Each watcher's context: service, last status, and what sends to it.
        self._watchers: dict[Any, tuple[str, int, _Send]] = {}
        self._told = set[Any]()
        self._lock = threading.Lock()

    def check(self, body: bytes) -> bytes:
        """Answer a request with the health of a service.

        Raises:
            MalformedRequest: it is not such a message.
            ModelNotFound: there is no such service.

        """
        service = self._asked(body)
        status = self._status(service)
        if status == _UNKNOWN:
            raise ModelNotFound(f"The server has no service {shown(service)} (GRP-014).")
        return _encoded(status)

    def watch(self, body: bytes, context: Any, send: _Send) -> None:
        """Tell a client the health of a service, and again when it changes.

        Raises:
            MalformedRequest: it is not such a message.
            Unavailable: there are too many who watch.

        """
        service = self._asked(body)
        if len(self._watchers) >= _MOST_WATCHERS:
            raise Unavailable("Too many clients watch the server's health (GRP-014).")
        status = self._status(service)
        self._send(context, send, [_encoded(status)])
        self._watchers[context] = (service, status, send)
        if not context.add_callback(lambda: self._forget(context)):
            self._forget(context)

    def look(self) -> None:
        """Tell those who watch what has changed."""
        with self._lock:
            for context, (service, before, send) in list(self._watchers.items()):
                status = self._status(service)
                # Who is still being told something is told the rest at the next look.
                if context in self._told or not (self._stopped or status != before):
                    continue
                news: list[bytes | None] = [_encoded(status)] if status != before else []
                if self._stopped:
                    news.append(None)
                self._told.add(context)
                self._watchers[context] = (service, status, send)
                if not context.is_active():  # it may have been forgotten meanwhile
                    self._forget(context)
                self._later(partial(self._tell, context, send, news))

    def stop(self) -> None:
        """Say that nothing is served from now on, and end the watches."""
        self._stopped = True
        self.look()

    def _tell(self, context: Any, send: _Send, news: Sequence[bytes | None]) -> None:
        try:
            self._send(context, send, news)
        finally:
            self._told.discard(context)
        if None in news:
            self._forget(context)

    def _forget(self, context: Any) -> None:
        self._watchers.pop(context, None)

    def _asked(self, body: bytes) -> str:
        with refused_as(MalformedRequest):
            return str(parse("HealthCheckRequest", body, _PACKAGE).service)

    def _status(self, service: str) -> int:
        if service not in self._services:
            return _UNKNOWN
        ready = all(model.engine is not None for model in self._registry.served())
        return _SERVING if ready and not self._stopped else _NOT_SERVING


def _encoded(status: int) -> bytes:
    encoded: bytes = message("HealthCheckResponse", _PACKAGE)(status=status).SerializeToString()
    return encoded
