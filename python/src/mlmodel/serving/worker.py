"""A worker process: loads the models and serves them."""

from __future__ import annotations

import contextlib
import gc
import logging
import math
import os
import signal
import stat
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base.with_parent import when_orphaned
from mlmodel.errors import (
    InternalError,
    InvalidArgument,
    MlmodelError,
    UntrustedModel,
    shown,
)
from mlmodel.sandbox.frames import plain_error, send
from mlmodel.serving.logs import set_up
from mlmodel.serving.names import naming
from mlmodel.serving.settings import GRACE, WAITING
from mlmodel.store.sandboxing import decide

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.connection import Connection

    from mlmodel.pyfunc.model import PyFuncModel
    from mlmodel.sandbox.wall import Wall
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.predict import Predict
    from mlmodel.serving.about import About
    from mlmodel.serving.app import Application
    from mlmodel.serving.grpc import Server
    from mlmodel.serving.http.host import Answers, Sock
    from mlmodel.serving.http.messages import Request
    from mlmodel.serving.models import Hosted
    from mlmodel.serving.observing.observer import Watch
    from mlmodel.serving.settings import Place, Settings

    Turns = threading.BoundedSemaphore

__all__ = ["application", "work"]

_log = logging.getLogger("mlmodel.serving")

#: Files that a worker needs besides one for each connection; and how many connections at most.
_OTHER_FILES, _MOST_CONNECTIONS = 64, 4096


def work(settings: Settings, listener: socket.socket, report: Connection) -> None:
    """Serve until SIGTERM; report to the parent whether the models are loaded.

    A report is null (loaded) or the error, as JSON: the parent unpickles nothing that a process
    sent in which a model runs (TRU-084). Where loading fails the worker ends.
    """
    _take_over_signals()
    parent = os.getppid()
    encrypt = encryption(settings)  # a wall hides the files
    if settings.wall is not None:
        _raise_wall(settings.wall, report, (listener.fileno(), *_sentinels({report.fileno()})))
    when_orphaned(parent, lambda: os.kill(os.getpid(), signal.SIGTERM))
    set_up(settings.log_level, settings.log_format)
    try:
        served = application(settings)
    except MlmodelError as error:
        send(report.fileno(), plain_error(error))
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        logging.getLogger("mlmodel.serving").exception("The model could not be loaded.")
        notes = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
        said = InternalError(f"{type(error).__name__}: {error}{notes}")
        send(report.fileno(), plain_error(said))
        raise SystemExit(InternalError.exit_code) from None
    _serve(settings, listener, served, report, encrypt)


def encryption(settings: Settings) -> Callable[[socket.socket], Sock] | None:
    """Return what encrypts connections, None where nothing does.

    Raises:
        InvalidArgument: the files of certificate and key cannot be used (RST-140).

    """
    if settings.certificate is None:
        return None
    from mlmodel.serving.http.tls import Encrypted, context_of

    key = None if settings.key is None else Path(settings.key)
    context = context_of(Path(settings.certificate), key)
    return lambda sock: Encrypted(sock, context)


def _serve(
    settings: Settings,
    listener: socket.socket,
    served: Application,
    report: Connection,
    encrypt: Callable[[socket.socket], Sock] | None,
) -> None:
    from mlmodel.serving.http.host import Limits
    from mlmodel.serving.http.loop import Loop

    limits = Limits(
        max_body=settings.max_body,
        most_bytes=settings.threads * settings.max_body,
        threads=settings.seats,
        waiting=WAITING,
        connections=_connections(),
        accepts=64 if settings.workers == 1 else 1,
        body_seconds=settings.body_seconds,
        predict_seconds=settings.predict_seconds or math.inf,
        grace_seconds=GRACE,
    )
    loop = Loop([listener], _shared(served, settings), limits, encrypt)
    loop.heads.enter = _entrance(settings)
    also: Server | None = None
    if settings.grpc_address:
        from mlmodel.serving.grpc.beside import beside

        also = beside(served.models, settings, served.observer)
    _settle()
    served.settle = _settle
    stopping: list[threading.Thread] = []

    def stop(*_: object) -> None:
        served.probes.stopping = True
        loop.stop()
        if also is not None and not stopping:
            stopping.append(threading.Thread(target=also.stop, name="mlmodel-grpc-stop"))
            stopping[0].start()

    signal.signal(signal.SIGTERM, stop)
    send(report.fileno(), None)
    report.close()
    loop.run()
    for thread in stopping:
        thread.join()
    if served.observer.spans is not None:
        served.observer.spans.close()


def _shared(served: Application, settings: Settings) -> Answers:
    """Return what answers, for pages of other origins where some are named (RST-162)."""
    if not settings.origins:
        return served
    from mlmodel.serving.origins import Shared

    shared = Shared(served, settings.origins)
    served.preflight = shared.preflight
    return shared


def _entrance(settings: Settings) -> Callable[[Request], None] | None:
    """Return what requests pass before they are read to their end, None where they pass nothing."""
    if not (settings.root or settings.tokens):
        return None
    from mlmodel.serving.entrance import Entrance
    from mlmodel.serving.tokens import Tokens

    tokens = Tokens(settings.tokens) if settings.tokens else None
    return Entrance(settings.root, tokens, preflights=bool(settings.origins)).enter


def _connections() -> int:
    """Return how many connections there may be."""
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows has no such limit
        return _MOST_CONNECTIONS
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(8, min(_MOST_CONNECTIONS, files - _OTHER_FILES))


def _sentinels(known: set[int]) -> Iterator[int]:
    """Give the pipe at whose end the parent sees that this process has ended.

    Closed before, it would say so too early, and the parent would wait for ever for a worker that
    does not stop, and not kill it.
    """
    import fcntl  # a wall is raised on Linux alone
    from multiprocessing import resource_tracker

    tracker = getattr(resource_tracker, "_resource_tracker", None)
    others = {1, 2, getattr(tracker, "_fd", None), *known}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers are wanted
        with contextlib.suppress(OSError):
            number = int(name)
            is_pipe = stat.S_ISFIFO(os.fstat(number).st_mode)
            writes = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
            if is_pipe and writes and number not in others:
                yield number


def _raise_wall(given: Wall, report: Connection, kept: tuple[int, ...]) -> None:
    """Raise the wall: of what this process has open it keeps what is named, the report and the log.

    It is a fresh interpreter with one thread: nothing of the parent's memory is in it (TRU-082).
    """
    from mlmodel.sandbox import locks, wall

    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a descriptor is wanted
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    try:
        wall.raise_(replace(given, keep=(*kept, report.fileno()), serving=True, files=True))
    except wall.WallError as error:
        raised = InvalidArgument(f"The sandbox could not be made: {error} (TRU-082).")
        send(report.fileno(), plain_error(raised))
        raise SystemExit(raised.exit_code) from None
    locks.put_in_place()


def application(settings: Settings) -> Application:
    """Load the models and return what answers requests.

    Raises:
        MlmodelError: one cannot be loaded; of several the message says which (RST-132).

    """
    from mlmodel.serving.app import Application
    from mlmodel.serving.models import Hosted

    hosted = Hosted()
    # So many predictions go on at a time, whatever protocol asks for them (RST-074).
    is_shared = settings.grpc_address or settings.batch_rows
    turns = threading.BoundedSemaphore(settings.threads) if is_shared else None
    for place in settings.models:
        again = partial(_load_again, place, settings, turns, hosted)
        with naming(place.name, settings.models):
            engine = again() if settings.again else _load(place, settings, turns, hosted)
        hosted.add(place.name, again, engine=engine)
        if _is_batched(engine):
            hosted.let_wait(place.name)
    is_batched = any(_is_batched(one.engine) for one in hosted.served())
    if settings.batch_rows and not settings.row_wise and not is_batched:
        _log.warning(
            "No model is declared row-wise, so no requests are put together: declare it with "
            "--row-wise NAME, or in the model's metadata (RST-170)."
        )
    return Application(
        hosted,
        max_body=settings.max_body,
        terse=settings.terse,
        threads=settings.threads,
        repository=settings.repository,
        watch=_watch(settings),
        root=settings.root,
        about=_about(hosted, settings),
    )


def _settle() -> None:
    """Let go of what was unloaded, and let the collector pass by what is loaded, for it stays."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _watch(settings: Settings) -> Watch:
    """Return what is to be noted of requests (RST-150 to RST-157)."""
    from mlmodel.serving.observing.access import Log
    from mlmodel.serving.observing.observer import Watch

    spans = None
    if settings.otel:
        from mlmodel._base.extras import named_extra

        with named_extra():
            from mlmodel.serving.observing.spans import Spans, provider

            spans = Spans(provider())
    return Watch(
        timing=settings.server_timing,
        metrics=settings.metrics,
        part=settings.part,
        access=Log(settings.log_format) if settings.access_log else None,
        spans=spans,
    )


def _about(hosted: Hosted, settings: Settings) -> About | None:
    """Return what the page and the description for tools say, None where they are not (RST-181)."""
    if not settings.page:
        return None
    from mlmodel.serving.about import About

    address = settings.grpc_address
    port = int(address.rpartition(":")[2]) if address else None
    return About(hosted, port, metrics=settings.metrics, tokens=bool(settings.tokens))


def _load(place: Place, settings: Settings, turns: Turns | None, hosted: Hosted) -> Engine:
    """Load a model; with ``turns`` it predicts only when it is given one."""
    from mlmodel.pyfunc.served import load_served
    from mlmodel.serving.batching import Batches, has_open_rows
    from mlmodel.serving.isolation import load_isolated

    if settings.isolate:
        model = load_isolated(place, settings)
    else:
        trust, allow = settings.trust, settings.allow
        model = load_served(place.uri, trust=trust, allow=allow, digest=place.digest)
    hosted.note(place.name, model.metadata)
    engine = model.engine
    if turns is None:
        return engine
    if settings.batch_rows and _is_row_wise(place, settings, model) and has_open_rows(engine):
        limits = settings.batch_rows, settings.batch_seconds, settings.predict_seconds
        engine.call = Batches(place.name, engine.call, turns, *limits).call
    else:
        engine.call = _in_turn(engine.call, turns)
    return engine


def _is_row_wise(place: Place, settings: Settings, model: PyFuncModel) -> bool:
    """Return whether a model is declared row-wise, and of no flavor that never is (RST-170)."""
    if place.name not in settings.row_wise and not model.metadata.is_row_wise:
        return False
    from mlmodel.pyfunc.served import why_alone

    why = why_alone(model.metadata)
    if why:
        _log.warning(
            "The model %s is said to be row-wise and is not: %s. Its requests are asked alone "
            "(RST-170).",
            shown(place.name),
            why,
        )
    return not why


def _is_batched(engine: Engine | None) -> bool:
    from mlmodel.serving.batching import Batches

    return engine is not None and isinstance(getattr(engine.call, "__self__", None), Batches)


def _in_turn(predict: Predict, turns: Turns) -> Predict:
    def call(data: Any, params: Mapping[str, Any] | None, /) -> Any:
        with turns:
            return predict(data, params)

    return call


def _load_again(place: Place, settings: Settings, turns: Turns | None, hosted: Hosted) -> Engine:
    """Load a model once more, under the conditions of the start (RST-136, OIP-063)."""
    if place.wall is None:
        trust, allow = settings.trust, settings.allow
        if decide(place.uri, settings.sandbox, trust=trust, allow=allow) is not None:
            raise UntrustedModel(
                f"{place.uri} has changed and is not trusted any more. It is to be loaded in a "
                "sandbox, which this server does not have; start the server again (RST-136)."
            )
    return _load(place, settings, turns, hosted)


def _take_over_signals() -> None:
    # A forked worker has the parent's handlers, which would swallow the parent's own SIGTERM
    # while the model loads. Ctrl-C and a terminal's hang-up go to the whole group: the parent
    # says what comes of them.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
