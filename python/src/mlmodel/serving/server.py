"""The server's parent process: light, holds no model, starts, replaces and ends the workers.

Nothing that the model needs is imported here, so that the parent costs some 30 MiB only.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from mlmodel._base.extras import require
from mlmodel.serving.listening import listen, listen_at, url_of
from mlmodel.serving.logs import set_up
from mlmodel.serving.parent import Parent
from mlmodel.serving.signals import Signals
from mlmodel.serving.worker import encryption
from mlmodel.store.sandboxing import decide

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from mlmodel.serving.settings import Settings

__all__ = ["run"]


def run(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called with the URL once it answers.

    On SIGHUP the workers are replaced one after the other, each by one that has loaded the model
    again; none is ended before the other is ready (RST-116).

    Raises:
        InvalidArgument: the port is taken or the address is not this machine's.
        MlmodelError: what a worker reported while it loaded the model.

    """
    require("httptools", "serve")
    found = decide(settings.model, settings.sandbox, trust=settings.trust, allow=settings.allow)
    if found is not None:
        root = str(found.folder.root)
        settings = replace(
            settings,
            model=root,
            wall=found.wall,
            digest=found.digest,
            variables=found.variables,
        )
    if settings.certificate is not None:
        encryption(settings)  # a file that cannot be used is told before anything is started
    with _listening(settings) as listener, Signals() as told:
        # Where the model has processes of its own the wall is around these.
        parent = Parent(settings, listener, None if settings.isolate else found, told)
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
