"""One column: from the dtype it has to the dtype it is delivered in, exactly or not at all.

The table is that of ENF-020. Whatever the table does not list is refused by type, never by
looking whether the values happen to fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InputViolation, shown
from mlmodel.signature import objects
from mlmodel.signature.columntype import arrow_type
from mlmodel.signature.frames import masked
from mlmodel.signature.types import DELIVERED_DTYPE, DataType, NestedType

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.signature.types import ColSpec

__all__ = ["ADVICE", "SAFE", "convert"]


def _dtypes(*names: str) -> frozenset[np.dtype[Any]]:
    return frozenset(np.dtype(name) for name in names)


#: numpy dtypes that turn into the delivered dtype of a type without loss (ENF-020).
SAFE: dict[DataType, frozenset[np.dtype[Any]]] = {
    DataType.boolean: _dtypes("bool"),
    DataType.integer: _dtypes("int8", "int16", "int32", "uint8", "uint16"),
    DataType.long: _dtypes("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
    DataType.float: _dtypes("float16", "float32", "int8", "int16", "uint8", "uint16"),
    DataType.double: _dtypes(
        "float16", "float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32"
    ),
}

ADVICE = "integers with missing values are floating point in a data frame: declare the input double"

_NUMPY: dict[DataType, np.dtype[Any]] = {k: np.dtype(d) for k, d in DELIVERED_DTYPE.items()}
_WITHOUT_MISSING = frozenset({DataType.boolean, DataType.integer, DataType.long})
_INTEGERS = frozenset({DataType.integer, DataType.long})
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_ROUGH_UNITS = frozenset({"Y", "M", "W", "D", "h", "m"})
_LARGEST = 2**63 - 1


def convert(
    values: Any, spec: ColSpec, name: str | int, violations: list[InputViolation], mask: Any = None
) -> Any:
    """Return a column in the delivered dtype of its type (ENF-002); as it is if it has it already.

    Args:
        values: a one-dimensional numpy or pandas array.
        spec: what is declared.
        name: what errors call the column: its name, or its position.
        violations: what is wrong is added here; the value returned then means nothing.
        mask: True where a cell is missing, of the same length, or None.

    """
    if isinstance(spec.type, NestedType):
        return masked(values, mask)
    given = values.dtype
    if not isinstance(given, np.dtype):
        values, mask = _unpacked(values)
    if values is None:
        return _refuse(given, spec, name, violations)
    if values.dtype == object:
        return _from_objects(masked(values, mask), spec, name, violations)
    reader = _READERS.get(spec.type, _from_numbers)
    read = reader(values, mask, spec, name, violations)
    return _refuse(given, spec, name, violations) if read is None else read


def _from_numbers(
    values: Any, mask: Any, spec: ColSpec, name: str | int, violations: list[InputViolation]
) -> Any:
    kind = spec.type
    assert isinstance(kind, DataType)  # noqa: S101 - tells the type checker what convert ruled out
    if values.dtype not in SAFE[kind]:
        return None
    gaps = mask is not None and mask.any()
    if gaps and kind in _WITHOUT_MISSING and spec.required:
        violations.append(_gap(spec, name, int(mask.argmax())))
        return values
    return masked(values.astype(_NUMPY[kind], copy=False), mask)


def _from_texts(
    values: Any, mask: Any, spec: ColSpec, name: str | int, violations: list[InputViolation]
) -> Any:
    # numpy's fixed-width texts (U) and bytes (S) come from arrays, never from frames.
    if values.dtype.kind != ("U" if spec.type is DataType.string else "S"):
        return None
    return _from_objects(masked(values.astype(object), mask), spec, name, violations)


def _from_datetimes(
    values: Any, mask: Any, spec: ColSpec, name: str | int, violations: list[InputViolation]
) -> Any:
    if values.dtype.kind == "U":
        return _from_objects(masked(values.astype(object), mask), spec, name, violations)
    if values.dtype.kind != "M":
        return None
    unit = np.datetime_data(values.dtype)[0]
    if unit in _ROUGH_UNITS:
        values, unit = values.astype("datetime64[s]"), "s"
    if unit not in _NANOSECONDS:
        return None
    if unit != "ns":
        row = _first_outside(values.view(np.int64), _NANOSECONDS[unit])
        if row is not None:
            violations.append(_outside(spec, name, row, values[row]))
            return values
        values = values.astype("datetime64[ns]")
    return masked(values, mask)


_READERS = {
    DataType.string: _from_texts,
    DataType.binary: _from_texts,
    DataType.datetime: _from_datetimes,
}


def _from_objects(
    values: Any, spec: ColSpec, name: str | int, violations: list[InputViolation]
) -> Any:
    assert isinstance(spec.type, DataType)  # noqa: S101 - tells the type checker what convert ruled out
    read, mask = objects.read_objects(values, spec.type, name, violations, required=spec.required)
    return masked(read, mask)


def _first_outside(counts: Any, factor: int) -> int | None:
    """Return the first row that 64 bits of nanoseconds cannot hold; NaT is the smallest number."""
    limit = _LARGEST // factor
    outside = ((counts > limit) | (counts < -limit)) & (counts != -_LARGEST - 1)
    return int(outside.argmax()) if outside.any() else None


# -- pandas' own arrays: what they hold, as numpy knows it ------------------------------------


def _unpacked(values: Any) -> tuple[Any, Any]:
    """Return (numpy array, mask) of an extension array; the array is None if no type takes it."""
    for dtype, unpack in _UNPACKERS.items():
        if isinstance(values.dtype, dtype):
            return unpack(values)
    if hasattr(values.dtype, "numpy_dtype"):
        return _from_nullable(values, values.dtype.numpy_dtype)
    return None, None


def _from_zoned(values: Any) -> tuple[Any, Any]:
    return np.asarray(pd.DatetimeIndex(values).tz_convert("UTC").tz_localize(None)), None


def _from_nullable(values: Any, dtype: np.dtype[Any]) -> tuple[Any, Any]:
    mask = np.asarray(values.isna())
    if not mask.any():
        return values.to_numpy(dtype), None
    return values.to_numpy(dtype, na_value=dtype.type(0)), mask


def _from_categories(values: Any) -> tuple[Any, Any]:
    categories, codes = values.categories.array, np.asarray(values.codes)
    mask = codes < 0
    if not len(categories):
        return np.full(len(codes), None, object), None
    held, inner = (
        (np.asarray(categories), None)
        if isinstance(categories.dtype, np.dtype)
        else _unpacked(categories)
    )
    if held is None or inner is not None:
        return None, None
    return held[np.where(mask, 0, codes)], mask if mask.any() else None


def _from_arrow(values: Any) -> tuple[Any, Any]:
    import pyarrow as pa

    held = values.dtype.pyarrow_dtype
    kind = arrow_type(held)
    if kind is None:
        return None, None
    if kind is DataType.datetime and str(held).startswith("timestamp"):
        # As counts, so that a zone (Arrow keeps UTC beside it) changes nothing.
        counts = values.__arrow_array__().cast(pa.int64()).fill_null(0).to_numpy()
        mask = np.asarray(values.isna())
        return counts.view(f"datetime64[{held.unit}]"), mask if mask.any() else None
    if kind in (DataType.string, DataType.binary, DataType.datetime):
        return values.to_numpy(object, na_value=None), None
    return _from_nullable(values, np.dtype(held.to_pandas_dtype()))


_UNPACKERS: dict[type, Callable[[Any], tuple[Any, Any]]] = {
    pd.ArrowDtype: _from_arrow,
    pd.CategoricalDtype: _from_categories,
    pd.DatetimeTZDtype: _from_zoned,
    pd.SparseDtype: lambda values: (np.asarray(values), None),
    pd.StringDtype: lambda values: (values.to_numpy(object, na_value=None), None),
}


# -- what is wrong ----------------------------------------------------------------------------


def _refuse(dtype: Any, spec: ColSpec, name: str | int, violations: list[InputViolation]) -> Any:
    declared, given = spec.type.value, str(dtype)
    reason = "the table of ENF-020 has no exact conversion between them, whatever the values"
    if spec.type in _INTEGERS and given.lower().startswith(("float", "double")):
        reason = ADVICE
    message = f"Input {name!r}: {declared} is declared, a column of {given} given; {reason}."
    violations.append(InputViolation("ENF-021", message, name, None, declared, given))


def _gap(spec: ColSpec, name: str | int, row: int) -> InputViolation:
    declared = spec.type.value
    message = (
        f"Input {name!r}, row {row}: {declared} is declared, and the value is missing; "
        "declare the input double, or optional."
    )
    return InputViolation("ENF-022", message, name, row, declared, "a missing value")


def _outside(spec: ColSpec, name: str | int, row: int, value: Any) -> InputViolation:
    got = shown(str(value))
    message = (
        f"Input {name!r}, row {row}: {got} is given; datetime goes from 1677-09-21 to 2262-04-11."
    )
    return InputViolation("ENF-028", message, name, row, spec.type.value, got)
