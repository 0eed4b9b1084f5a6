"""The declared type that a column of data has, and whether values are missing in it (SIG-014)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from mlmodel.errors import InvalidArgument, shown
from mlmodel.signature.types import DataType, NestedType, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["arrow_type", "column_type", "param_spec"]

_BY_NUMPY = {
    "bool": DataType.boolean,
    "int8": DataType.integer,
    "int16": DataType.integer,
    "int32": DataType.integer,
    "uint8": DataType.integer,
    "uint16": DataType.integer,
    "int64": DataType.long,
    "uint32": DataType.long,
    "float16": DataType.float,
    "float32": DataType.float,
    "float64": DataType.double,
}
_BY_KIND = {"U": DataType.string, "S": DataType.binary, "M": DataType.datetime}
#: By what pandas says of the cells of an object column, missing ones left out.
_BY_CELLS = {
    "string": DataType.string,
    "bytes": DataType.binary,
    "boolean": DataType.boolean,
    "integer": DataType.long,
    "floating": DataType.double,
    "mixed-integer-float": DataType.double,
    "datetime": DataType.datetime,
    "datetime64": DataType.datetime,
    "date": DataType.datetime,
}
#: By Arrow's name of the type, up to its parameters.
_BY_ARROW = {
    "string": DataType.string,
    "large_string": DataType.string,
    "string_view": DataType.string,
    "binary": DataType.binary,
    "large_binary": DataType.binary,
    "binary_view": DataType.binary,
    "fixed_size_binary": DataType.binary,
    "timestamp": DataType.datetime,
    "date32": DataType.datetime,
    "date64": DataType.datetime,
}
_ARROW_NUMBERS = frozenset(
    {"bool", "halffloat", "float", "double"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1

Found = tuple[DataType | NestedType, bool]


def column_type(values: Any, label: str | int, *, complete: bool = False) -> Found:
    """Return (type, whether values are missing) of a one-dimensional numpy or pandas array.

    ``complete`` says that none is known to be missing.

    Raises:
        InvalidArgument: no column type holds it (SIG-014).

    """
    if isinstance(values.dtype, np.dtype):
        if values.dtype == object:
            return _of_objects(values, label)
        return _of_numpy(values.dtype, label), not complete and _has_missing(values)
    kind = _of_extension(values, label)
    return kind, bool(values.isna().any())


def _has_missing(values: Any) -> bool:
    if not len(values):
        return False
    if values.dtype.kind == "f":
        return bool(np.isnan(values.min()))  # one pass, no array of flags: NaN wins
    return values.dtype.kind == "M" and bool(np.isnat(values).any())


def _of_numpy(dtype: np.dtype[Any], label: str | int) -> DataType:
    kind = _BY_KIND.get(dtype.kind) or _BY_NUMPY.get(dtype.name)
    if kind is None:
        raise _no_type(label, f"dtype {dtype}", _advice(dtype.name))
    return kind


def _of_extension(values: Any, label: str | int) -> DataType | NestedType:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return column_type(_as_array(dtype.categories), label)[0]
    if isinstance(dtype, pd.DatetimeTZDtype):
        return DataType.datetime
    if isinstance(dtype, pd.StringDtype):
        return DataType.string
    if isinstance(dtype, pd.SparseDtype):
        return _of_numpy(np.dtype(dtype.subtype), label)
    if isinstance(dtype, pd.ArrowDtype):
        return _of_arrow(dtype, label)
    if hasattr(dtype, "numpy_dtype"):
        return _of_numpy(dtype.numpy_dtype, label)
    raise _no_type(label, f"dtype {dtype}")


def _as_array(index: pd.Index[Any]) -> Any:
    return index.to_numpy() if isinstance(index.dtype, np.dtype) else index.array


def _of_arrow(dtype: pd.ArrowDtype, label: str | int) -> DataType:
    held = dtype.pyarrow_dtype
    kind = arrow_type(held)
    if kind is None:
        raise _no_type(label, f"dtype {dtype}")
    return kind or _of_numpy(np.dtype(held.to_pandas_dtype()), label)


def arrow_type(held: Any) -> DataType | Literal[False] | None:
    """Return the type for what Arrow holds; False if numpy's dtype decides, None if there is none.

    By name, because the functions that ask for a type are not the same in all versions of Arrow.
    """
    name = str(held).partition("[")[0]
    return _BY_ARROW.get(name, False if name in _ARROW_NUMBERS else None)


def _of_objects(values: Any, label: str | int) -> Found:
    # Stops at the first cell that is no text; without cells it says yes.
    if len(values) and pd.api.types.is_string_dtype(values):
        return DataType.string, False
    cells = pd.api.types.infer_dtype(values, skipna=True)
    if cells == "string":
        return DataType.string, True
    if cells == "empty":
        # Nothing but missing values, or no rows: NaN is at least a number (SIG-015).
        if any(isinstance(cell, float) for cell in values):
            return DataType.double, True
        return NestedType({"type": "any"}), bool(len(values))
    present = values[~_missing_cells(values)]
    kind = _BY_CELLS.get(cells)
    if kind is None and {bytes, bytearray}.issuperset(map(type, present)):
        kind = DataType.binary
    if kind is None:
        raise _no_type(label, _types_of(present), "one column holds one type")
    if kind is DataType.long and not _LOWEST <= min(present) <= max(present) <= _HIGHEST:
        raise _no_type(label, "an integer of more than 64 bits")
    missing = len(present) < len(values)
    # Integers with gaps are floating point as soon as they are a column of their own.
    return (DataType.double if kind is DataType.long and missing else kind), missing


def _missing_cells(values: Any) -> Any:
    flags: Any = pd.isna(values)
    return flags


def _types_of(present: Sequence[Any]) -> str:
    names = list(dict.fromkeys(type(cell).__name__ for cell in present))
    return "cells of " + " and ".join(names[:3])


def _advice(dtype: str) -> str:
    if dtype == "uint64":
        return "convert it to int64 if its values fit, or to float64 if that is exact enough"
    return "convert it to one of these types"


def _no_type(label: str | int, found: str, advice: str = "") -> InvalidArgument:
    names = ", ".join(kind.value for kind in DataType)
    return InvalidArgument(
        f"Column {label!r} holds {found}, which no column type is for (SIG-014); the types are "
        f"{names}" + (f"; {advice}" if advice else "")
    )


# -- parameters -----------------------------------------------------------------------------------


def param_spec(name: str, value: Any) -> ParamSpec:
    """Return the parameter that has this default (SIG-017).

    Raises:
        InvalidArgument: the value is neither a scalar nor a list of scalars of one type.

    """
    is_list = isinstance(value, list | tuple | np.ndarray)
    cells = list(value) if is_list else [value]
    kinds = {_scalar_type(cell) for cell in cells}
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is None:
        raise InvalidArgument(
            f"The default {shown(value)} of parameter {name!r} is neither a scalar nor a list of "
            "scalars of one type (SIG-017)"
        )
    plain = [cell.item() if isinstance(cell, np.generic) else cell for cell in cells]
    return ParamSpec(name, kind, plain if is_list else plain[0], (-1,) if is_list else None)


def _scalar_type(value: Any) -> DataType | None:
    if isinstance(value, np.generic) and not isinstance(value, str | bytes):
        return _BY_NUMPY.get(value.dtype.name)
    for kind, found in (
        (bool, DataType.boolean),
        (int, DataType.long),
        (float, DataType.double),
        (str, DataType.string),
        (bytes, DataType.binary),
        (dt.date, DataType.datetime),
    ):
        if isinstance(value, kind):
            return found
    return None
