"""Curves and random numbers: places in arrays that compiled code keeps (TRU-058)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.values import INTEGERS, attributes, is_array, is_count, is_within

__all__ = ["TABLE"]

_HIGHEST_DEGREE = 100


def _spline(spline: Any) -> str:
    state = attributes(spline)
    knots, numbers, degree = (
        state.get("_t", state.get("t")),
        state.get("_c", state.get("c")),
        spline.k,
    )
    right = (
        is_count(degree, 0, _HIGHEST_DEGREE)
        and is_array(knots, None, kinds="f")
        and len(knots) >= 2 * degree + 2
        and bool((knots[1:] >= knots[:-1]).all())
        and getattr(numbers, "ndim", 0) > 0
        and len(numbers) >= len(knots) - degree - 1
        and is_count(state.get("axis", 0), 0, numbers.ndim - 1)
    )
    return "" if right else "a spline has knots, numbers and a degree that do not fit"


def _curve(curve: Any) -> str:
    state = attributes(curve)
    places, values = state.get("x"), state.get("_y")
    if places is None and values is None:
        return ""
    right = is_array(places, None) and len(values) == len(places)
    return "" if right else "a curve has other places than values"


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


def _bits(generator: Any) -> str:
    state = generator.state
    name = state["bit_generator"]
    if name == "MT19937" and not is_count(state["state"]["pos"], 0, 624):
        return "a random generator stands outside of its own numbers"
    if name == "Philox" and not is_count(state["buffer_pos"], 0, 4):
        return "a random generator stands outside of its own numbers"
    return ""


def _seeds(sequence: Any) -> str:
    size = sequence.pool_size
    right = is_count(size, 4, 2**16) and is_array(sequence.pool, size, kinds="u")
    return "" if right else "a sequence of seeds has another pool than it says"


def _merged(estimator: Any) -> str:
    children = attributes(estimator).get("children_")
    if children is None:
        return ""
    end = 2 * len(children) + 1
    right = is_array(children, None, 2, kinds=INTEGERS) and is_within(children, end)
    return "" if right else "a tree of clusters merges ones that it does not have"


TABLE = {
    "numpy.random.bit_generator.BitGenerator": _bits,
    "numpy.random.bit_generator.SeedSequence": _seeds,
    "scipy.interpolate._bsplines.BSpline": _spline,
    "scipy.interpolate._interpolate.interp1d": _curve,
    "sklearn.cluster._agglomerative.AgglomerativeClustering": _merged,
    "sklearn.cluster._hdbscan.hdbscan.HDBSCAN": _distances,
}
