"""Transformers that give one row for each row of their data, whatever numbers they keep (TRU-099).

They fill in an array as long as the data, change the data in place, or choose columns: numpy
refuses what does not fit. What iterates over its data (texts, dicts, labels, pictures) is not on
the list: it takes the columns of a frame for rows.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mlmodel.trust.bounds.values import attributes, is_array, is_vector, place_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PASSED", "is_for_each", "keeps_rows"]

#: What stands in the place of a member that changes nothing, or is left out.
PASSED = ("passthrough", "drop", None)
#: Members of members, deeper than any that a person makes.
_DEEPEST = 32
_OWN = "sklearn."


def keeps_rows(transformer: Any, depth: int = 0) -> bool:
    """Return whether what a transformer gives has exactly the rows of its data."""
    place = place_of(transformer)
    if (isinstance(transformer, str) or transformer is None) and transformer in PASSED:
        return True
    if depth > _DEEPEST or not place.startswith(_OWN):
        return False
    run = _MEASURED.get(place)
    if run is not None:
        return run(attributes(transformer), depth + 1)
    return place in _KEEPING


def is_for_each(state: Any) -> bool:
    """Return whether a function transformer gives its data back in their shape."""
    function = state.get("func")
    if state.get("kw_args"):
        return False
    return function is None or _is_of_one_value(function) or _is_a_check(function)


def _is_of_one_value(function: Any) -> bool:
    """Whether a function works on each value by itself."""
    import numpy as np

    each = isinstance(function, np.ufunc) and function.nin == function.nout == 1
    return each and function.signature is None


def _is_a_check(function: Any) -> bool:
    """Whether a function only looks at its data, as gradient boosting of histograms has one."""
    given = isinstance(function, functools.partial) and not function.args
    checked = getattr(function, "func", None)
    place = f"{getattr(checked, '__module__', '')}.{getattr(checked, '__qualname__', '')}"
    return given and place == "sklearn.utils.validation.check_array"


def _function(state: Any, _depth: int) -> bool:
    return is_for_each(state)


def _steps(state: Any, depth: int) -> bool:
    return all(keeps_rows(one, depth) for _, one in state.get("steps", ()))


def _union(state: Any, depth: int) -> bool:
    return all(keeps_rows(one, depth) for _, one in state.get("transformer_list", ()))


def _columns(state: Any, depth: int) -> bool:
    return all(keeps_rows(one[1], depth) for one in state.get("transformers_", ()))


def _components(state: Any, _depth: int) -> bool:
    mean = state.get("mean_")
    flat = mean is None or is_vector(mean)
    return flat and is_array(state.get("components_"), None, None)


def _within(name: str, *wanted: str) -> Callable[[Any, int], bool]:
    """Return the check of a transformer that hands its data on to one of its own."""

    def run(state: Any, depth: int) -> bool:
        held = state.get(name)
        if held is None:
            return True
        return place_of(held).endswith(wanted) and keeps_rows(held, depth)

    return run


_MEASURED: dict[str, Callable[[Any, int], bool]] = {
    "sklearn.compose._column_transformer.ColumnTransformer": _columns,
    "sklearn.decomposition._pca.PCA": _components,
    "sklearn.decomposition._truncated_svd.TruncatedSVD": _components,
    "sklearn.pipeline.FeatureUnion": _union,
    "sklearn.pipeline.Pipeline": _steps,
    "sklearn.preprocessing._data.PowerTransformer": _within("_scaler", "StandardScaler"),
    "sklearn.preprocessing._discretization.KBinsDiscretizer": _within("_encoder", "OneHotEncoder"),
    "sklearn.preprocessing._function_transformer.FunctionTransformer": _function,
}
_NAMES = {
    "sklearn.feature_selection._from_model": ("SelectFromModel",),
    "sklearn.feature_selection._rfe": ("RFE", "RFECV"),
    "sklearn.feature_selection._sequential": ("SequentialFeatureSelector",),
    "sklearn.feature_selection._univariate_selection": (
        "GenericUnivariateSelect", "SelectFdr", "SelectFpr", "SelectFwe", "SelectKBest",
        "SelectPercentile",
    ),
    "sklearn.feature_selection._variance_threshold": ("VarianceThreshold",),
    "sklearn.impute._base": ("SimpleImputer",),
    "sklearn.preprocessing._data": (
        "Binarizer", "MaxAbsScaler", "MinMaxScaler", "Normalizer", "QuantileTransformer",
        "RobustScaler", "StandardScaler",
    ),
    "sklearn.preprocessing._encoders": ("OneHotEncoder", "OrdinalEncoder"),
    "sklearn.preprocessing._polynomial": ("PolynomialFeatures", "SplineTransformer"),
    "sklearn.preprocessing._target_encoder": ("TargetEncoder",),
}  # fmt: skip
_KEEPING = frozenset(f"{module}.{name}" for module, names in _NAMES.items() for name in names)
