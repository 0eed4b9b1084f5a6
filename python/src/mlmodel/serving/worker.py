"""A worker process: loads the model and hands the application to granian."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InternalError, MlmodelError

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from mlmodel.serving.app import Application
    from mlmodel.serving.settings import Settings

__all__ = ["load"]

#: How often a worker looks whether the process that started it is still there, in seconds.
_LOOK = 1.0


def load(settings: Settings, reports: SimpleQueue[Any]) -> Application:
    """Return the application, in the worker; report to the parent how it went.

    A report is None (loaded) or the error. Where loading fails the worker ends.
    """
    _take_over_signals()
    _watch_parent(os.getppid())
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    try:
        application = _application(settings)
    except MlmodelError as error:
        reports.put(error)
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        logging.getLogger("mlmodel.serving").exception("The model could not be loaded.")
        reports.put(InternalError(f"{type(error).__name__}: {error}"))
        raise SystemExit(InternalError.exit_code) from None
    reports.put(None)
    return application


def _application(settings: Settings) -> Application:
    from mlmodel.pyfunc.served import load_served
    from mlmodel.serving.app import Application

    model = load_served(settings.model, trust=settings.trust, allow=settings.allow)
    return Application(
        model.engine,
        max_body=settings.max_body,
        terse=settings.terse,
        threads=settings.threads,
    )


def _take_over_signals() -> None:
    # A forked worker has the parent's handlers, which would swallow the parent's own SIGTERM
    # while the model loads. Ctrl-C goes to the whole group: the parent ends the workers.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _watch_parent(parent: int) -> None:
    """End this process soon after its parent is gone, however the parent ended."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="mlmodel-parent-watch", daemon=True).start()
