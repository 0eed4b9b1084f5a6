"""PyFuncModel: a loaded model with one way to predict."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

from mlmodel._base.html import table
from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.pyfunc.python_model import PythonModel, PythonModelContext
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.predict import handing_on
from mlmodel.signature.enforce.matching import Matching
from mlmodel.store.description import PYTHON_FUNCTION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlmodel.pyfunc.copies import Copies
    from mlmodel.pyfunc.hints import Hinted
    from mlmodel.scoring.predict import Predict
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.store.description import Model

# MLflow's users look here for the last two, too (``mlflow.pyfunc.model``).
__all__ = ["PyFuncModel", "PythonModel", "PythonModelContext"]

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
        stream_fn: str = "predict_stream",
        model_config: Mapping[str, Any] | None = None,
        hinted: Hinted | None = None,
        copies: Copies | None = None,
    ) -> None:
        """Put a way to predict behind the signature; loaders call this.

        Args:
            metadata: the MLmodel file.
            predict: how the model predicts.
            native: the object behind it.
            stream: how it predicts in parts, where it does (PYF-015).
            stream_fn: the method that would do that (PYF-024).
            model_config: the configuration that it was loaded with.
            hinted: how data become what the model's type hints ask for (PYF-017).
            copies: how it is copied and pickled (TRU-047).

        """
        self.metadata = metadata
        self.model_config = model_config
        self._native = native
        self._copies = copies
        declared = None if metadata.signature is None else metadata.signature.params
        self._stream = stream and handing_on(stream, declared)
        self._stream_fn = stream_fn
        #: Enforce, then predict; servers and other adapters enter here (columns or frames).
        self.engine = Engine(predict, metadata.signature)
        #: The model's own type hints say what it gets (PYF-017).
        self.is_hinted = hinted is not None
        if hinted is not None:
            self.engine.enforce = hinted.deliver(self.engine.enforce)
            if hinted.schema is not None:
                self.engine.matching = Matching(hinted.schema)

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
            params: parameters of this prediction, checked against the signature's; those that it
                does not declare are left out.
            model_input: the same as ``data``.

        Raises:
            InvalidArgument: ``params`` is not a mapping (PYF-030).
            InvalidInput: the data or parameters contradict the signature; all violations at once.
            Exception: whatever the model itself raises, unchanged.

        Warns:
            UserWarning: parameters are left out, since the signature does not declare them
                (ENF-080).

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
                f"This model has no {self._stream_fn}; it can only predict all at once (PYF-015)"
            )
        checked = self.engine.warned(_one_of(data, model_input), params)
        parts: Iterator[Any] = self._stream(*checked)
        return parts

    def unwrap_python_model(self) -> Any:
        """Return the user's own :class:`PythonModel` instance.

        Raises:
            UnsupportedModel: the model is not one.

        """
        if not isinstance(self._native, PythonModel):
            raise UnsupportedModel(
                f"This model is loaded by {self.loader_module} and holds no PythonModel"
            )
        return self._native

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Let pickle store it: by its native model, or by its folder, which is opened anew."""
        if self._copies is None:
            return super().__reduce_ex__(protocol)
        return self._copies.reduced(self._native)

    def __deepcopy__(self, memo: dict[int, Any]) -> PyFuncModel:
        """Return the same model around a copy of its native one.

        One whose native model cannot be copied is opened anew from its folder.
        """
        if self._copies is None:
            raise TypeError("This PyFuncModel was not loaded from a folder, and cannot be copied")
        try:
            native = copy.deepcopy(self._native, memo)
        except (TypeError, pickle.PicklingError):
            function, given = self._copies.reduced(self._native)
            reopened: PyFuncModel = function(*given)
            return reopened
        copied: PyFuncModel = self._copies.around(native)
        return copied

    def get_raw_model(self) -> Any:
        """Return the native model behind the function (an estimator, a PythonModel, …)."""
        return self._native

    def _repr_html_(self) -> str:
        """Return a table of what the model is, and its signature; every text is escaped."""
        described = self.metadata
        rows = [
            ("flavors", ", ".join(described.flavors)),
            ("loader module", self.loader_module if PYTHON_FUNCTION in described.flavors else ""),
            ("model id", str(described.model_id or described.model_uuid or "")),
            ("saved at (UTC)", described.utc_time_created or ""),
        ]
        known = table("mlmodel.pyfunc.PyFuncModel", [row for row in rows if row[1]])
        if self.signature is None:
            return f"{known}<p>It declares no signature: nothing is enforced.</p>"
        return known + self.signature._repr_html_()

    def __repr__(self) -> str:
        flavors = ", ".join(self.metadata.flavors)
        return f"<mlmodel.pyfunc.PyFuncModel of {flavors}; signature {self.signature}>"


def _one_of(data: Any, model_input: Any) -> Any:
    if data is _NOTHING and model_input is _NOTHING:
        raise InvalidArgument("Give the data to predict, such as a data frame: predict(data)")
    if data is not _NOTHING and model_input is not _NOTHING:
        raise InvalidArgument("Give the data to predict only once, as data or as model_input")
    return model_input if data is _NOTHING else data
