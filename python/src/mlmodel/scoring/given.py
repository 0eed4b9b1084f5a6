"""Data as callers hold them -> columns or tensors, nothing converted: what messages are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InvalidArgument, shown
from mlmodel.signature.data.arrow import frame_of
from mlmodel.signature.data.columns import Block, Columns, Tensors
from mlmodel.signature.data.extension_arrays import unpacked
from mlmodel.signature.data.frames import arrays_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlmodel.signature.data.columns import Mask

    #: A column: its place among the others, one-dimensional values, mask.
    Held = tuple[int, Any, Mask]

__all__ = ["blocks_of", "columns_or_tensors"]


def blocks_of(held: Iterable[Held]) -> list[Block]:
    """Return columns as blocks, one for each dtype; their values are copied."""
    groups: dict[Any, list[Held]] = {}
    for one in held:
        groups.setdefault((one[1].dtype, one[2] is None), []).append(one)
    blocks = []
    for group in groups.values():
        places, values, masks = zip(*group, strict=True)
        mask = None if masks[0] is None else np.stack(masks).T
        blocks.append(Block(np.stack(values).T, places, mask))
    return blocks


def columns_or_tensors(data: Any) -> Columns | Tensors:
    """Return data as what a codec would have read.

    Args:
        data: a DataFrame or Series (of pandas, Polars or Arrow), whose index is not kept; an
            ndarray, or a mapping of names to them; Columns or Tensors, which are returned as
            they are.

    Raises:
        InvalidArgument: anything else, a masked array, a column that no type takes, a name that
            is neither text nor a whole number.

    """
    if isinstance(data, Columns | Tensors):
        return data
    if isinstance(data, pd.Series):
        data = data.to_frame() if data.name is not None else data.to_frame(name=0)
    if isinstance(data, pd.DataFrame):
        return _columns_of(data)
    if isinstance(data, np.ndarray):
        return Tensors({None: _checked_array(data, "The array")})
    if isinstance(data, dict) and data:
        return Tensors(_checked_arrays(data))
    frame = None if isinstance(data, dict) else frame_of(data)
    if frame is None:
        raise InvalidArgument(
            "A request holds a data frame or series (of pandas, Polars or Arrow), an array, or a "
            f"dict of arrays; {type(data).__module__}.{type(data).__qualname__} was given: make a "
            "data frame of it (PRO-050)."
        )
    return _columns_of(frame)


def _checked_arrays(data: Mapping[Any, Any]) -> dict[str | None, Any]:
    for name in data:
        if not isinstance(name, str):
            raise InvalidArgument(f"The name {shown(name)} of an array is not text (PRO-053).")
    return {name: _checked_array(held, f"The value under {name!r}") for name, held in data.items()}


def _checked_array(held: Any, what: str) -> Any:
    if not isinstance(held, np.ndarray):
        raise InvalidArgument(
            f"{what} is {type(held).__module__}.{type(held).__qualname__}, not an array: give "
            "numpy arrays, or a data frame (PRO-050)."
        )
    if isinstance(held, np.ma.MaskedArray):
        raise InvalidArgument(
            f"{what} is a masked array, but a tensor has no missing values (PRO-043)."
        )
    return held


def _columns_of(frame: pd.DataFrame) -> Columns:
    names = tuple(frame.columns.tolist())
    for name in names:
        if type(name) not in (str, int):
            raise InvalidArgument(
                f"The column name {shown(name)} is neither a text nor a whole number (PRO-051)."
            )
    held = (
        (place, *_unpacked_column(values, name))
        for place, (name, values) in enumerate(zip(names, arrays_of(frame), strict=True))
    )
    return Columns(names, blocks_of(held), len(frame))


def _unpacked_column(values: Any, name: str | int) -> tuple[Any, Mask]:
    if isinstance(values, np.ndarray):
        return values, None
    held, mask = unpacked(values)
    if held is None:
        raise InvalidArgument(
            f"The column {name!r} is of dtype {values.dtype}, which a message cannot hold "
            "(PRO-040)."
        )
    return held, mask
