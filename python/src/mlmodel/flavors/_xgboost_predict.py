"""How boosters of XGBoost, and models of its scikit-learn interface, predict."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mlmodel._base.texts import cut
from mlmodel.flavors import _trees
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._features import Features
from mlmodel.flavors._xgboost_categories import categories_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

_RANGE = "iteration_range"


def predictor(xgboost: ModuleType, model: Any, attributes: Mapping[str, Any]) -> Predict:
    """Return how a model predicts, by the method that the attributes of python_function name."""
    is_booster = isinstance(model, xgboost.Booster)
    booster = model if is_booster else model.get_booster()
    with _trees.reading_features(attributes, "XGB-016"):
        names, types = booster.feature_names, booster.feature_types
        count, categories = int(booster.num_features()), categories_of(booster)
    features = Features(
        names, count, categories=categories,
        library="XGBoost", features_rule="XGB-007", data_rule="XGB-008", values_rule="XGB-012",
    )  # fmt: skip
    name = _trees.method_of(model, attributes, "XGB-020")
    method = getattr(model, name)

    def ask(rows: Any, **given: Any) -> Any:
        if given.get(_RANGE) is not None:  # a list, where it comes from JSON
            given[_RANGE] = tuple(given[_RANGE])
        if is_booster:
            told = {}
            if names and not hasattr(rows, "columns"):
                told = {"feature_names": names, "feature_types": types}
            rows = xgboost.DMatrix(rows, enable_categorical=True, **told)
        return method(rows, **given)

    arguments = PredictArguments.of_method(method, ("data", "X"), f"XGBoost's {name}", "XGB-009")
    refused = partial(refused_by, "XGBoost", "XGB-015", xgboost.core.XGBoostError)
    return _trees.predictor(ask, features, arguments, refused, _wrong)


def _wrong(params: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with values of parameters, of which the data are not the reason."""
    given = params.get(_RANGE)
    if given is None or _is_range(given):
        return {}
    return {
        _RANGE: f"Parameter {_RANGE!r} is two whole numbers, the first round and the one after "
        f"the last: (0, 10) for the first ten. Given is {cut(repr(given))}."
    }


def _is_range(given: Any) -> bool:
    try:
        first, last = given
        return (int(first), int(last)) == (first, last)
    except (TypeError, ValueError, OverflowError):
        return False
