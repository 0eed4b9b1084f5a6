"""PythonModel: a user's own class or function as a model, and how its ``predict`` is called."""

from __future__ import annotations

import difflib
import functools
import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.flavors._base import is_a_class
from mlmodel.scoring.predict import Taking, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlmodel.scoring.predict import Predict

__all__ = [
    "PythonModel",
    "PythonModelContext",
    "as_python_model",
    "calling",
    "plain_function",
    "predictor",
    "streamer",
]


@dataclass(frozen=True)
class PythonModelContext:
    """What a PythonModel is given: its artifacts' paths by name, and its configuration."""

    artifacts: Mapping[str, str] = field(default_factory=dict)
    model_config: Mapping[str, Any] = field(default_factory=dict)


class PythonModel:
    """Base of a user's own model.

    ``predict`` is defined as ``predict(self, context, model_input, params=None)`` or without
    ``context``, and with or without ``params``; :func:`predictor` calls each as it is.

    It is not an abstract class: a class pickled by value is built empty and filled afterwards, and
    an abstract base would count its methods as missing.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Prepare the model from its artifacts; called once, after loading."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - what subclasses are given
        """Return predictions for ``model_input``; every subclass defines it."""
        raise UnsupportedModel(f"{type(self).__qualname__} defines no method predict (PYF-007)")

    def predict_stream(self, context: Any, model_input: Any, params: Any = None) -> Iterator[Any]:  # noqa: ARG002 - what subclasses are given
        """Return an iterator of parts of a prediction; a subclass may define it (PYF-015)."""
        raise UnsupportedModel(
            f"{type(self).__qualname__} defines no method predict_stream (PYF-015)"
        )


class _FunctionPythonModel(PythonModel):
    """A function as a model (PYF-014). Its name and its attribute are those of MLflow's pickles."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func
        self.signature: Any = None  # MLflow's reader asks for it

    def predict(self, model_input: Any, params: Any = None) -> Any:  # type: ignore[override]
        """Return what the function returns."""
        return calling(plain_function(self), ())(model_input, params)


def as_python_model(given: Any) -> PythonModel:
    """Return a PythonModel for an instance of one, or for a function of the data.

    Raises:
        InvalidArgument: it is neither, or a function that takes more than the data.

    """
    if isinstance(given, PythonModel):
        _check_predicts(given)
        return given
    if isinstance(given, type):
        raise is_a_class(given)
    if not callable(given):
        raise InvalidArgument(
            "python_model is an instance of a subclass of mlmodel.pyfunc.PythonModel, a function "
            "of the data, or the path of a Python file, not "
            f"{type(given).__qualname__} (PYF-014)"
        )
    try:
        parameters = _positional(given)
    except ValueError as error:  # some functions in C do not say what they take
        raise InvalidArgument(
            f"The arguments of python_model cannot be found out ({error}); wrap it in a "
            "function of "
            "one argument, the data (PYF-014)"
        ) from error
    needed = [p for p in parameters if p.default is p.empty and p.name != "params"]
    if len(needed) != 1:
        raise InvalidArgument(
            "A function given as python_model takes one argument, the data (and may take params); "
            f"{getattr(given, '__qualname__', given)} takes {len(needed)} (PYF-014)"
        )
    return _FunctionPythonModel(given)


def _check_predicts(model: PythonModel) -> None:
    """Refuse a model without a predict of its own: the base's would fail when it is asked."""
    kind = type(model)
    own = getattr(kind, "predict", None)
    if own is PythonModel.predict and kind.predict_stream is PythonModel.predict_stream:
        raise InvalidArgument(
            f"{kind.__qualname__} defines no method predict, which every PythonModel needs; "
            f"{_meant(kind)}(PYF-007, PYF-042)"
        )


def _meant(kind: type) -> str:
    own = vars(kind).keys() - vars(PythonModel).keys()
    methods = sorted(name for name in own if callable(getattr(kind, name, None)))
    close = difflib.get_close_matches("predict", methods, 1)
    return f"is its method {close[0]!r} meant? " if close else "define predict(self, model_input) "


def plain_function(model: PythonModel, method: str = "predict") -> Callable[..., Any]:
    """Return the user's own ``predict``: as it is written, and without MLflow's wrapper.

    MLflow wraps it in a check that needs MLflow. The method of a class takes ``self`` first.
    """
    if isinstance(model, _FunctionPythonModel) and method == "predict":
        function = _unwrapped(model.func)
        if inspect.isroutine(function) or isinstance(function, functools.partial):
            return function
        called: Callable[..., Any] = type(function).__call__.__get__(function)  # it has the hints
        return called
    return _unwrapped(getattr(type(model), method))


def _bound(model: PythonModel, method: str) -> Callable[..., Any]:
    function = plain_function(model, method)
    if isinstance(model, _FunctionPythonModel) and method == "predict":
        return function
    return functools.partial(function, model)


def _unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what MLflow wrapped; the user's own decorators stay."""
    while getattr(function, "_is_pyfunc", False) and hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def predictor(model: PythonModel, context: PythonModelContext, method: str = "predict") -> Predict:
    """Return how ``model`` predicts, with the arguments that its ``predict`` takes (PYF-007)."""
    function = _bound(model, method)
    parameters = _positional(function)
    required = [p for p in parameters if p.default is p.empty and p.name != "params"]
    takes_context = (
        any(p.name == "context" for p in parameters)
        or len(required) > 1
        or any(p.kind is p.VAR_POSITIONAL for p in inspect.signature(function).parameters.values())
    )
    return calling(function, (context,) if takes_context else ())


def streamer(
    model: PythonModel, context: PythonModelContext, method: str = "predict_stream"
) -> Predict | None:
    """Return how ``model`` predicts in parts, or None where it does not (PYF-015, PYF-024)."""
    own = getattr(type(model), method, None)
    if own is None or own is PythonModel.predict_stream:
        return None
    return predictor(model, context, method)


def calling(method: Callable[..., Any], first: tuple[Any, ...]) -> Predict:
    """Return ``method(*first, model_input)`` as a way to predict, with params where it takes them.

    Params for a method that takes none are an error of the caller, never dropped (PYF-025).
    """
    parameters = inspect.signature(method).parameters.values()
    takes_params = any(p.name == "params" or p.kind is p.VAR_KEYWORD for p in parameters)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        if takes_params:
            return method(*first, model_input, params=params)
        refuse(params or ())
        return method(*first, model_input)

    return Taking(predict, lambda _name: takes_params)


def _positional(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
