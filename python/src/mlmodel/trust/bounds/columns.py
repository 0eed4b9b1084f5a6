"""Estimators whose attributes become places in the matrices that they make (TRU-058, TRU-100)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.values import (
    INTEGERS,
    Broken,
    attributes,
    is_array,
    is_count,
    is_vector,
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
    """Check the columns of an encoder (TRU-100).

    They are added up, and never held against its categories.
    """
    state = attributes(encoder)
    categories, counts = state.get("categories_"), state.get("_n_features_outs")
    if categories is None or counts is None:
        return ""
    # With an array in the place of a list, scikit-learn would add where it is to put together.
    if not isinstance(categories, list) or not isinstance(counts, list):
        return _OTHER_COLUMNS
    dropped = state.get("_drop_idx_after_grouping")
    if any(one is not None and len(one) != len(categories) for one in (counts, dropped)):
        return _OTHER_COLUMNS
    none = [None] * len(categories)
    rare = state["_infrequent_indices"] if _groups(encoder) else none
    mappings = state["_default_to_infrequent_mappings"] if _groups(encoder) else none
    each = zip(
        categories, rare, mappings, none if dropped is None else dropped, counts, strict=True
    )
    return next(filter(None, (_of_column(*one) for one in each)), "")


def _of_column(known: Any, rare: Any, mapping: Any, dropped: Any, count: Any) -> str:
    """Return what is wrong with one column's categories and the columns that are made of them."""
    if not is_vector(known) or not _ends_with_the_largest(known):
        return Broken("TRU-100", "an encoder has categories that are not in order")
    if not _rare_fit(rare, mapping, len(known)):
        return Broken("TRU-100", "an encoder groups categories that it does not have")
    values = len(known) if mapping is None else int(mapping.max()) + 1
    if dropped is not None:
        if not is_count(dropped, 0, values - 1):
            return Broken("TRU-100", "an encoder drops a category that it does not have")
        values -= 1
    return "" if is_count(count, values, values) else _OTHER_COLUMNS


_OTHER_COLUMNS = Broken("TRU-100", "an encoder has another number of columns than of categories")


def _ends_with_the_largest(known: Any) -> bool:
    """Whether no category would be searched for behind the last of them.

    Numbers and times are found by halving, which trusts that they are in order: one that is larger
    than the last is found behind it. Texts and objects are looked up, and may be in any order.
    """
    import numpy as np

    if not len(known) or known.dtype.kind not in _ORDERED:
        return True
    largest = np.sort(known)[-1]  # NaN is behind all others
    return bool(largest == known[-1] or known[-1] != known[-1])  # as NaN is


_ORDERED = frozenset("biufcmM")


def _rare_fit(rare: Any, mapping: Any, values: int) -> bool:
    """Whether the categories that are grouped are those that are mapped, and all are within."""
    if rare is None or mapping is None:
        return rare is None and mapping is None
    return (
        is_array(mapping, values, kinds=INTEGERS)
        and is_within(mapping, values)
        and is_array(rare, None, kinds=INTEGERS)
        and is_within(rare, values)
    )


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
