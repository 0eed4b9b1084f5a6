"""Data frames out of blocks: one two-dimensional array per dtype, never column by column.

A frame made of a mapping of 20 arrays costs twenty times one made of a few blocks. pandas 3
has a public function for that; the closed 2.x lines have only the one that Arrow uses.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from mlmodel.signature.data.columns import Columns, Values

__all__ = [
    "array_of",
    "arrays_of",
    "as_block",
    "blocks_of",
    "dtypes_of",
    "from_arrays",
    "from_blocks",
    "index_of",
    "masked",
    "object_blocks",
    "only_column",
    "row_index",
    "to_frame",
]

#: Below this many rows, gathering columns of one dtype into a block is cheaper than not to.
_GATHER_BELOW = 1000
#: Row indexes below this length are kept: to make one costs as much as the check of a small frame.
_KEPT_BELOW = 1000

if int(pd.__version__.split(".", maxsplit=1)[0]) >= 3:  # noqa: PLR2004 - the version named above
    from pandas.api.internals import create_dataframe_from_blocks as _create
else:
    from pandas._libs.internals import BlockPlacement  # type: ignore[import-not-found]
    from pandas.core.internals.api import make_block
    from pandas.core.internals.blocks import new_block
    from pandas.core.internals.managers import BlockManager

    def _block(values: Any, places: Any) -> Any:
        if isinstance(values, np.ndarray) and values.dtype.kind in "biufO":
            # What make_block comes to for these dtypes, after a look at many others.
            return new_block(values, placement=BlockPlacement(places), ndim=2)
        return make_block(values, places, ndim=2)

    def _create(blocks: list[tuple[Any, Any]], index: Any, columns: Any) -> pd.DataFrame:
        made = tuple([_block(values, places) for values, places in blocks])
        manager = BlockManager(made, [columns, index], verify_integrity=False)
        frame: Any = pd.DataFrame
        made_of: pd.DataFrame = frame._from_mgr(manager, manager.axes)  # noqa: SLF001 - as Arrow does
        return made_of


def array_of(series: pd.Series[Any]) -> Values:
    """Return what a column holds, uncopied: a numpy array, or pandas' own for its dtypes."""
    return series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array


def index_of(names: Sequence[Hashable] | None, width: int) -> pd.Index[Any]:
    """Return the column index: the names, or numbers where there are none."""
    return pd.RangeIndex(width) if names is None else pd.Index(list(names), tupleize_cols=False)


@lru_cache(maxsize=256)
def _kept_index(rows: int) -> pd.Index[Any]:
    return pd.RangeIndex(rows)


def row_index(rows: int) -> pd.Index[Any]:
    """Return the index 0, 1 … rows - 1."""
    # A view, for a model may give the index of its frame a name.
    return _kept_index(rows).view() if rows < _KEPT_BELOW else pd.RangeIndex(rows)


def dtypes_of(frame: pd.DataFrame) -> list[Any]:
    """Return the dtypes of the columns, in order."""
    manager: Any = getattr(frame, "_mgr", None)
    try:
        dtypes: list[Any] = manager.get_dtypes().tolist()
    except AttributeError:
        # The public way: it makes a Series, which costs ten times the look at the dtypes.
        dtypes = frame.dtypes.tolist()
    return dtypes


def blocks_of(frame: pd.DataFrame) -> list[tuple[list[int], Any]]:
    """Return a frame's columns by blocks of one dtype: (their places, what they hold), uncopied.

    What they hold is to be read, never written. It has the shape (columns of the block, rows) as
    an array of numpy, or of pandas for moments; iteration gives the columns. Other dtypes of
    pandas have a list of one array.
    """
    manager: Any = getattr(frame, "_mgr", None)
    try:
        return [
            (block.mgr_locs.as_array.tolist(), values if values.ndim > 1 else [values])
            for block in manager.blocks
            for values in (block.values,)
        ]
    except AttributeError:
        # The public way, a column at a time, costs ten times as much where there are thousands.
        columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
        held = (one.array if one.dtype.kind in "mM" else array_of(one) for one in columns)
        return [([place], [values]) for place, values in enumerate(held)]


def arrays_of(frame: pd.DataFrame) -> list[Any]:
    """Return what each column holds, as :func:`array_of` does, to be read and never written."""
    arrays: list[Any] = [None] * frame.shape[1]
    for places, block in blocks_of(frame):
        for place, values in zip(places, block, strict=True):
            arrays[place] = np.asarray(values) if isinstance(values.dtype, np.dtype) else values
    return arrays


def object_blocks(frame: pd.DataFrame) -> list[Any] | None:
    """Return the arrays that hold the columns of dtype object, or None if that is not known.

    Their shape is (columns of the block, rows), or (rows,) for one column.
    """
    manager: Any = getattr(frame, "_mgr", None)
    try:
        return [block.values for block in manager.blocks if block.dtype == object]
    except AttributeError:
        return None


def from_blocks(
    blocks: Sequence[tuple[Any, Any]], index: pd.Index[Any], columns: pd.Index[Any]
) -> pd.DataFrame:
    """Return a frame of blocks, nothing copied.

    A block is (values, places): an array of shape (rows, columns of the block) or a
    one-dimensional extension array, and the integer array of where its columns stand.
    Together the places are 0 … len(columns) - 1, each once; this is not checked.
    """
    frame: pd.DataFrame = _create([(v.T, places) for v, places in blocks], index, columns)
    return frame


def from_arrays(
    arrays: Sequence[Any], index: pd.Index[Any], columns: pd.Index[Any]
) -> pd.DataFrame:
    """Return a frame of one-dimensional arrays, each as it is: nothing copied if they are long."""
    if len(index) < _GATHER_BELOW:
        return from_blocks(_gathered(arrays), index, columns)
    blocks = [(as_block(values), np.array([place])) for place, values in enumerate(arrays)]
    return from_blocks(blocks, index, columns)


def to_frame(columns: Columns, labels: pd.Index[Any] | None = None) -> pd.DataFrame:
    """Return columns as a frame, in their order and at their dtypes, nothing copied.

    Missing values become NaN, NaT or None; boolean and integer columns that hold some become
    pandas' nullable ones. ``labels`` is the column index, where the caller keeps one.
    """
    if labels is None:
        labels = index_of(columns.names, sum(len(block.positions) for block in columns.blocks))
    index = row_index(columns.rows)
    if all(block.mask is None for block in columns.blocks):
        blocks = [(block.values, np.array(block.positions)) for block in columns.blocks]
        return from_blocks(blocks, index, labels)
    arrays: list[Any] = [None] * len(labels)
    for block in columns.blocks:
        for place, position in enumerate(block.positions):
            mask = None if block.mask is None else block.mask[:, place]
            arrays[position] = masked(block.values[:, place], mask)
    return from_arrays(arrays, index, labels)


#: What is missing, by the kind of the dtype; None among objects.
_MISSING = {"b": np.nan, "f": np.nan, "M": np.datetime64("NaT"), "m": np.timedelta64("NaT")}


def masked(values: Any, mask: Any) -> Any:
    """Return an array in which the masked cells are missing, in the way of its dtype (ENF-002).

    Booleans become objects, as pandas' readers have them.
    """
    if mask is None or not mask.any():
        return values
    kind = values.dtype.kind
    if kind in "iu":
        return pd.arrays.IntegerArray(values.copy(), mask.copy())
    values = values.astype(object) if kind not in "fMmO" else values.copy()
    values[mask] = _MISSING.get(kind)
    return values


def only_column(frame: Any, form: str | None) -> Any:
    """Return a frame's one column as a ``list`` or a ``series``; the frame itself for None."""
    if form is None:
        return frame
    return frame.iloc[:, 0].tolist() if form == "list" else frame.iloc[:, 0]


def as_block(values: Any) -> Any:
    """Return a one-dimensional array as the values of a block of one column."""
    return values.reshape(-1, 1) if isinstance(values, np.ndarray) else values


def _gathered(arrays: Sequence[Any]) -> list[tuple[Any, Any]]:
    by_dtype: dict[Any, list[int]] = {}
    for place, values in enumerate(arrays):
        # Extension arrays are one-dimensional: each is a block of its own.
        key = values.dtype if isinstance(values, np.ndarray) else place
        by_dtype.setdefault(key, []).append(place)
    blocks = []
    for places in by_dtype.values():
        first = arrays[places[0]]
        values = (
            np.column_stack([arrays[p] for p in places]) if len(places) > 1 else as_block(first)
        )
        blocks.append((values, np.array(places)))
    return blocks
