"""Neighbours and distances: rows of an index, weights of a distance, labels of rows (TRU-058)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.values import (
    INTEGERS,
    Broken,
    attributes,
    is_array,
    is_within,
    places_of,
    width_of,
)

__all__ = ["TABLE"]

#: No index has so many levels: each doubles the number of its nodes.
_MOST_LEVELS = 48
_INDEXES = (
    # Without a number until scikit-learn 1.3.
    "sklearn.neighbors._ball_tree.BinaryTree",
    "sklearn.neighbors._kd_tree.BinaryTree",
    "sklearn.neighbors._ball_tree.BinaryTree64",
    "sklearn.neighbors._ball_tree.BinaryTree32",
    "sklearn.neighbors._kd_tree.BinaryTree64",
    "sklearn.neighbors._kd_tree.BinaryTree32",
)


def _index(index: Any) -> str:
    """Check an index and the distance that it asks."""
    state = index.__getstate__()
    layers = 2 if "_kd_tree" in type(index).__module__ else 1
    wrong = _rows_and_nodes(state, layers)
    if wrong:
        return wrong
    data, metric = state[0], state[11]
    if metric is None:
        return "an index of neighbours has no distance"
    return _distance(metric) or _distance_over(metric, data.shape[1])


def _rows_and_nodes(state: Any, layers: int) -> str:
    """Check the arrays of an index; ``layers``: how many bounds a node has."""
    data, rows, nodes, bounds, leaf_size, levels, count = state[:7]
    weights, size = state[12], len(data)
    whole = 0 < levels <= _MOST_LEVELS and count == len(nodes) == 2**levels - 1
    if not whole or not size or bounds.shape != (layers, count, data.shape[1]):
        return "an index of neighbours has arrays that do not fit"
    if len(rows) != size or not is_within(rows, size) or leaf_size < 1:
        return "an index of neighbours refers to rows that it does not have"
    if weights is not None and len(weights) != size:
        return "an index of neighbours has weights for other rows than it has"
    first, last = nodes["idx_start"], nodes["idx_end"]
    if (first < 0).any() or (last > size).any() or (first > last).any():
        return "an index of neighbours refers to rows that it does not have"
    if (nodes["is_leaf"][count // 2 :] == 0).any():
        return "an index of neighbours goes on behind its last level"
    return ""


def _distance(metric: Any) -> str:
    """Check the weights of a distance against each other."""
    name = type(metric).__name__
    if name.startswith("DistanceMetric"):
        return "a distance is one of no kind"
    _power, weights, matrix = metric.__getstate__()[:3]
    if name.startswith("Mahalanobis"):
        # One that was made without its state has no room to compute in.
        if matrix.shape[0] != matrix.shape[1] or not matrix.any():
            return "a Mahalanobis distance has a matrix that is not square, or none"
    elif name.startswith("SEuclidean") and not len(weights):
        return "a distance has no weights"
    return ""


def _distance_over(metric: Any, width: int) -> str:
    """Check that a distance has a weight for each feature: an index asks it without looking."""
    name = type(metric).__name__
    _power, weights, matrix = metric.__getstate__()[:3]
    if name.startswith("Haversine"):
        fits = width == 2  # noqa: PLR2004 - latitude and longitude
    elif name.startswith("Mahalanobis"):
        fits = len(matrix) == width
    elif name.startswith("SEuclidean"):
        fits = len(weights) == width
    else:
        # Minkowski's may be absent; those that take none keep one number.
        fits = not name.startswith("Minkowski") or len(weights) in {0, width} or not weights.any()
    return "" if fits else "a distance has weights for another number of features"


def _neighbors(estimator: Any) -> str:
    state = attributes(estimator)
    if "_fit_X" not in state and "_tree" not in state:
        return ""
    rows = state.get("n_samples_fit_")
    shape = getattr(state.get("_fit_X"), "shape", ())
    if len(shape) != 2 or shape != (rows, width_of(estimator)):  # noqa: PLR2004
        return "an estimator of neighbours was fitted to data of another shape than it says"
    tree = state.get("_tree")
    if tree is not None:
        if set(_INDEXES).isdisjoint(places_of(type(tree))):
            return "an estimator of neighbours holds something else than an index"
        if tree.__getstate__()[0].shape != shape:
            return "an index of neighbours has other rows than its estimator"
    for key in ("effective_metric_params_", "metric_params"):
        if any("norm_squared" in str(one) for one in state.get(key) or {}):
            return "an estimator of neighbours brings lengths of its rows along"
    return _labels(state, int(rows))


def _labels(state: dict[str, Any], rows: int) -> str:
    """Check a classifier's labels: compiled code counts votes by them."""
    labels, classes = state.get("_y"), state.get("classes_")
    if classes is None or labels is None:
        return ""
    columns = labels if labels.ndim == 2 else labels.reshape(-1, 1)  # noqa: PLR2004
    several = isinstance(classes, list)
    each = classes if several else [classes] * columns.shape[1]
    if not is_array(columns, rows, len(each), kinds=INTEGERS):
        return "a classifier of neighbours has labels for other rows than it has"
    if not all(is_within(columns[:, i], len(one)) for i, one in enumerate(each)):
        return "a classifier of neighbours has labels of classes that it does not have"
    return ""


def _density(estimator: Any) -> str:
    state = attributes(estimator)
    tree = state.get("tree_")
    if tree is None:
        return ""
    fits = tree.__getstate__()[0].shape[1] == width_of(estimator)
    return "" if fits else "an index of neighbours has another width than its estimator"


def _graph(estimator: Any) -> str:
    """Refuse a transformer that makes a graph of one that it is given (TRU-100).

    It takes the columns of a sparse graph for rows that it was fitted to, however many these are.
    """
    given = attributes(estimator).get("metric") == "precomputed"
    reason = "a transformer makes a graph of a graph that is given to it"
    return Broken("TRU-100", reason) if given else ""


TABLE = {
    **dict.fromkeys(_INDEXES, _index),
    "sklearn.metrics._dist_metrics.DistanceMetric": _distance,
    "sklearn.neighbors._base.NeighborsBase": _neighbors,
    "sklearn.neighbors._graph.KNeighborsTransformer": _graph,
    "sklearn.neighbors._graph.RadiusNeighborsTransformer": _graph,
    "sklearn.neighbors._kde.KernelDensity": _density,
}
