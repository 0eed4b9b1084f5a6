"""PyFuncModel: a loaded model with one way to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.model import PYTHON_FUNCTION
from mlmodel.scoring.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict
    from mlmodel.model import Model
    from mlmodel.signature.types import ModelSignature

__all__ = ["PyFuncModel"]


class PyFuncModel:
    """A loaded model: its metadata, and prediction behind the signature's enforcement."""

    def __init__(self, metadata: Model, predict: Predict, native: Any = None) -> None:
        self.metadata = metadata
        self._native = native
        #: Enforce, then predict; servers and other adapters enter here (columns or frames).
        self.engine = Engine(predict, metadata.signature)

    @property
    def signature(self) -> ModelSignature | None:
        """Inputs, outputs and parameters, or None: then nothing is enforced."""
        return self.metadata.signature

    @property
    def loader_module(self) -> str:
        """The loader that the MLmodel file names."""
        return str(self.metadata.flavors[PYTHON_FUNCTION]["loader_module"])

    def predict(
        self,
        data: Any = None,
        params: Mapping[str, Any] | None = None,
        *,
        model_input: Any = None,
    ) -> Any:
        """Enforce the signature on ``data`` and return the model's predictions as they are.

        Args:
            data: DataFrame, ndarray, dict or list; ``model_input=`` is the edition's name for it.
            params: parameters of this prediction, checked against the signature's.
            model_input: the same as ``data``.

        Raises:
            InvalidInput: the data or parameters contradict the signature; all violations at once.
            Exception: whatever the model itself raises, unchanged.

        """
        if (data is None) == (model_input is None):
            raise InvalidArgument("predict takes the data once, as data or as model_input")
        return self.engine.predict(model_input if data is None else data, params)

    def unwrap_python_model(self) -> Any:
        """Return the user's own :class:`PythonModel` instance.

        Raises:
            UnsupportedModel: the model is not one.

        """
        from mlmodel.pyfunc.python_model import PythonModel

        if not isinstance(self._native, PythonModel):
            raise UnsupportedModel(
                f"This model is loaded by {self.loader_module} and holds no PythonModel"
            )
        return self._native

    def get_raw_model(self) -> Any:
        """Return the native model behind the function (an estimator, a PythonModel, …)."""
        return self._native

    def __repr__(self) -> str:
        flavors = ", ".join(self.metadata.flavors)
        return f"<mlmodel.pyfunc.PyFuncModel of {flavors}; signature {self.signature}>"
