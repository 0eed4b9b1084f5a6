"""One column: from the dtype it has to the dtype it is delivered in, exactly or not at all.

The table is that of ENF-020. Whatever the table does not list is refused by type, never by
looking whether the values happen to fit.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from mlmodel.errors import InputViolation, shown
from mlmodel.signature.cells import python_values
from mlmodel.signature.cells.nested import read_nested
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.extension_arrays import unpacked
from mlmodel.signature.data.frames import masked
from mlmodel.signature.enforce.arrow_cells import cells_of
from mlmodel.signature.types.nested import NestedType, is_opaque
from mlmodel.signature.types.scalars import FLOATS, INTEGERS, DataType
from mlmodel.signature.types.schema import ColSpec

__all__ = ["LEAVES", "SAFE", "convert"]


#: numpy dtypes that turn into the delivered dtype of a type without loss (ENF-020).
SAFE: dict[DataType, frozenset[np.dtype[Any]]] = {
    kind: frozenset(np.dtype(name) for name in kind.traits.accepted) for kind in DataType
}

_OF_GAPS = (
    "integers with missing values are floating point in a data frame: declare the input double"
)
_OF_FRACTIONS = (
    "floating point is never taken for integers, even where the values are whole: convert the "
    "column if they are, as by .astype({!r}), or declare the input double"
)

_DELIVERED: dict[DataType, np.dtype[Any]] = {kind: kind.to_pandas() for kind in DataType}
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
        return _nested(values, mask, spec, name, violations)
    given = values.dtype
    if not isinstance(given, np.dtype):
        values, mask = unpacked(values)
        if values is None or (spec.type not in FLOATS and str(given).startswith("decimal")):
            return _refuse(given, spec, name, violations)
    if values.dtype == object:
        return _from_objects(masked(values, mask), spec, name, violations)
    reader = _READERS.get(spec.type, _from_numbers)
    read = reader(values, mask, spec, name, violations)
    if read is None:
        return _refuse(given, spec, name, violations, gaps=_has_gaps(values, mask))
    return read


def _nested(
    values: Any, mask: Any, spec: ColSpec, name: str | int, violations: list[InputViolation]
) -> Any:
    """Return a column of a nested type: the very array if all of it is right already."""
    if is_opaque(spec.type):
        return masked(values, mask)
    given = values.dtype
    plain = isinstance(given, np.dtype) and given.kind == "O"
    if isinstance(given, pd.ArrowDtype):
        cells, fault = cells_of(values, spec.type, _takes_arrow)
        if fault is not None:
            violations.append(_refused(given, spec, name, fault))
            return values
    elif plain:
        cells = masked(values, mask).tolist()
    else:
        return _refuse(given, spec, name, violations)
    read = read_nested(cells, spec, name, LEAVES, violations)
    return values if read is cells and plain and mask is None else object_array(read)


def _takes_arrow(kind: DataType, held: Any) -> bool:
    none: Any = np.empty(0, object)
    empty = pd.Series(none, dtype=pd.ArrowDtype(held)).array
    violations: list[InputViolation] = []
    convert(empty, ColSpec(kind), "", violations)
    return not violations


class _TypedLeaves:
    """How the scalars in cells of nested types are read: as object columns and arrays are."""

    null = "None"

    def is_missing(self, cell: Any) -> bool:
        return python_values.is_missing(cell)

    def cells(
        self, cells: list[Any], spec: ColSpec, name: str | int, found: list[InputViolation]
    ) -> tuple[Any, Any]:
        assert isinstance(spec.type, DataType)  # noqa: S101 - tells the type checker what a leaf is
        return python_values.read_objects(
            object_array(cells), spec.type, name, found, required=spec.required
        )

    def array(
        self, values: Any, spec: ColSpec, name: str | int, found: list[InputViolation]
    ) -> Any:
        return convert(values, spec, name, found)


#: The reader of what stands within cells, for :func:`~mlmodel.signature.cells.nested.read_nested`.
LEAVES = _TypedLeaves()


def _from_numbers(
    values: Any, mask: Any, spec: ColSpec, name: str | int, violations: list[InputViolation]
) -> Any:
    kind = spec.type
    assert isinstance(kind, DataType)  # noqa: S101 - tells the type checker what convert ruled out
    if values.dtype not in SAFE[kind]:
        return None
    gaps = mask is not None and mask.any()
    if gaps and not kind.traits.takes_missing and spec.required:
        violations.append(_gap(spec, name, int(mask.argmax())))
        return values
    return masked(values.astype(_DELIVERED[kind], copy=False), mask)


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
    read, mask = python_values.read_objects(
        values, spec.type, name, violations, required=spec.required
    )
    return masked(read, mask)


def _first_outside(counts: Any, factor: int) -> int | None:
    """Return the first row that 64 bits of nanoseconds cannot hold; NaT is the smallest number."""
    limit = _LARGEST // factor
    outside = ((counts > limit) | (counts < -limit)) & (counts != -_LARGEST - 1)
    return int(outside.argmax()) if outside.any() else None


# -- what is wrong ----------------------------------------------------------------------------


def _refuse(
    dtype: Any,
    spec: ColSpec,
    name: str | int,
    violations: list[InputViolation],
    *,
    gaps: bool = False,
) -> Any:
    reason = _advice(_held(dtype), spec.type, gaps=gaps)
    violations.append(_refused(dtype, spec, name, reason))


def _has_gaps(values: Any, mask: Any) -> bool:
    gaps = mask is not None and bool(mask.any())
    return gaps or (values.dtype.kind == "f" and bool(np.isnan(values).any()))


def _held(dtype: Any) -> str:
    """Return the name of a dtype, of a category's that of what it holds."""
    return str(dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype)


def _advice(given: str, declared: DataType | NestedType, *, gaps: bool) -> str:
    """Say why a column of a dtype is refused, and what to do."""
    stranger = _STRANGER.match(given)
    if stranger:
        return f"no column type takes it: {_WAYS_ON[stranger[0]]} (ENF-014)"
    if given.startswith("decimal"):
        return "double and float alone take decimals: declare the input so, or give text (ENF-016)"
    number = _NUMBER.match(given)
    if number and declared is DataType.datetime:
        return (
            "a number has no unit: give datetimes (pandas.to_datetime with unit=), in JSON text, "
            "which pandas writes with date_format='iso'"
        )
    fractions = number and number[1].lower() in ("float", "double", "halffloat")
    if fractions and isinstance(declared, DataType) and declared in INTEGERS:
        return _OF_GAPS if gaps else _OF_FRACTIONS.format(declared.traits.dtype)
    reason = "the table of ENF-020 has no exact conversion between them, whatever the values"
    if given.lower().startswith("uint64") and declared is DataType.long:
        reason += "; convert it to int64 if its values fit"
    return reason


def _refused(dtype: Any, spec: ColSpec, name: str | int, reason: str) -> InputViolation:
    declared = spec.type.value
    given = f"category of {_held(dtype)}" if str(dtype) == "category" else str(dtype)
    message = f"Input {name!r}: {declared} is declared, a column of {given} given; {reason}."
    return InputViolation("ENF-021", message, name, None, declared, given)


def _gap(spec: ColSpec, name: str | int, row: int) -> InputViolation:
    declared = spec.type.value
    advice = "double, or optional" if spec.type in INTEGERS else "optional"
    message = (
        f"Input {name!r}, row {row}: {declared} is declared, and the value is missing; "
        f"declare the input {advice}."
    )
    return InputViolation("ENF-022", message, name, row, declared, "a missing value")


def _outside(spec: ColSpec, name: str | int, row: int, value: Any) -> InputViolation:
    got = shown(str(value))
    message = (
        f"Input {name!r}, row {row}: {got} is given; datetime goes from 1677-09-21 to 2262-04-11."
    )
    return InputViolation("ENF-028", message, name, row, spec.type.value, got)
