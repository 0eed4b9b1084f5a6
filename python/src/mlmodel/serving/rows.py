"""The rows of several requests put together for one prediction, and its answer taken apart again.

What is here decides what may be put together (RST-171): data that are alike in all but their rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

__all__ = ["Likeness", "cut", "join", "likeness"]

#: Types of parameters that are compared by what they print.
_PLAIN = (bool, int, float, str, bytes, type(None))


class Likeness(NamedTuple):
    """What data and parameters have in common with those that they may be put together with."""

    rows: int
    kind: Hashable


def likeness(data: Any, params: Mapping[str, Any] | None) -> Likeness | None:
    """Return what checked data have in common with others; None where they are asked alone.

    Args:
        data: a data frame, an array or a dict of arrays, as the model gets it.
        params: as the model gets them.

    """
    told = _of_params(params)
    found = _of_data(data)
    if told is None or found is None or not found.rows:
        return None
    return Likeness(found.rows, (found.kind, told))


def _of_params(params: Mapping[str, Any] | None) -> Hashable | None:
    """Return parameters as texts, which tell 1, 1.0 and True apart, and 0.0 and -0.0."""
    if params is None:
        return "none"
    told = []
    for name, value in params.items():
        values = value if type(value) is list else [value]
        if any(type(one) not in _PLAIN for one in values):
            return None
        told.append((name, type(value).__name__, tuple(map(repr, values))))
    return tuple(told)


def _of_data(data: Any) -> Likeness | None:
    if type(data) is pd.DataFrame:
        return _of_frame(data)
    if type(data) is np.ndarray:
        return _of_array(data)
    if type(data) is dict and data:
        arrays = {name: _of_data(one) for name, one in data.items() if type(one) is np.ndarray}
        found = [one for one in arrays.values() if one is not None]
        if len(found) == len(data) and len({one.rows for one in found}) == 1:
            kinds = tuple((name, one.kind) for name, one in zip(arrays, found, strict=True))
            return Likeness(found[0].rows, ("arrays", kinds))
    return None


def _of_array(array: np.ndarray) -> Likeness | None:
    if not array.ndim:
        return None
    return Likeness(len(array), ("array", array.dtype, array.shape[1:]))


def _of_frame(frame: pd.DataFrame) -> Likeness | None:
    index, columns = frame.index, frame.columns
    if not _is_plain(index, len(frame)) or frame.attrs or columns.nlevels > 1:
        return None
    names = tuple((type(name), name) for name in columns)
    dtypes = tuple(map(_of_dtype, frame.dtypes))
    return Likeness(len(frame), ("frame", names, columns.name, dtypes))


def _of_dtype(dtype: Any) -> Hashable:
    if isinstance(dtype, pd.CategoricalDtype):
        # Those in another order are equal to pandas, and have other codes.
        held = dtype.categories
        return "category", dtype.ordered, _of_dtype(held.dtype), tuple(held)
    return "dtype", dtype


def _is_plain(index: pd.Index, rows: int) -> bool:
    """Return whether an index counts rows from 0, and says nothing else."""
    return (
        type(index) is pd.RangeIndex
        and (index.start, index.stop, index.step) == (0, rows, 1)
        and index.name is None
    )


def join(parts: Sequence[Any]) -> Any:
    """Return alike data as one, the rows of the first part first."""
    first = parts[0]
    if isinstance(first, pd.DataFrame):
        return _joined(parts)
    if isinstance(first, dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in first}
    return np.concatenate(parts)


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    first = frames[0]
    if len(set(first.dtypes)) == 1 and first.dtypes.iloc[0].kind in "biuf":
        # One block each: pandas' own way takes ten times as long for small frames.
        cells = np.concatenate([frame.to_numpy() for frame in frames])
        return pd.DataFrame(cells, columns=first.columns, copy=False)
    return pd.concat(frames, ignore_index=True)


def cut(answer: Any, sizes: Sequence[int]) -> list[Any] | None:
    """Return an answer's parts of so many rows each; None where it has not one for each row."""
    if type(answer) is dict and answer:
        parts = {name: _cut(one, sizes) for name, one in answer.items()}
        if any(one is None for one in parts.values()):
            return None
        return [{name: one[n] for name, one in parts.items() if one is not None}
                for n in range(len(sizes))]  # fmt: skip
    return _cut(answer, sizes)


def _cut(answer: Any, sizes: Sequence[int]) -> list[Any] | None:
    ends = np.cumsum(sizes).tolist()
    places = list(zip([0, *ends], ends, strict=False))
    if isinstance(answer, pd.DataFrame | pd.Series):
        if not _is_plain(answer.index, ends[-1]):
            return None
        return [answer.iloc[begin:end].reset_index(drop=True) for begin, end in places]
    is_array = isinstance(answer, np.ndarray) and answer.ndim > 0
    if not (is_array or type(answer) is list) or len(answer) != ends[-1]:
        return None
    return [answer[begin:end] for begin, end in places]
