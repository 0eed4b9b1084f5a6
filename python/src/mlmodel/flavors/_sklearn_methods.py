"""The methods that ``predict_fn`` may name, and how a model predicts by one (SKL-004, SKL-005)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import UnsupportedModel
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.scoring.predict import Taking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["METHODS", "predictor", "warn_of_no_method"]

#: Those that take X alone and predict.
METHODS = (
    "predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba",
    "score_samples", "decision_function", "transform",
)  # fmt: skip


def predictor(model: Any, name: str) -> Predict:
    """Return how an estimator predicts by its method of this name.

    Raises:
        UnsupportedModel: it has no such method.

    """
    if name not in METHODS or not hasattr(model, name):
        raise UnsupportedModel(
            f"predict_fn is {name!r}, but the model ({type(model).__qualname__}) has no such "
            f"prediction method (SKL-004); it may name one of {', '.join(METHODS)}"
        )
    from mlmodel.flavors._sklearn_inputs import Inputs, last_step  # numpy, pandas

    method, inputs = getattr(model, name), Inputs(model)
    asked = getattr(last_step(model), name, method)
    arguments = PredictArguments.of_method(asked, ("X",), f"the model's {name}", "PYF-025")

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        return inputs.predict(method, model_input, arguments.given(params))

    return Taking(predict, arguments.takes)


def warn_of_no_method(model: Any, name: str) -> None:
    """Warn that a model is saved natively alone, and say which methods it has."""
    others = [other for other in METHODS if hasattr(model, other)]
    ways = f"pyfunc_predict_fn may name {', '.join(others)}" if others else "it has no other"
    warn_caller(
        f"{type(model).__qualname__} has no method {name!r}; the model is saved without a "
        f"python_function, for load_model of mlmodel.sklearn alone: {ways} (SKL-005)"
    )
