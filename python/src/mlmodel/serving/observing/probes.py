"""What asks a server how it is: ``/livez``, ``/readyz`` (RST-156) and ``/metrics`` (RST-153)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from mlmodel.errors import MlmodelError, Unavailable
from mlmodel.scoring.answers import refused

if TYPE_CHECKING:
    from flask import Flask

    from mlmodel.scoring.v2 import Registry
    from mlmodel.serving.observing.counters import Counters

__all__ = ["Probes"]


class Probes:
    """The paths that tell how a server is.

    Args:
        models: those that are to be ready.
        counters: what ``/metrics`` tells; None where the path is not there.
        terse: errors say code and rule only (ERR-008).

    Attributes:
        stopping: the server finishes what it has begun, and takes nothing new.

    """

    def __init__(self, models: Registry, counters: Counters | None, *, terse: bool) -> None:
        self._models, self._counters, self._terse = models, counters, terse
        self.stopping = False

    def add_to(self, app: Flask) -> None:
        """Let an application answer these paths."""
        app.add_url_rule("/livez", view_func=self.live)
        app.add_url_rule("/readyz", view_func=self.ready)
        counters = self._counters
        if counters is None:
            return
        # Here, and not when it is first asked for: meanwhile other requests would wait.
        from mlmodel.serving.observing.metrics import exposition

        def metrics() -> Response:
            accept = request.headers.get("Accept")
            kind, text = exposition(counters, self._models, accept)
            return Response(text, content_type=kind)

        app.add_url_rule("/metrics", view_func=metrics)

    def live(self) -> Response:
        """Say that the process answers."""
        return Response("ok\n", mimetype="text/plain")

    def ready(self) -> Response:
        """Say whether requests are to be sent here: all models are loaded, and no end is near."""
        try:
            if self.stopping:
                raise Unavailable("The server is stopping (RST-156).")
            for model in self._models.served():
                model.ready()
        except MlmodelError as error:
            answer = refused(error, terse=self._terse)
            return Response(answer.body, answer.status, content_type=answer.content_type)
        return Response("ok\n", mimetype="text/plain")
