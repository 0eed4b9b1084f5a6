"""The server's parent process: light, holds no model, starts, replaces and ends the workers.

Nothing that the model needs is imported here, so that the parent costs some 30 MiB only.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument
from mlmodel.serving.listening import listen, listen_at, url_of
from mlmodel.serving.logs import set_up
from mlmodel.serving.names import naming
from mlmodel.serving.parent import Parent
from mlmodel.serving.signals import Signals
from mlmodel.serving.worker import encryption
from mlmodel.store.folder import open_folder
from mlmodel.store.sandboxing import decide_together

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from mlmodel.serving.settings import Place, Settings
    from mlmodel.store.folder import ModelFolder

__all__ = ["run"]


def run(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called with the URL once it answers.

    On SIGHUP the workers are replaced one after the other, each by one that has loaded the model
    again; none is ended before the other is ready (RST-116).

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
    settings = replace(settings, models=_decided(settings))
    if settings.certificate is not None:
        encryption(settings)  # a file that cannot be used is told before anything is started
    with _listening(settings) as listener, Signals() as told:
        parent = Parent(settings, listener, told)
        try:
            if parent.start():
                scheme = "http" if settings.certificate is None else "https"
                ready(url_of(settings.host, listener, scheme))
                set_up()
                parent.watch()
        finally:
            parent.end()


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


def _opened(place: Place, settings: Settings) -> ModelFolder:
    with naming(place.name, settings.models):
        return open_folder(place.uri, trust=settings.trust, allow=settings.allow)
