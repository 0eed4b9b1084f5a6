"""One column: from the dtype it has to the dtype it is delivered in, exactly or not at all.

The table is that of ENF-020. Whatever the table does not list is refused by type, never by
looking whether the values happen to fit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from mlmodel._base.extras import require
from mlmodel.errors import InputViolation, shown
from mlmodel.signature.cells import python_values
from mlmodel.signature.cells.nested import read_nested
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.columns import Column
from mlmodel.signature.data.extension_arrays import unpacked
from mlmodel.signature.data.frames import masked
from mlmodel.signature.enforce.arrow_cells import cells_of
from mlmodel.signature.enforce.finish import absent
from mlmodel.signature.types.arrow import type_name
from mlmodel.signature.types.nested import NestedType, is_opaque
from mlmodel.signature.types.scalars import FLOATS, INTEGERS, DataType
from mlmodel.signature.types.schema import ColSpec
from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    import numpy.typing as npt

    from mlmodel.signature.data.columns import Values

__all__ = ["LEAVES", "SAFE", "convert", "with_mark"]

#: numpy dtypes that turn into the delivered dtype of a type without loss (ENF-020).
SAFE: dict[DataType, frozenset[np.dtype[Any]]] = {
    kind: frozenset(np.dtype(name) for name in kind.traits.accepted) for kind in DataType
}
_DELIVERED: dict[DataType, np.dtype[Any]] = {kind: kind.to_pandas() for kind in DataType}

_OF_GAPS = (
    "integers with missing values are floating point in a data frame: declare the input double"
)
_OF_FRACTIONS = (
    "floating point is never converted to integers, even if all values are whole: convert the "
    "column yourself if they are, with .astype({!r}), or declare the input double"
)
_OF_OPTIONAL = (
    "floating point is never converted to integers, even if all values are whole: convert the "
    "column yourself if they are, with .astype({!r}), which keeps missing values"
)
#: What to do about dtypes that no type takes, by how their names begin (ENF-014).
_WAYS_ON = {
    "timedelta": "give a number of seconds (.dt.total_seconds())",
    "duration": "give a number of seconds (.dt.total_seconds())",
    "period": "give its beginning as a datetime (.dt.to_timestamp())",
    "interval": "give its two ends as two columns",
    "complex": "give the real and the imaginary part as two columns",
    "time": "give text, or a number of seconds",
}
_STRANGER = re.compile("timedelta|duration|period|interval|complex|time(?=32|64)")
_NUMBER = re.compile(r"(?i)(u?int|float|double|halffloat)(?=\d|\b)")
_FRACTIONS = frozenset({"float", "double", "halffloat"})
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
#: Types of which a missing value is NaN among objects (ENF-002).
_MARKED = frozenset({DataType.string, DataType.boolean})
_ROUGH_UNITS = frozenset({"Y", "M", "W", "D", "h", "m"})
_LARGEST = 2**63 - 1


def convert(column: Column[Values], spec: ColSpec, found: Findings) -> Any:
    """Return a column in the delivered dtype of its type (ENF-002).

    Its values are returned as they are if they have it already. What is wrong is added to
    ``found``; what is returned then means nothing.
    """
    given = column.values.dtype
    if isinstance(spec.type, NestedType):
        return _from_nested(column, spec, found)
    if spec.type is DataType.string and _is_text_of_pandas_3(given):
        return column.values
    array = _as_array(column, spec)
    read = None
    if array is not None and array.values.dtype == object:
        return _from_objects(array, spec, found)
    if array is not None:
        read = _READERS.get(spec.type, _from_numbers)(array, spec, found)
    if read is None and _is_gap(column, spec):
        return _gaps(column, spec, found)
    if read is None:
        found.append(_refused(given, array or column, spec))
    has_gaps = spec.type is DataType.boolean and read is not None and read.dtype == object
    if has_gaps and isinstance(given, pd.BooleanDtype):
        return column.values  # pandas' own stay what they are (ENF-099)
    return read


def _is_gap(column: Column[Values], spec: ColSpec) -> bool:
    """Return whether no value is there, and none needs to be (ENF-114)."""
    if spec.required and not (isinstance(spec.type, DataType) and spec.type.traits.takes_missing):
        return False
    missing = np.asarray(pd.isna(column.values), bool)
    if column.mask is not None:
        missing = missing | column.mask
    return bool(missing.size) and bool(missing.all())


def _gaps(column: Column[Values], spec: ColSpec, found: Findings) -> Any:
    cells = absent(spec, len(column.values))
    return convert(Column(cells, None, column.label), spec, found)


def _is_text_of_pandas_3(dtype: Any) -> bool:
    """Return whether this is ``str``, texts and NaN: what pandas 3 makes of all texts (ENF-098)."""
    return isinstance(dtype, pd.StringDtype) and dtype.na_value is not pd.NA


def with_mark(values: Any, spec: ColSpec) -> Any:
    """Return texts or booleans with NaN for None: the null of forms without types (ENF-051)."""
    if spec.type not in _MARKED or values.dtype != object:
        return values
    nulls = np.fromiter((cell is None for cell in values), bool, len(values))
    if not nulls.any():
        return values
    marked = values.copy()
    marked[nulls] = np.nan
    return marked


def _as_array(column: Column[Values], spec: ColSpec) -> Column[npt.NDArray[Any]] | None:
    """Return the column as numpy holds it; None where no type takes its dtype."""
    values = column.values
    if isinstance(values, np.ndarray):
        return cast("Column[npt.NDArray[Any]]", column)
    unpacked_values, mask = unpacked(values)
    if unpacked_values is None:
        return None
    if spec.type not in FLOATS and str(values.dtype).startswith("decimal"):
        return None
    return Column(unpacked_values, mask, column.label)


def _from_nested(column: Column[Values], spec: ColSpec, found: Findings) -> Any:
    """Return a column of a nested type: the very array if all of it is right already."""
    values, given = column.values, column.values.dtype
    if is_opaque(spec.type):
        return masked(values, column.mask)
    plain = isinstance(given, np.dtype) and given.kind == "O"
    if isinstance(given, pd.ArrowDtype):
        cells, fault = cells_of(values, spec.type, _takes_arrow)
        if fault is not None:
            found.append(_refused(given, column, spec, fault))
            return None
    elif plain:
        cells = masked(values, column.mask).tolist()
    elif _is_gap(column, spec):
        return _gaps(column, spec, found)
    else:
        found.append(_refused(given, column, spec))
        return None
    read = read_nested(Column(cells, None, column.label), spec, LEAVES, found)
    return values if read is cells and plain and column.mask is None else object_array(read)


def _takes_arrow(kind: DataType, held: Any) -> bool:
    if type_name(held).endswith("_view"):  # of which pandas knows nothing
        held = require("pyarrow", "arrow").type_for_alias(type_name(held).removesuffix("_view"))
    none: Any = np.empty(0, object)
    empty = pd.Series(none, dtype=pd.ArrowDtype(held)).array
    found = Findings()
    convert(Column(empty, None, ""), ColSpec(kind), found)
    return not found


class _TypedLeaves:
    """How the scalars in cells of nested types are read: as object columns and arrays are."""

    null = "None"
    is_missing = staticmethod(python_values.is_missing)
    cells = staticmethod(python_values.read_cells)
    array = staticmethod(convert)


#: The reader of what stands within cells, for :func:`~mlmodel.signature.cells.nested.read_nested`.
LEAVES = _TypedLeaves()


def _from_numbers(column: Column[npt.NDArray[Any]], spec: ColSpec, found: Findings) -> Any:
    kind, mask = spec.type, column.mask
    assert isinstance(kind, DataType)  # noqa: S101 - tells the type checker what convert ruled out
    if column.values.dtype not in SAFE[kind]:
        return None
    if mask is not None and spec.required and not kind.traits.takes_missing and mask.any():
        found.append(_gap(column.label, spec, int(mask.argmax())))
        return column.values
    return masked(column.values.astype(_DELIVERED[kind], copy=False), mask)


def _from_texts(column: Column[npt.NDArray[Any]], spec: ColSpec, found: Findings) -> Any:
    # numpy's fixed-width texts (U) and bytes (S) come from arrays, never from frames.
    if column.values.dtype.kind != ("U" if spec.type is DataType.string else "S"):
        return None
    return _from_objects(column, spec, found)


def _from_datetimes(column: Column[npt.NDArray[Any]], spec: ColSpec, found: Findings) -> Any:
    values = column.values
    if values.dtype.kind == "U":
        return _from_objects(column, spec, found)
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
            found.append(_outside(column.label, spec, row, values[row]))
            return values
        values = values.astype("datetime64[ns]")
    return masked(values, column.mask)


_READERS = {
    DataType.string: _from_texts,
    DataType.binary: _from_texts,
    DataType.datetime: _from_datetimes,
}


def _from_objects(column: Column[npt.NDArray[Any]], spec: ColSpec, found: Findings) -> Any:
    if column.values.dtype != object or column.mask is not None:
        values = column.values.astype(object)
        if column.mask is not None:
            values[column.mask] = np.nan if spec.type in _MARKED else None
        column = Column(values, None, column.label)
    return python_values.read_objects(column, spec, found)


def _first_outside(counts: Any, factor: int) -> int | None:
    """Return the first row that 64 bits of nanoseconds cannot hold; NaT is the smallest number."""
    limit = _LARGEST // factor
    outside = ((counts > limit) | (counts < -limit)) & (counts != -_LARGEST - 1)
    return int(outside.argmax()) if outside.any() else None


# -- what is wrong ----------------------------------------------------------------------------


def _refused(
    dtype: Any, column: Column[Values], spec: ColSpec, reason: str | None = None
) -> InputViolation:
    """Return the violation of a column of a dtype that its type does not take (ENF-021)."""
    declared, held = spec.type.value, _name_of(dtype)
    given = f"category of {held}" if str(dtype) == "category" else str(dtype)
    reason = reason or _advice(held, spec.type, column, required=spec.required)
    message = f"Input {column.label!r}: expected {declared}, got a column of {given}; {reason}."
    return InputViolation("ENF-021", message, column.label, None, declared, given)


def _name_of(dtype: Any) -> str:
    """Return the name of a dtype, of a category's that of what it holds."""
    return str(dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype)


def _advice(
    given: str, declared: DataType | NestedType, column: Column[Values], *, required: bool
) -> str:
    """Say why a column of a dtype is refused, and what to do."""
    stranger = _STRANGER.match(given)
    if stranger:
        return f"no column type takes it: {_WAYS_ON[stranger[0]]} (ENF-014)"
    if given.startswith("decimal"):
        return "only double and float accept decimals: declare the input so, or give text (ENF-016)"
    number = _NUMBER.match(given)
    if number and declared is DataType.datetime:
        return (
            "a number has no unit: give datetimes (pandas.to_datetime with unit=), in JSON text, "
            "which pandas writes with date_format='iso'"
        )
    is_fraction = number and number[1].lower() in _FRACTIONS
    if is_fraction and isinstance(declared, DataType) and declared in INTEGERS:
        if not required:
            return _OF_OPTIONAL.format("Int32" if declared is DataType.integer else "Int64")
        return _OF_GAPS if _has_gaps(column) else _OF_FRACTIONS.format(declared.traits.dtype)
    reason = "there is no exact conversion between these types (ENF-020)"
    if given.lower().startswith("uint64") and declared is DataType.long:
        reason += "; convert it to int64 if its values fit"
    elif number and isinstance(declared, DataType) and declared in FLOATS:
        name = _DELIVERED[declared].name
        reason += f"; where rounding is right, convert the column with .astype({name!r})"
    return reason


def _has_gaps(column: Column[Values]) -> bool:
    gaps = column.mask is not None and bool(column.mask.any())
    return gaps or (column.values.dtype.kind == "f" and bool(np.isnan(column.values).any()))


def _gap(label: str | int, spec: ColSpec, row: int) -> InputViolation:
    declared = spec.type.value
    advice = "double, or optional" if spec.type in INTEGERS else "optional"
    message = (
        f"Input {label!r}, row {row}: expected {declared}, but the value is missing; "
        f"declare the input {advice}."
    )
    return InputViolation("ENF-022", message, label, row, declared, "a missing value")


def _outside(label: str | int, spec: ColSpec, row: int, value: Any) -> InputViolation:
    got = shown(str(value))
    message = (
        f"Input {label!r}, row {row}: {got} is given; datetime goes from 1677-09-21 to 2262-04-11."
    )
    return InputViolation("ENF-028", message, label, row, spec.type.value, got)
