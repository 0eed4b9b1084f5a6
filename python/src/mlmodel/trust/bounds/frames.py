"""Frames: blocks, codes and masks that pandas' compiled code follows (TRU-058)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.values import INTEGERS, is_array, is_within

__all__ = ["TABLE"]


def _manager(manager: Any) -> str:
    """Check that the blocks are columns of the axes, each column once, each as long as the rows."""
    blocks, axes = manager.blocks, manager.axes
    if not blocks or type(blocks) is not tuple:
        empty = blocks == () and len(axes) == 2 and not len(axes[0])  # noqa: PLR2004
        return "" if empty else "a frame has no columns where it says that it has"
    if any(type(one).__module__ != "pandas.core.internals.blocks" for one in blocks):
        return "a frame holds something else than columns"
    lengths = tuple(len(axis) for axis in axes)
    for block in blocks:
        places = block.mgr_locs.as_array
        values = block.values
        one_column = values.ndim < len(lengths) and len(places) == 1
        want = (lengths[-1],) if len(lengths) == 1 or one_column else (len(places), lengths[-1])
        if block.ndim != len(lengths) or tuple(values.shape) != want:
            return "a frame has columns of another length than its rows"
    return _placed([block.mgr_locs.as_array for block in blocks], lengths)


def _placed(places: list[Any], lengths: tuple[int, ...]) -> str:
    import numpy as np

    every = np.concatenate(places)
    count = lengths[0] if len(lengths) == 2 else len(every)  # noqa: PLR2004 - columns and rows
    if len(lengths) == 1:
        return "" if len(places) == 1 else "a series has several columns"
    right = is_within(every, count) and bool((np.bincount(every, minlength=count) == 1).all())
    return "" if right else "a frame has columns in places that it does not have"


def _backed(array: Any) -> str:
    import numpy as np

    if type(array._ndarray) is not np.ndarray or array._dtype is None:  # noqa: SLF001
        return "an array of pandas has no data"
    return ""


def _categorical(array: Any) -> str:
    codes = array._ndarray  # noqa: SLF001
    right = codes.dtype.kind == "i" and is_within(codes, len(array.dtype.categories), -1)
    return "" if right else "an array has codes of categories that it does not have"


def _masked(array: Any) -> str:
    data, mask = array._data, array._mask  # noqa: SLF001
    right = type(data).__name__ == "ndarray" and is_array(mask, *data.shape, kinds="b")
    return "" if right else "an array has a mask of another shape than its data"


def _interval(array: Any) -> str:
    right = len(array._left) == len(array._right)  # noqa: SLF001
    return "" if right else "an array of intervals has more of one side than of the other"


def _several(index: Any) -> str:
    levels, codes = index.levels, index.codes
    right = len(levels) == len(codes) and all(
        one.dtype.kind in INTEGERS and len(one) == len(codes[0]) and is_within(one, len(level), -1)
        for level, one in zip(levels, codes, strict=True)
    )
    return "" if right else "an index has codes of levels that it does not have"


TABLE = {
    "pandas._libs.arrays.NDArrayBacked": _backed,
    "pandas._libs.internals.BlockManager": _manager,
    "pandas.core.arrays.categorical.Categorical": _categorical,
    "pandas.core.arrays.interval.IntervalArray": _interval,
    "pandas.core.arrays.masked.BaseMaskedArray": _masked,
    "pandas.core.indexes.multi.MultiIndex": _several,
    "pandas.core.internals.managers.SingleBlockManager": _manager,
}
