"""The declared type that a column of data has, and whether values are missing in it (SIG-014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.signature.data.arrow import decoded
from mlmodel.signature.data.objects import is_object
from mlmodel.signature.infer.cells import (
    CellTypes,
    holds_others,
    no_type,
    numpy_type,
    type_of_dtype,
)
from mlmodel.signature.types.nested import AnyType, NestedType
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


__all__ = ["Found", "column_type", "number_types"]

#: By what pandas says of the cells of an object column, missing ones left out.
_BY_CELLS = {
    "string": DataType.string,
    "bytes": DataType.binary,
    "boolean": DataType.boolean,
    "integer": DataType.long,
    "floating": DataType.double,
    "mixed-integer-float": DataType.double,
    "decimal": DataType.double,
    "datetime": DataType.datetime,
    "datetime64": DataType.datetime,
    "date": DataType.datetime,
}
_LONG = DataType.long.traits.literals

Found = tuple[DataType | NestedType, bool]


def number_types(block: Any) -> list[Found]:
    """Return what :func:`column_type` does for each column of a frame's block of numbers.

    ``block`` has the shape (columns, rows). The list is empty for what is to be looked at column
    by column: other dtypes, and those that no type takes.
    """
    if not isinstance(block, np.ndarray) or block.dtype.kind not in "biuf":
        return []
    kind = type_of_dtype(block.dtype)
    if kind is None:
        return []
    # One pass in the order of memory, no array of flags: NaN wins.
    if block.dtype.kind != "f" or not block.size or not np.isnan(block.min()):
        return [(kind, False)] * len(block)
    return [(kind, gap) for gap in np.isnan(block.min(axis=1)).tolist()]


def column_type(values: Any, place: str, cells: CellTypes) -> Found:
    """Return (type, whether values are missing) of a one-dimensional numpy or pandas array.

    ``cells`` keeps where objects differ.

    Raises:
        InvalidArgument: no column type holds it (SIG-014).

    """
    if isinstance(values.dtype, np.dtype):
        if values.dtype == object:
            return _of_objects(values, place, cells)
        return numpy_type(values.dtype, place), _has_missing(values)
    if isinstance(values.dtype, pd.ArrowDtype):
        # A run-end encoding does not tell pandas what is missing in it.
        values = decoded(values.__arrow_array__())
    return _of_extension(values, place, cells), bool(values.isna().any())


def _has_missing(values: Any) -> bool:
    if not len(values):
        return False
    if values.dtype.kind == "f":
        return bool(np.isnan(values.min()))  # one pass, no array of flags: NaN wins
    return values.dtype.kind == "M" and bool(np.isnat(values).any())


def _of_extension(values: Any, place: str, cells: CellTypes) -> DataType | NestedType:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return column_type(_as_array(dtype.categories), place, cells)[0]
    if isinstance(dtype, pd.DatetimeTZDtype):
        return DataType.datetime
    if isinstance(dtype, pd.StringDtype):
        return DataType.string
    if isinstance(dtype, pd.SparseDtype):
        return numpy_type(np.dtype(dtype.subtype), place)
    if isinstance(dtype, pd.ArrowDtype):
        from mlmodel.signature.infer.arrow import arrow_kind

        return arrow_kind(values.__arrow_array__(), place)
    if hasattr(dtype, "numpy_dtype"):
        return numpy_type(dtype.numpy_dtype, place)
    raise no_type(place, f"dtype {dtype}")


def _as_array(index: pd.Index[Any]) -> Any:
    return index.to_numpy() if isinstance(index.dtype, np.dtype) else index.array


def _of_objects(values: Any, place: str, cells: CellTypes) -> Found:
    # Stops at the first cell that is not text; without cells it says yes.
    if len(values) and pd.api.types.is_string_dtype(values):
        return DataType.string, False
    what = pd.api.types.infer_dtype(values, skipna=True)
    if what == "string":
        return DataType.string, True
    if what == "empty":
        # Nothing but missing values, or no rows: NaN is the mark for text, too (SIG-015).
        return AnyType(), bool(len(values))
    flags: Any = pd.isna(values)
    present = values[~flags]
    missing = len(present) < len(values)
    # One cell of each type tells what all of them are.
    kinds = _one_of_each_type(present) if what.startswith("mixed") else ()
    if any(holds_others(cell) or is_object(cell) for cell in kinds):
        return cells.of(present, place) or AnyType(), missing
    return _of_scalars(present, _BY_CELLS.get(what), place, missing=missing), missing


def _one_of_each_type(cells: Any) -> Iterable[Any]:
    return dict(zip(map(type, cells), cells, strict=True)).values()


def _of_scalars(
    present: Any, kind: DataType | None, place: str, *, missing: bool
) -> DataType | NestedType:
    if kind is None and {bytes, bytearray}.issuperset(map(type, present)):
        kind = DataType.binary
    if kind is None:
        raise no_type(place, _types_of(present), "one column holds one type")
    if kind is DataType.long and not _LONG.low <= min(present) <= max(present) <= _LONG.high:
        raise no_type(place, "an integer of more than 64 bits")
    # Integers with gaps are floating point as soon as they are a column of their own.
    return DataType.double if kind is DataType.long and missing else kind


def _types_of(present: Sequence[Any]) -> str:
    names = list(dict.fromkeys(type(cell).__name__ for cell in present))
    return "cells of " + " and ".join(names[:3])
