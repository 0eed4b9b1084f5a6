"""How boosted trees predict: features by name or number, by the method python_function names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, MlmodelError, UnsupportedModel
from mlmodel.flavors._classes import class_name
from mlmodel.flavors._failures import cannot_be_read
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from mlmodel.flavors._arguments import PredictArguments
    from mlmodel.flavors._features import Features

__all__ = ["key_of_method", "method_of", "predictor", "reading_features"]

_KEY, _PREDICT = "predict_fn", "predict"
#: What python_function may call.
_METHODS = (_PREDICT, "predict_proba")


def key_of_method(model: Any, name: str, rule: str) -> dict[str, str]:
    """Return the key of python_function that names the method to call; none is ``predict``.

    Raises:
        InvalidArgument: the model has no such method of prediction.

    """
    _require_method(model, name, rule, InvalidArgument, f"pyfunc_{_KEY}")
    return {} if name == _PREDICT else {_KEY: name}


def method_of(model: Any, attributes: Mapping[str, Any], rule: str) -> str:
    """Return the name of the method that python_function calls.

    Raises:
        UnsupportedModel: the model has no such method of prediction.

    """
    name = attributes.get(_KEY) or _PREDICT
    _require_method(model, name, rule, UnsupportedModel)
    return str(name)


def _require_method(
    model: Any, name: object, rule: str, error: type[MlmodelError], said: str = _KEY
) -> None:
    if name not in _METHODS or not hasattr(model, str(name)):
        raise error(
            f"{said} is {name!r}; it may name predict, and for a classifier of the "
            f"scikit-learn interface predict_proba ({rule}). The model is a {class_name(model)}"
        )


def reading_features(attributes: Mapping[str, Any], rule: str) -> AbstractContextManager[None]:
    """Turn what a library raises while it tells a model's features into an InvalidModel."""
    file = attributes.get("data") or "The model's file"
    return cannot_be_read(str(file), "has features that cannot be used", rule)


def predictor(
    method: Callable[..., Any],
    features: Features,
    arguments: PredictArguments,
    refused: Callable[[], AbstractContextManager[None]],
    wrong: Callable[[Mapping[str, Any]], Mapping[str, str]] = lambda _: {},
) -> Taking:
    """Return how trees predict: ``method`` of the rows of ``features`` and of ``arguments``.

    ``refused`` is what tells the library's errors, ``wrong`` what is wrong with values of
    parameters, by their names.
    """

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        given, rows = arguments.given(params, wrong(params or {})), features.of(model_input)
        with refused():
            return method(rows, **given)

    return Taking(predict, arguments.takes)
