"""PyFuncModel: a loaded model with one way to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.scoring.engine import Engine
from mlmodel.store.description import PYTHON_FUNCTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlmodel.scoring.predict import Predict
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.store.description import Model

__all__ = ["PyFuncModel"]

#: Stands for an argument that was not given: None may be the data of a model without signature.
_NOTHING: Any = object()


class PyFuncModel:
    """A loaded model: its metadata, and prediction behind the signature's enforcement."""

    def __init__(
        self,
        metadata: Model,
        predict: Predict,
        native: Any = None,
        *,
        stream: Predict | None = None,
        model_config: Mapping[str, Any] | None = None,
        deliver: Callable[[Callable[[Any], Any]], Callable[[Any], Any]] | None = None,
    ) -> None:
        """Put a way to predict behind the signature; loaders call this.

        Args:
            metadata: the MLmodel file.
            predict: how the model predicts.
            native: the object behind it.
            stream: how it predicts in parts, where it does (PYF-015).
            model_config: the configuration that it was loaded with.
            deliver: makes of the signature's enforcement one that hands over what the model's
                type hints ask for (PYF-017).

        """
        self.metadata = metadata
        self.model_config = model_config
        self._native = native
        self._stream = stream
        #: Enforce, then predict; servers and other adapters enter here (columns or frames).
        self.engine = Engine(predict, metadata.signature)
        if deliver is not None:
            self.engine.enforce = deliver(self.engine.enforce)

    @property
    def signature(self) -> ModelSignature | None:
        """Inputs, outputs and parameters, or None: then nothing is enforced."""
        return self.metadata.signature

    @property
    def loader_module(self) -> str:
        """The loader that the MLmodel file names."""
        return str(self.metadata.flavors[PYTHON_FUNCTION]["loader_module"])

    @property
    def model_id(self) -> str | None:
        """The id that a registry gave the model."""
        model_id: str | None = self.metadata.model_id
        return model_id

    @property
    def input_example(self) -> Any:
        """The saved input example in the form in which the model gets it, or None."""
        return self.metadata.load_input_example()

    def predict(
        self,
        data: Any = _NOTHING,
        params: Mapping[str, Any] | None = None,
        *,
        model_input: Any = _NOTHING,
    ) -> Any:
        """Enforce the signature on ``data`` and return the model's predictions as they are.

        Args:
            data: DataFrame, ndarray, dict or list; ``model_input=`` is the edition's name for it.
                Without a signature, anything: the model gets it as it is (ENF-090).
            params: parameters of this prediction, checked against the signature's.
            model_input: the same as ``data``.

        Raises:
            InvalidInput: the data or parameters contradict the signature; all violations at once.
            Exception: whatever the model itself raises, unchanged.

        """
        return self.engine.predict(_one_of(data, model_input), params)

    def predict_stream(
        self,
        data: Any = _NOTHING,
        params: Mapping[str, Any] | None = None,
        *,
        model_input: Any = _NOTHING,
    ) -> Iterator[Any]:
        """Enforce the signature on ``data`` and return the parts of a prediction (PYF-015).

        Args, and what is raised, as for :meth:`predict`.

        Raises:
            UnsupportedModel: the model predicts in one piece only.

        """
        if self._stream is None:
            raise UnsupportedModel(
                "This model has no predict_stream; it can only predict all at once (PYF-015)"
            )
        checked = self.engine.checked(_one_of(data, model_input), params)
        parts: Iterator[Any] = self._stream(*checked)
        return parts

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


def _one_of(data: Any, model_input: Any) -> Any:
    if (data is _NOTHING) == (model_input is _NOTHING):
        raise InvalidArgument("Give the data to predict only once, as data or as model_input")
    return model_input if data is _NOTHING else data
