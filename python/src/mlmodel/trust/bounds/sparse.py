"""Sparse matrices: rows and columns that are within their shape (TRU-017)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.values import INTEGERS, is_array, is_count, is_within

__all__ = ["TABLE"]

_MOST = 2**62


def _matrix(matrix: Any) -> str:
    shape = matrix.shape
    if type(shape) is not tuple or not all(is_count(one, 0, _MOST) for one in shape):
        return "a sparse matrix has an invalid shape"
    try:
        reason = _FORMS[matrix.format](matrix)
    except (ValueError, TypeError, AttributeError, IndexError, KeyError, OverflowError) as error:
        reason = f"({error})"
    return f"a sparse matrix is not what it says {reason}" if reason else ""


def _compressed(matrix: Any) -> str:
    ends = matrix.indptr
    if not is_array(ends, None, kinds=INTEGERS) or not len(ends):
        return "(it has no rows)"
    if matrix.format != "bsr" and not is_array(matrix.data, len(matrix.indices)):
        return "(its numbers are not as many as their places)"
    matrix.check_format(full_check=True)
    # scipy compares lengths with what it says, and the last end with the shorter of both.
    return "" if ends[-1] <= len(matrix.data) else "(it goes on behind its data)"


def _coordinates(matrix: Any) -> str:
    coords = matrix.coords
    right = len(coords) == len(matrix.shape) and all(
        is_array(one, len(matrix.data), kinds=INTEGERS) and is_within(one, size)
        for one, size in zip(coords, matrix.shape, strict=True)
    )
    return "" if right and is_array(matrix.data, None) else "(it has places outside of its shape)"


def _diagonals(matrix: Any) -> str:
    offsets = matrix.offsets
    rows, columns = matrix.shape
    right = (
        is_array(offsets, None, kinds=INTEGERS)
        and is_array(matrix.data, len(offsets), None)
        and is_within(offsets, max(columns, 1), -max(rows, 1) + 1)
    )
    return "" if right else "(it has diagonals outside of its shape)"


def _lists(matrix: Any) -> str:
    count, columns = matrix.shape
    if not is_array(matrix.rows, count, kinds="O") or not is_array(matrix.data, count, kinds="O"):
        return "(it has other rows than its shape)"
    for places, numbers in zip(matrix.rows.tolist(), matrix.data.tolist(), strict=True):
        if type(places) is not list or type(numbers) is not list or len(places) != len(numbers):
            return "(its numbers are not as many as their places)"
        if not all(is_count(one, 0, columns - 1) for one in places):
            return "(it has places outside of its shape)"
    return ""


def _keys(matrix: Any) -> str:
    for key in matrix._dict:  # noqa: SLF001 - its own items are no dict's in some versions
        places = key if type(key) is tuple else (key,)
        if len(places) != len(matrix.shape) or not all(
            is_count(one, 0, size - 1) for one, size in zip(places, matrix.shape, strict=True)
        ):
            return "(it has places outside of its shape)"
    return ""


_FORMS = {
    "bsr": _compressed, "csc": _compressed, "csr": _compressed, "coo": _coordinates,
    "dia": _diagonals, "dok": _keys, "lil": _lists,
}  # fmt: skip

TABLE = {"scipy.sparse._base._spbase": _matrix}
