"""Answers of one model by two libraries, held against each other number by number (CNV-004)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["columns_of", "largest_difference"]

#: By how much numbers may differ, relatively to the largest of their column: what arithmetic of 32
#: bits leaves of a few sums.
_TOLERANCE = 1e-5
_TABLE = 2

Column = np.ndarray[Any, Any]


def columns_of(answer: Any) -> list[Column]:
    """Return an answer (a table, arrays by name, one array) as columns of a value per row."""
    if isinstance(answer, pd.DataFrame):
        return [one for name in range(answer.shape[1]) for one in columns_of(answer.iloc[:, name])]
    if isinstance(answer, Mapping):
        return [one for held in answer.values() for one in columns_of(held)]
    if isinstance(answer, tuple):
        return [one for held in answer for one in columns_of(held)]
    values = answer.toarray() if hasattr(answer, "toarray") else np.asarray(answer)
    if values.dtype == object and len(values) and isinstance(values[0], np.ndarray | list):
        values = np.array(values.tolist())
    flat = values.reshape(len(values), -1) if values.ndim >= _TABLE else values.reshape(-1, 1)
    return list(flat.T)


def largest_difference(expected: list[Column], given: list[Column]) -> float | None:
    """Return by how much numbers differ at most, None where an answer is another.

    ``given`` may have more columns behind those that are expected. Numbers are held to what is left
    of 32 bits; anything else is equal or is not.
    """
    if not expected or len(given) < len(expected):
        return None
    found = [_differ(own, other) for own, other in zip(expected, given, strict=False)]
    known = [one for one in found if one is not None]
    return max(known) if len(known) == len(found) else None


def _differ(own: Column, other: Column) -> float | None:
    if own.shape != other.shape:
        return None
    if own.dtype.kind not in "fiub" or other.dtype.kind not in "fiub":
        return 0.0 if [*map(str, own.tolist())] == [*map(str, other.tolist())] else None
    left, right = own.astype("float64"), other.astype("float64")
    gaps = np.isnan(left)
    if not np.array_equal(gaps, np.isnan(right)):
        return None
    left, right = left[~gaps], right[~gaps]
    if np.array_equal(left, right):
        return 0.0
    if own.dtype.kind != "f":
        return None
    scale = max(float(np.abs(left).max()), float(np.finfo("float32").tiny))
    largest = float(np.abs(left - right).max()) / scale
    return largest if largest <= _TOLERANCE else None
