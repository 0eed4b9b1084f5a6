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

#: Threads are started by this number.
_MOST_THREADS = 1024


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
    return "" if right else "features are hashed to a number of columns that is none"


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


def _centers(estimator: Any) -> str:
    """Check centres against the data's width: the compiled distance takes it from the data."""
    state = attributes(estimator)
    if "cluster_centers_" not in state:
        return ""
    width = width_of(estimator)
    if not is_array(state["cluster_centers_"], None, width) or not len(state["cluster_centers_"]):
        return "clusters have centres of another width than their data"
    if not is_count(state.get("_n_threads", 1), 1, _MOST_THREADS):
        return "clusters ask for a number of threads that is none"
    pending, seen = [state.get("_bisecting_tree")], set()
    while pending:
        node = pending.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        below = attributes(node)
        if not is_array(below.get("center"), width):
            return "clusters have centres of another width than their data"
        pending += [below.get("left"), below.get("right")]
    return ""


def _subclusters(estimator: Any) -> str:
    state = attributes(estimator)
    norms = state.get("_subcluster_norms")
    if norms is None and "subcluster_centers_" not in state:
        return ""
    centers = state.get("subcluster_centers_")
    right = is_array(centers, None, width_of(estimator)) and is_array(norms, len(centers))
    return "" if right else "clusters have lengths of other centres than they have"


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
    "sklearn.cluster._birch.Birch": _subclusters,
    "sklearn.cluster._kmeans._BaseKMeans": _centers,
    "sklearn.ensemble._bagging.BaseBagging": _features,
    "sklearn.feature_extraction._dict_vectorizer.DictVectorizer": _vocabulary,
    "sklearn.feature_extraction._hash.FeatureHasher": _hashed,
    "sklearn.feature_extraction.text.CountVectorizer": _vocabulary,
    "sklearn.feature_extraction.text.HashingVectorizer": _hashed,
    "sklearn.preprocessing._encoders.OneHotEncoder": _categories,
    "sklearn.preprocessing._label.MultiLabelBinarizer": _labels,
}
