"""A model asked for a client: what it raises goes to the log, and never to who asked."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MlmodelError, ModelFailure
from mlmodel.scoring.stages import CURRENT, in_the_log

if TYPE_CHECKING:
    from mlmodel.scoring.engine import Engine

__all__ = ["ask"]

_SERVER_ERROR = 500
_log = logging.getLogger("mlmodel.scoring")


def ask(engine: Engine, data: Any, params: dict[str, object] | None) -> Any:
    """Return what the model answers to checked data and parameters.

    Raises:
        ModelFailure: it raised; its exception is the cause, and is logged (ERR-010).
        MlmodelError: it refused the data by rules of its own.

    """
    stages = CURRENT.get()
    if stages is not None and stages.timed:
        stages.enforced = perf_counter()
    try:
        return engine.call(data, params)
    except MlmodelError as error:
        # A flavor may refuse data by its own rules; anything else is the model's fault.
        if error.http_status < _SERVER_ERROR:
            raise
        failure = error
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a model may raise anything
        failure = error  # type: ignore[assignment]
    finally:
        if stages is not None and stages.timed:
            stages.predicted = perf_counter()
    _log.error("The model raised an exception.", exc_info=failure)
    raise ModelFailure(f"The model failed on this input; {in_the_log()} (ERR-010).") from failure
