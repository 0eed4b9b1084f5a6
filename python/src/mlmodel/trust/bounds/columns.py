"""Estimators whose attributes become places in the matrices that they make (TRU-058)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.values import (
    INTEGERS,
    attributes,
    is_array,
    is_count,
    is_within,
    width_of,
)

__all__ = ["TABLE"]


def _are_places(values: Any, end: int) -> bool:
    return all(is_count(one, 0, end - 1) for one in values)


def _vocabulary(estimator: Any) -> str:
    words = attributes(estimator).get("vocabulary_")
    if words is None:
        return ""
    right = isinstance(words, dict) and _are_places(words.values(), len(words))
    return "" if right else "a vocabulary has words in columns that it does not have"


def _labels(estimator: Any) -> str:
    state = attributes(estimator)
    cached = state.get("_cached_dict")
    right = cached is None or (
        isinstance(cached, dict) and _are_places(cached.values(), len(state["classes_"]))
    )
    return "" if right else "labels are in columns that are not there"


def _hashed(estimator: Any) -> str:
    right = is_count(attributes(estimator).get("n_features"), 1)
    return "" if right else "features are hashed to an invalid number of columns"


def _categories(encoder: Any) -> str:
    """Check the columns of an encoder: they are added up, and never held against its categories."""
    state = attributes(encoder)
    categories, counts = state.get("categories_"), state.get("_n_features_outs")
    if categories is None or counts is None:
        return ""
    dropped = state.get("_drop_idx_after_grouping")
    grouped = state.get("_default_to_infrequent_mappings") if _groups(encoder) else None
    for i, known in enumerate(categories):
        values = len(known)
        if grouped is not None and grouped[i] is not None:
            if not is_array(grouped[i], values, kinds=INTEGERS) or not is_within(
                grouped[i], values
            ):
                return "an encoder groups categories that it does not have"
            values = int(grouped[i].max()) + 1
        if dropped is not None and dropped[i] is not None:
            if not is_count(dropped[i], 0, values - 1):
                return "an encoder drops a category that it does not have"
            values -= 1
        if not is_count(counts[i], values, values):
            return "an encoder has another number of columns than of categories"
    right = len(counts) == len(categories) and (dropped is None or len(dropped) == len(categories))
    return "" if right else "an encoder has another number of columns than of categories"


def _groups(encoder: Any) -> bool:
    return bool(getattr(encoder, "_infrequent_enabled", False))


def _features(estimator: Any) -> str:
    """Check the columns that the members of an ensemble take."""
    state = attributes(estimator)
    chosen = state.get("estimators_features_")
    if chosen is None:
        return ""
    width = width_of(estimator)
    right = len(chosen) == len(state.get("estimators_", ())) and all(
        is_within(one, width) if is_array(one, None, kinds=INTEGERS) else _are_places(one, width)
        for one in chosen
    )
    return "" if right else "an ensemble takes columns that its data do not have"


TABLE = {
    "sklearn.ensemble._bagging.BaseBagging": _features,
    "sklearn.feature_extraction._dict_vectorizer.DictVectorizer": _vocabulary,
    "sklearn.feature_extraction._hash.FeatureHasher": _hashed,
    "sklearn.feature_extraction.text.CountVectorizer": _vocabulary,
    "sklearn.feature_extraction.text.HashingVectorizer": _hashed,
    "sklearn.preprocessing._encoders.OneHotEncoder": _categories,
    "sklearn.preprocessing._label.MultiLabelBinarizer": _labels,
}
