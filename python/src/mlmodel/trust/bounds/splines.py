"""Splines and curves: knots, numbers and a degree that fit each other (TRU-058)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.values import Broken, attributes, is_array, is_count

__all__ = ["TABLE"]

_HIGHEST_DEGREE = 100


def _spline(spline: Any) -> str:
    state = attributes(spline)
    # Versions of scipy have them under different names, and read their own alone (TRU-101).
    if {"t", "_t"} <= state.keys() or {"c", "_c"} <= state.keys():
        return Broken("TRU-101", "a spline has its knots or numbers twice")
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


TABLE = {
    "scipy.interpolate._bsplines.BSpline": _spline,
    "scipy.interpolate._interpolate.interp1d": _curve,
}
