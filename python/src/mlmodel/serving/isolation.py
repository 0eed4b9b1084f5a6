"""A model in processes of its own: a crash, a hang or a leak costs one request (RST-142)."""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MlmodelError
from mlmodel.pyfunc.walled import load_walled
from mlmodel.store.folder import open_folder
from mlmodel.store.sandboxing import Sandboxed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.pyfunc.model import PyFuncModel
    from mlmodel.serving.settings import Place, Settings

__all__ = ["load_isolated"]

_log = logging.getLogger("mlmodel.serving")


def load_isolated(place: Place, settings: Settings) -> PyFuncModel:
    """Load the model in as many processes as there are threads; return it as one model.

    Raises:
        MlmodelError: what loading raised.

    """
    folder = open_folder(place.uri, trust=settings.trust, allow=settings.allow, digest=place.digest)
    found = Sandboxed(folder, place.wall, place.digest, place.variables)

    def load(_number: int) -> PyFuncModel:
        return load_walled(found, None, served=True, seconds=settings.predict_seconds)

    with ThreadPoolExecutor(settings.threads) as starters:
        models = list(starters.map(load, range(settings.threads)))
    first = models[0]
    first.engine.call = _Processes(models).call
    return first


class _Processes:
    """Gives each call to a process that is free."""

    def __init__(self, models: list[PyFuncModel]) -> None:
        # Each engine's own way to predict, before the first one's becomes that of all.
        self._free: queue.LifoQueue[tuple[PyFuncModel, Any]] = queue.LifoQueue()
        for model in models:
            self._free.put((model, model.engine.call))

    def call(self, data: Any, params: Mapping[str, Any] | None) -> Any:
        """Predict there.

        Raises:
            ModelFailure: the model raised, or its process ended; another one is started then.

        """
        model, predict = self._free.get()
        try:
            answer = predict(data, params)
        except BaseException:
            # Whether it has ended is seen there; a process that runs is not started again.
            threading.Thread(target=self._revive, args=(model, predict), daemon=True).start()
            raise
        self._free.put((model, predict))
        return answer

    def _revive(self, model: PyFuncModel, predict: Any) -> None:
        try:
            model.get_raw_model().revive()
        except MlmodelError:
            _log.exception("The process of a model could not be started again.")
        finally:
            self._free.put((model, predict))
