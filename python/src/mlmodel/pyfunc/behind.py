"""What runs behind the wall: it loads one model, and predicts with it (TRU-080)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InternalError, UnserializablePrediction
from mlmodel.pyfunc.loading import load_folder
from mlmodel.pyfunc.scoring import score_by
from mlmodel.pyfunc.served import load_served
from mlmodel.sandbox import values
from mlmodel.store.folder import open_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.pyfunc.model import PyFuncModel

__all__ = ["Behind"]


class Behind:
    """Answers the questions that ``pyfunc/walled.py`` and ``store/sandboxing.py`` ask."""

    def __init__(self) -> None:
        self._model: PyFuncModel | None = None

    def __call__(self, question: str, *given: Any) -> tuple[Any, list[Any]]:
        """Return the answer: a value of JSON, and its buffers."""
        ways: dict[str, Callable[..., tuple[Any, list[Any]]]] = {
            "load": self.load,
            "predict": self.predict,
            "score": self.score,
        }
        return ways[question](*given)

    def load(
        self, root: str, options: dict[str, Any], config: dict[str, Any] | None, served: bool
    ) -> tuple[Any, list[Any]]:
        """Load the model; it passes the gate as anywhere. The answer says whether it is hinted."""
        if served:
            self._model = load_served(root, **options)
        else:
            self._model = load_folder(open_folder(root, **options), config, warn=True)
        return {"hinted": self._model.is_hinted}, []

    def predict(self, data: Any, params: Any, checked: bool) -> tuple[Any, list[Any]]:
        """Predict; ``checked`` says that the signature was enforced on the other side."""
        engine = self._loaded().engine
        answer = engine.call(data, params) if checked else engine.predict(data, params)
        try:
            return values.write(answer)
        except values.Unsendable as error:
            raise UnserializablePrediction(
                f"The model answered with {error}, which is not handed over from a sandbox: "
                "numbers, texts, times, arrays, frames, and lists and mappings of these are "
                "(TRU-084)."
            ) from None

    def score(self, content_type: str, body: bytes) -> tuple[Any, list[Any]]:
        """Answer the body of a request."""
        engine = self._loaded().engine
        return values.write(score_by(engine, content_type, body, warn=warn_caller))

    def _loaded(self) -> PyFuncModel:
        if self._model is None:
            raise InternalError("A model behind the wall is asked before it is loaded.")
        return self._model
