"""Clusters: merges of ones made before, centres as wide as the data (TRU-058)."""

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


def _merged(estimator: Any) -> str:
    children = attributes(estimator).get("children_")
    if children is None:
        return ""
    end = 2 * len(children) + 1
    right = is_array(children, None, 2, kinds=INTEGERS) and is_within(children, end)
    return "" if right else "a tree of clusters merges ones that it does not have"


def _distances(estimator: Any) -> str:
    """Check the merges of clusters, which a cut at another distance follows."""
    merges = attributes(estimator).get("_single_linkage_tree_")
    if merges is None:
        return ""
    import numpy as np

    made = np.arange(len(merges)) + len(merges) + 1
    right = is_array(merges, None, kinds="V") and all(
        merges[side].dtype.kind in INTEGERS
        and bool(((merges[side] >= 0) & (merges[side] < made)).all())
        for side in ("left_node", "right_node")
    )
    return "" if right else "a tree of clusters merges ones that are not made before"


def _centers(estimator: Any) -> str:
    """Check centres against the data's width: the compiled distance takes it from the data."""
    state = attributes(estimator)
    if "cluster_centers_" not in state:
        return ""
    width = width_of(estimator)
    if not is_array(state["cluster_centers_"], None, width) or not len(state["cluster_centers_"]):
        return "clusters have centres of another width than their data"
    if not is_count(state.get("_n_threads", 1), 1, _MOST_THREADS):
        return "clusters ask for an invalid number of threads"
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


TABLE = {
    "sklearn.cluster._agglomerative.AgglomerativeClustering": _merged,
    "sklearn.cluster._birch.Birch": _subclusters,
    "sklearn.cluster._hdbscan.hdbscan.HDBSCAN": _distances,
    "sklearn.cluster._kmeans._BaseKMeans": _centers,
}
