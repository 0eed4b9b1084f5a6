"""What a model was given held against what reached it, and copies of it that are its own."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd

from mlmodel.errors import shown

__all__ = ["arrives_otherwise", "copied"]

#: How many labels of rows are told.
_LABELS = 3


def copied(data: Any) -> Any:
    """Return data of their own for a model that may change them; cells of lists, too."""
    try:
        if isinstance(data, pd.Series):
            own = _copied_frame(data.to_frame()).iloc[:, 0]
            own.name = data.name
            return own
        return _copied_frame(data) if isinstance(data, pd.DataFrame) else copy.deepcopy(data)
    except Exception:  # noqa: BLE001 - data of any library; what cannot be copied is not changed
        return data


def _copied_frame(frame: pd.DataFrame) -> pd.DataFrame:
    own = frame.copy(deep=True)
    for place, dtype in enumerate(frame.dtypes):
        cells = frame.iloc[:, place].tolist() if dtype.kind == "O" else ()
        if any(isinstance(cell, list | dict | np.ndarray) for cell in cells):
            held = np.empty(len(cells), dtype=object)
            held[:] = copy.deepcopy(cells)
            own.isetitem(place, held)
    return own


def arrives_otherwise(given: Any, arrived: Any) -> str | None:
    """Return what of the data arrives in another form than given, None where nothing does.

    Returns:
        A part of a sentence, such as ``column 't' is given as int64 and arrives as float64``.

    """
    if type(given) is not type(arrived):
        return f"{_a(given)} is given and {_a(arrived)} arrives"
    if isinstance(given, pd.DataFrame):
        return _of_frames(given, arrived)
    if isinstance(given, pd.Series):
        return _of_frames(given.to_frame(), arrived.to_frame())
    if isinstance(given, np.ndarray):
        if (given.dtype, given.shape) != (arrived.dtype, arrived.shape):
            return f"{_array(given)} is given and {_array(arrived)} arrives"
        return None if _is_same(given, arrived) else "the values differ"
    return None if _is_same(given, arrived) else "the value differs"


def _a(data: Any) -> str:
    name = type(data).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _array(data: Any) -> str:
    return f"an array of {data.dtype} and shape {list(data.shape)}"


def _of_frames(given: pd.DataFrame, arrived: pd.DataFrame) -> str | None:
    names = [list(frame.columns) for frame in (given, arrived)]
    if not _is_same(*names):
        return f"the columns {shown(names[0])} are given and {shown(names[1])} arrive"
    if len(given) != len(arrived):
        return f"{len(given)} rows are given and {len(arrived)} arrive"
    for place, name in enumerate(given.columns):
        one, other = given.iloc[:, place], arrived.iloc[:, place]
        if one.dtype != other.dtype:
            return f"column {shown(name)} is given as {one.dtype} and arrives as {other.dtype}"
        if one.dtype.kind != "O" and one.reset_index(drop=True).equals(
            other.reset_index(drop=True)
        ):
            continue
        for row, (cell, there) in enumerate(zip(one, other, strict=True)):
            if not _is_same(cell, there):
                return (
                    f"in column {shown(name)}, row {row}, {shown(cell)} is given and "
                    f"{shown(there)} arrives"
                )
    if not given.index.equals(arrived.index):
        labels = [list(frame.index[:_LABELS]) for frame in (given, arrived)]
        return f"rows with the labels {shown(labels[0])} are given, and {shown(labels[1])} arrive"
    return None


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values are the same, their types and missing marks included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        return _are_same_arrays(one, other)
    try:
        return one is other or bool(one == other) or bool(one != one and other != other)  # noqa: PLR0124 - NaN
    except (TypeError, ValueError):  # of an object that compares by parts
        return False


def _are_same_arrays(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    if one.dtype.kind == "O":
        return all(map(_is_same, one.ravel(), other.ravel()))
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fcmM"))
