"""The server's parent process: light, holds no model, starts, replaces and ends the workers.

Nothing that the model needs is imported here, so that the parent costs some 30 MiB only.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument, shown
from mlmodel.serving import tokens
from mlmodel.serving.entrance import checked_root
from mlmodel.serving.listening import address_of, listen, listen_at, reserve, url_of
from mlmodel.serving.logs import set_up
from mlmodel.serving.names import naming
from mlmodel.serving.origins import checked_origins
from mlmodel.serving.parent import Parent
from mlmodel.serving.signals import Signals
from mlmodel.serving.watching import Watch
from mlmodel.serving.worker import encryption
from mlmodel.store.folder import open_folder
from mlmodel.store.sandboxing import decide_together

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.serving.settings import Place, Settings
    from mlmodel.store.folder import ModelFolder

__all__ = ["run"]


def run(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called with the URL once it answers.

    On SIGHUP all workers are replaced by such that have loaded the models again, or none is; none
    is ended before the new ones are ready (RST-116, RST-184).

    Raises:
        InvalidArgument: the port is taken or the address is not this machine's; requests may load
            models and there are several workers (OIP-065).
        MlmodelError: what a worker reported while it loaded the models.

    """
    require("httptools", "serve")
    if settings.repository and settings.workers > 1:
        raise InvalidArgument(
            f"Models cannot be loaded and unloaded by requests where {settings.workers} processes "
            "serve them, since a request reaches one; serve with one worker (OIP-065)."
        )
    settings = _mannered(settings)
    given = settings.models
    # Before they are loaded: what changes from now on is seen.
    watch = Watch(place.uri for place in given) if settings.reload else None
    settings = replace(settings, models=_decided(settings))
    _check_watched(settings)
    if settings.certificate is not None:
        encryption(settings)  # a file that cannot be used is told before anything is started
    with contextlib.ExitStack() as held:
        listener = held.enter_context(_listening(settings))
        also = ""
        if settings.grpc_port is not None:
            _check_grpc(settings)
            kept = reserve(settings.host, settings.grpc_port)
            held.enter_context(contextlib.closing(kept))
            settings = replace(settings, grpc_address=address_of(kept))
            also = f", for gRPC at {settings.grpc_address}"
        told = held.enter_context(Signals())
        anew = (_with_tokens, lambda now: _walled_anew(now, given))
        parent = Parent(settings, listener, told, anew, watch)
        try:
            if parent.start():
                scheme = "http" if settings.certificate is None else "https"
                ready(url_of(settings.host, listener, scheme) + also)
                set_up(settings.log_level, settings.log_format)
                parent.watch()
        finally:
            parent.end()


def _mannered(settings: Settings) -> Settings:
    """Return settings with root path, origins and tokens checked, before a model is opened.

    Raises:
        InvalidArgument: one of them is not right (RST-160, RST-162, RST-166), or a model that is
            declared row-wise is not one of the server's (RST-170).

    """
    known = [place.name for place in settings.models]
    if unknown := [name for name in settings.row_wise if name not in known]:
        raise InvalidArgument(
            f"The server has no model {shown(unknown[0])}, which --row-wise names; it has "
            f"{', '.join(known)} (RST-170)."
        )
    checked = replace(
        settings,
        root=checked_root(settings.root, known),
        origins=checked_origins(settings.origins),
        fixed_tokens=tokens.from_variable(),
    )
    return _with_tokens(checked)


def _with_tokens(settings: Settings) -> Settings:
    """Return settings with the tokens as the file has them now (RST-166)."""
    found = () if settings.token_file is None else tokens.read(settings.token_file)
    return replace(settings, tokens=(*found, *settings.fixed_tokens))


def _listening(settings: Settings) -> contextlib.AbstractContextManager[socket.socket]:
    if settings.socket is not None:
        return listen_at(settings.socket)
    return contextlib.closing(listen(settings.host, settings.port))


def _decided(settings: Settings) -> tuple[Place, ...]:
    """Return the models with the walls that they are to be behind.

    Models of one process share a wall (RST-134); in processes of their own each has its own.

    Raises:
        MlmodelError: a model cannot be opened; the wall that was demanded cannot be had.

    """
    together = [(place,) for place in settings.models] if settings.isolate else [settings.models]
    decided: list[Place] = []
    for group in together:
        folders = (_opened(place, settings) for place in group)
        found = decide_together(folders, settings.sandbox, trust=settings.trust)
        if found is None:
            decided += group
            continue
        for place, one in zip(group, found, strict=True):
            decided.append(
                replace(
                    place,
                    uri=str(one.folder.root),
                    digest=one.digest,
                    wall=one.wall,
                    variables=one.variables,
                )
            )
    return tuple(decided)


def _walled_anew(settings: Settings, given: tuple[Place, ...]) -> Settings:
    """Return settings with the walls that are right for the models as they are now.

    Where a model was given by a link it may be another folder by now. Who has a wall keeps one, and
    who has none is judged where it is loaded (RST-136).

    Raises:
        MlmodelError: as for :func:`_decided`.

    """
    if all(place.wall is None for place in settings.models):
        return settings
    decided = zip(settings.models, _decided(replace(settings, models=given)), strict=True)
    kept = (now if before.wall and now.wall else before for before, now in decided)
    return replace(settings, models=tuple(kept))


def _opened(place: Place, settings: Settings) -> ModelFolder:
    with naming(place.name, settings.models):
        return open_folder(place.uri, trust=settings.trust, allow=settings.allow)


def _check_watched(settings: Settings) -> None:
    """Check that workers can tell what they are asked to tell.

    Raises:
        MissingDependency: what does it is not installed.
        InvalidArgument: they cannot send spans from behind a wall (RST-157).

    """
    wanted = (
        (settings.metrics, "prometheus_client", "metrics"),
        (settings.otel, "opentelemetry", "otel"),
    )
    for is_wanted, module, extra in wanted:
        if is_wanted and find_spec(module) is None:
            require(module, extra)
    if settings.otel and settings.wall is not None:
        raise InvalidArgument(
            "A model that runs in a sandbox shares a process with the server, which can then not "
            "open connections to send spans; serve with --isolate, or trust the model, or leave "
            "--otel out (RST-157)."
        )


def _check_grpc(settings: Settings) -> None:
    """Check that workers can speak gRPC.

    Raises:
        MissingDependency: grpcio is not installed.
        InvalidArgument: they cannot, behind a wall or beside each other.

    """
    # It is looked for and not imported: a worker is a copy of this process.
    for module, package in (("grpc", "grpcio"), ("google.protobuf", "protobuf")):
        if find_spec(module.partition(".")[0]) is None:
            require(module, "grpc", package)
    if settings.wall is not None and not settings.isolate:
        raise InvalidArgument(
            "A model in the sandbox cannot be served over gRPC, whose library opens its port by "
            "itself and only after the sandbox is shut. With --isolate the model alone is in the "
            "sandbox, and gRPC is served; else leave out --grpc-port, trust the model (mlmodel "
            "trust add), or serve it without: --sandbox off (GRP-020)."
        )
    if settings.workers > 1 and not hasattr(socket, "SO_REUSEPORT"):
        raise InvalidArgument(
            "Several workers cannot share a port for gRPC on this system; start one (GRP-019)."
        )
