"""A gRPC server for the models of a registry."""

from __future__ import annotations

import math
import threading
import time
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from mlmodel._base.extras import require
from mlmodel.errors import DeadlineExceeded, InvalidArgument, MalformedRequest, Unavailable
from mlmodel.serving.settings import GRACE

require("grpc", "grpc")
require("google.protobuf", "grpc")

import grpc  # noqa: E402 - named with its extra where it is absent

from mlmodel.errors import MlmodelError  # noqa: E402 - as above
from mlmodel.scoring.answers import unexpected_error, warning_header  # noqa: E402
from mlmodel.scoring.stages import begin_work  # noqa: E402
from mlmodel.scoring.v1 import rpc as v1  # noqa: E402
from mlmodel.scoring.v2 import rpc as v2  # noqa: E402
from mlmodel.serving.grpc import health, reflection  # noqa: E402
from mlmodel.serving.grpc.calls import (  # noqa: E402
    LOOK,
    SMALL,
    Bytes,
    Gone,
    Pool,
    Untaken,
    Waits,
)
from mlmodel.serving.grpc.limits import Limits  # noqa: E402
from mlmodel.serving.grpc.observed import Observed  # noqa: E402
from mlmodel.serving.observing.observer import Observer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlmodel.scoring.v2 import Registry
    from mlmodel.serving.tokens import Tokens

__all__ = ["Limits", "Server", "serve"]

#: The services that ask models, by the modules that answer their calls.
_SCORING = (v2, v1)
#: Threads beyond those that predict, for calls whose message has not come yet; and those of the
#: calls that ask no model.
_RECEIVING, _QUICK = 32, 32
#: No more calls than these are taken in at all.
_MOST_CALLS = 4096
#: A client may open so many calls on one connection at a time.
_MOST_STREAMS = 512
_ERROR = "mlmodel-error"
#: The calls that are answered without a token (RST-165).
_OPEN = frozenset(
    [f"/{health.SERVICE}/{one}" for one in ("Check", "Watch")]
    + [f"/{v2.SERVICE}/{one}" for one in ("ServerLive", "ServerReady")]
)
_IDENTITY_ALONE = 1


def serve(
    registry: Registry,
    address: str = "127.0.0.1:0",
    limits: Limits | None = None,
    *,
    terse: bool = False,
    shared: bool = False,
    credentials: Any = None,
    observer: Observer | None = None,
    tokens: Tokens | None = None,
) -> Server:
    """Serve models over gRPC, in threads of this process; return once calls are taken.

    Args:
        registry: the models.
        address: host and port, such as ``127.0.0.1:5001`` or ``[::1]:0``; a free port for 0.
        limits: what the server takes and how long it waits.
        terse: errors say name and rules only (ERR-008).
        shared: other processes listen at the port too, as workers of one server do.
        credentials: what ``grpc.ssl_server_credentials`` gave; None where nothing is encrypted.
        observer: notes calls; nothing but their ids if it is not given (RST-151).
        tokens: those of which each call must have one (RST-165); None where none is asked for.

    Raises:
        InvalidArgument: the address cannot be used.

    """
    observed = Observed(observer or Observer(()))
    calls = _Calls(registry, limits or Limits(), observed, terse=terse, tokens=tokens)
    return Server(calls, address, shared=shared, credentials=credentials)


class Server:
    """A running server; ``port`` is where it listens.

    Made by :func:`serve`.
    """

    def __init__(self, calls: _Calls, address: str, *, shared: bool, credentials: Any) -> None:
        options = [
            ("grpc.so_reuseport", int(shared)),
            ("grpc.max_receive_message_length", calls.limits.max_body),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_concurrent_streams", _MOST_STREAMS),
            # What is compressed may unfold to any size; nothing bounds that.
            ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_ALONE),
        ]
        self._server = grpc.server(
            calls.pool, handlers=(calls,), options=options, maximum_concurrent_rpcs=_MOST_CALLS
        )
        try:
            self.port: int = (
                self._server.add_insecure_port(address)
                if credentials is None
                else self._server.add_secure_port(address, credentials)
            )
        except RuntimeError:
            raise InvalidArgument(
                f"The address {address} cannot be used for gRPC: it is in use by another program, "
                "or is not this machine's; choose one with --grpc-port."
            ) from None
        self._calls = calls
        self._over = threading.Event()
        self._server.start()
        threading.Thread(target=self._look, name="mlmodel-grpc-look", daemon=True).start()

    def stop(self, grace: float = GRACE) -> None:
        """Take no further calls, and return when those that have begun are answered (RST-076).

        Those that are not within so many seconds are ended.
        """
        self._calls.stop()
        self._server.stop(grace).wait()
        self._over.set()

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            self._calls.look()


class _Calls(grpc.GenericRpcHandler):  # type: ignore[misc]
    """What answers calls.

    All of them are handled as streams, whatever they are: then a call is known before its message
    has come, and can be ended. On the wire there is no difference.
    """

    def __init__(
        self,
        registry: Registry,
        limits: Limits,
        observed: Observed,
        *,
        terse: bool,
        tokens: Tokens | None,
    ) -> None:
        self._observed = observed
        self._registry, self.limits, self._terse = registry, limits, terse
        self._tokens = tokens
        self.pool = Pool(limits.threads + _RECEIVING, "call")
        self._quick = Pool(_QUICK, "quick")
        self._waits = Waits(self.pool, limits.body_seconds)
        self._quick_waits = Waits(self._quick, limits.body_seconds)
        self._untaken = Untaken(limits.body_seconds, limits.most_answers)
        self._bodies = Bytes(limits.threads * limits.max_body)
        self._turns = threading.BoundedSemaphore(limits.threads)
        self._predicting = Pool(limits.threads, "predict") if self._is_timed else None
        scoring = tuple(one.SERVICE for one in _SCORING)
        self.services = (*scoring, health.SERVICE, *reflection.SERVICES)
        self._health = health.Health(registry, scoring, self._send, self._quick.submit)
        self._handlers = dict(self._made())
        self._refusal = self._refusing(
            Unavailable("The server is handling as many calls as it can; try again (GRP-018).")
        )

    @property
    def _is_timed(self) -> bool:
        return self.limits.predict_seconds != math.inf

    def service(self, handler_call_details: Any) -> Any:
        """Return what handles a call; grpcio asks."""
        if self._tokens is not None and handler_call_details.method not in _OPEN:
            try:
                self._tokens.check(_authorization(handler_call_details.invocation_metadata))
            except MlmodelError as error:
                return self._refusing(error)
        found = self._handlers.get(handler_call_details.method)
        if found is None:
            return self._absent(handler_call_details.method)
        handler, scores = found
        if scores and self.pool.calls >= self.pool.threads + self.limits.waiting:
            return self._refusal
        return handler

    def _absent(self, called: str) -> Any:
        """Return what refuses a method that a service of ours has not; None for other services."""
        service, _, method = called.removeprefix("/").rpartition("/")
        for one in _SCORING:
            if service == one.SERVICE:
                answer = partial(one.handle, method, registry=self._registry)
                return self._handler("-", self._plain(answer), self._quick)
        return None

    def look(self) -> None:
        """End what takes too long, and tell what has changed."""
        self._waits.look()
        self._quick_waits.look()
        self._untaken.look()
        self._health.look()

    def stop(self) -> None:
        """End what would wait for ever."""
        self._health.stop()
        self._waits.stop()
        self._quick_waits.stop()

    def _made(self) -> Iterator[tuple[str, tuple[Any, bool]]]:
        for one in _SCORING:
            for method in one.METHODS:
                name = f"/{one.SERVICE}/{method}"
                if method == one.PREDICTS:
                    handler = self._handler(name, self._scored(one), self.pool, scores=True)
                    yield name, (handler, True)
                else:
                    answer = partial(one.handle, method, registry=self._registry)
                    yield name, (self._handler(name, self._plain(answer), self._quick), False)
            name = f"/{one.SERVICE}/{one.STREAM}"
            scored = self._scored_stream(one)
            handler = self._handler(name, scored, self.pool, stream=True, scores=True)
            yield name, (handler, True)
        check, watch = (f"/{health.SERVICE}/{one}" for one in ("Check", "Watch"))
        yield check, (self._handler(check, self._check, self._quick), False)
        yield watch, (_watching(self._watch, self._quick), False)
        for service in reflection.SERVICES:
            name = f"/{service}/ServerReflectionInfo"
            handler = self._handler(name, self._reflection(service), self._quick, stream=True)
            yield name, (handler, False)

    def _handler(
        self,
        name: str,
        behavior: Callable[..., Any],
        pool: Pool,
        *,
        stream: bool = False,
        scores: bool = False,
    ) -> Any:
        noted = self._observed.stream if stream else self._observed.unary
        handled = noted(name, behavior, scores=scores)
        # A name that grpcio looks for, and its own health service uses.
        handled.experimental_thread_pool = pool  # type: ignore[attr-defined]
        if stream:
            return grpc.stream_stream_rpc_method_handler(handled)
        return grpc.stream_unary_rpc_method_handler(handled)

    # -- predictions -----------------------------------------------------------------------

    def _scored(self, service: Any) -> Callable[[Iterator[bytes], Any], bytes]:
        """Return what answers a call that asks a model."""
        handle, method, registry = service.handle, service.PREDICTS, self._registry

        def scored(requests: Iterator[bytes], context: Any) -> bytes:
            told: list[str] = []

            def asked() -> bytes:
                answer: bytes = handle(method, body, registry, warn=told.append, terse=self._terse)
                return answer

            try:
                body = _one(self._waits, requests, context)
                answer = self._admitted(len(body), asked, context)
            except Gone:
                return b""
            except MlmodelError as error:
                self._refuse(context, error)
            if told:
                name, text = warning_header(told[0])
                _add_metadata(context, name.lower(), text)
            self._untaken.note(context, len(answer))
            return answer

        return scored

    def _scored_stream(self, service: Any) -> Callable[[Iterator[bytes], Any], Iterator[bytes]]:
        """Return what answers a stream of requests that ask models."""

        def scored(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
            more = False
            while (body := self._next(requests, context, more=more)) is not None:
                more = True
                answer = self._answer_in_stream(service, body, context)
                # Its client is waited for until it has taken the answer.
                with self._waits.waiting(context):
                    yield answer

        return scored

    def _next(self, requests: Iterator[bytes], context: Any, *, more: bool) -> bytes | None:
        try:
            body: bytes | None = self._waits.message(requests, context, more=more)
        except Gone:
            return None
        return body

    def _answer_in_stream(self, service: Any, body: bytes, context: Any) -> bytes:
        def asked(refuse: MlmodelError | None = None) -> bytes:
            answer: bytes = service.handle_in_stream(
                body, self._registry, terse=self._terse, refuse=refuse
            )
            return answer

        try:
            return self._admitted(len(body), asked, context)
        except MlmodelError as error:
            return asked(error)

    def _admitted(self, size: int, asked: Callable[[], bytes], context: Any) -> bytes:
        """Ask a model for a message of so many bytes, if there is room for it (GRP-031).

        Raises:
            Unavailable: there is none.
            MlmodelError: what :meth:`_in_turn` raises.

        """
        if self._untaken.are_too_many:
            raise _no_room()
        if size <= SMALL:
            return self._in_turn(asked, context)
        if not self._bodies.take(size):
            raise _no_room()
        try:
            return self._in_turn(asked, context)
        finally:
            self._bodies.give(size)

    def _in_turn(self, asked: Callable[[], bytes], context: Any) -> bytes:
        """Ask a model when it is this call's turn, if its client still waits then (GRP-013).

        Raises:
            DeadlineExceeded: the client's time, or the server's, is over.
            MlmodelError: what asking raises.

        """
        allowed = self.limits.predict_seconds
        left = context.time_remaining()
        left = math.inf if left is None else left
        until = time.monotonic() + min(left, allowed)
        if left <= 0 or not self._turns.acquire(timeout=min(left, allowed, threading.TIMEOUT_MAX)):
            raise _late(left, allowed)
        if not context.is_active():
            self._turns.release()
            raise _late(0, allowed)
        if self._predicting is None:
            try:
                begin_work()
                return asked()
            finally:
                self._turns.release()
        begin_work()
        future = self._predicting.submit(copy_context().run, asked)
        # The turn is the call's as long as it runs, whoever still waits for it.
        future.add_done_callback(lambda _: self._turns.release())
        try:
            answer: bytes = future.result(min(until - time.monotonic(), threading.TIMEOUT_MAX))
        except TimeoutError:  # of the wait: what is asked raises errors of the table alone
            raise _late(left, allowed) from None
        return answer

    # -- what asks no model ----------------------------------------------------------------

    def _plain(self, answer: Callable[[bytes], bytes]) -> Callable[[Iterator[bytes], Any], bytes]:
        """Return what answers a call that asks no model."""
        return lambda requests, context: self._answered(answer, requests, context)

    def _check(self, requests: Iterator[bytes], context: Any) -> bytes:
        return self._answered(self._health.check, requests, context)

    def _answered(
        self, answer: Callable[[bytes], bytes], requests: Iterator[bytes], context: Any
    ) -> bytes:
        try:
            return answer(_one(self._quick_waits, requests, context))
        except Gone:
            return b""
        except MlmodelError as error:
            self._refuse(context, error)
        except Exception as error:  # noqa: BLE001 - the boundary: no exception reaches a client
            self._refuse(context, unexpected_error(error))

    def _watch(
        self,
        requests: Iterator[bytes],
        context: Any,
        send_response_callback: Callable[[bytes | None], None],
    ) -> None:
        try:
            body = _one(self._quick_waits, requests, context)
            self._health.watch(body, context, send_response_callback)
        except Gone:
            return
        except MlmodelError as error:
            self._refuse(context, error)

    def _send(self, context: Any, send: Callable[[Any], None], messages: Sequence[Any]) -> None:
        with self._quick_waits.waiting(context):
            for message in messages:
                send(message)

    def _reflection(self, service: str) -> Callable[[Iterator[bytes], Any], Iterator[bytes]]:
        def asked(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
            more = False
            try:
                while True:
                    body = self._quick_waits.message(requests, context, more=more)
                    if body is None:
                        return
                    more = True
                    with self._quick_waits.waiting(context):
                        yield reflection.answer(body, service, self.services)
            except Gone:
                return
            except MlmodelError as error:
                self._refuse(context, error)

        return asked

    # -- refusals --------------------------------------------------------------------------

    def _refusing(self, error: MlmodelError) -> Any:
        """Return what refuses a call, of which it reads no message."""

        def refuse(_requests: object, context: Any) -> NoReturn:
            self._refuse(context, error)

        return self._handler("-", refuse, self._quick)

    def _refuse(self, context: Any, error: MlmodelError) -> NoReturn:
        said = v2.failure(error, terse=self._terse)
        _add_metadata(context, _ERROR, said.details)
        context.abort(getattr(grpc.StatusCode, said.code), said.message)
        raise AssertionError  # pragma: no cover - abort has raised


def _watching(behavior: Callable[..., Any], pool: Pool) -> Any:
    """Return what handles a call that sends from other threads, and holds none of its own."""

    def handled(*args: Any, **kwargs: Any) -> Any:
        return behavior(*args, **kwargs)

    # Names that grpcio looks for, and its own health service uses.
    handled.experimental_thread_pool = pool  # type: ignore[attr-defined]
    handled.experimental_non_blocking = True  # type: ignore[attr-defined]
    return grpc.stream_stream_rpc_method_handler(handled)


def _add_metadata(context: Any, key: str, value: str) -> None:
    context.set_trailing_metadata((*(context.trailing_metadata() or ()), (key, value)))


def _authorization(metadata: Any) -> str | None:
    found = [value for key, value in metadata if key == "authorization" and isinstance(value, str)]
    return ", ".join(found) if found else None


def _one(waits: Waits, requests: Iterator[bytes], context: Any) -> bytes:
    """Return the message of a call that has one.

    Raises:
        Gone: the call is over.
        MalformedRequest: its client sends none.

    """
    body: bytes | None = waits.message(requests, context)
    if body is None:
        raise MalformedRequest("The call has no message (GRP-010).")
    return body


def _no_room() -> Unavailable:
    return Unavailable(
        "The messages of other calls, or answers that nobody takes, use all the memory reserved "
        "for them; try again (GRP-031)."
    )


def _late(left: float, allowed: float) -> DeadlineExceeded:
    if left <= allowed:
        return DeadlineExceeded("The time that the client gave this call is over (GRP-013).")
    return DeadlineExceeded(
        f"The prediction took longer than this server allows, which is {allowed:g} seconds "
        "(GRP-013)."
    )
