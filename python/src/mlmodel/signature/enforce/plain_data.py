"""The forms in which columns may be given besides a data frame (ENF-010)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InputViolation
from mlmodel.signature.cells.plain import is_one_column, is_one_row, is_one_value, is_row
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.frames import array_of
from mlmodel.signature.violations import missing_input

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from mlmodel.signature.types.schema import ColSpec

__all__ = ["PLAIN_FORMS", "Table", "table_of"]

#: Python's and numpy's forms, and the series of pandas.
PLAIN_FORMS = (
    pd.Series, dict, np.ndarray, list, tuple, str, bytes, bool, int, float, np.generic,
)  # fmt: skip

_FORMS = (
    "a data frame (of pandas, Polars or Arrow), a series, a mapping of names to scalars, lists or "
    "one-dimensional arrays, or a list of records; without names in the signature also a "
    "two-dimensional array, a list of rows, a list of values or a scalar"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of any form: names (or None), their number, the row index, a way to each column.

    ``column(position)`` returns (one-dimensional numpy or pandas array, mask or None).
    """

    names: tuple[Hashable, ...] | None
    width: int
    index: pd.Index[Any]
    column: Callable[[int], tuple[Any, Any]]


def table_of(data: Any, specs: Sequence[ColSpec], violations: list[InputViolation]) -> Table:
    """Return the table that plain data stand for; what is wrong is added to ``violations``."""
    if isinstance(data, pd.Series):
        return _table((data.name,), [array_of(data)], data.index)
    if isinstance(data, dict):
        return _mapping(data, specs, violations)
    if isinstance(data, np.ndarray):
        return _array(data, specs, violations)
    if isinstance(data, list | tuple):
        return _list(data, specs, violations)
    if isinstance(data, PLAIN_FORMS):
        return _table(None, [object_array([data])])
    return _refused(f"a {type(data).__module__}.{type(data).__name__}", violations)


def _by_position(specs: Sequence[ColSpec]) -> bool:
    return any(spec.name is None for spec in specs)


def _table(
    names: tuple[Hashable, ...] | None, arrays: Sequence[Any], index: pd.Index[Any] | None = None
) -> Table:
    if index is None:
        index = pd.RangeIndex(len(arrays[0]) if arrays else 0)
    return Table(names, len(arrays), index, lambda position: (arrays[position], None))


def _refused(found: str, violations: list[InputViolation]) -> Table:
    message = f"A column signature takes {_FORMS}; {found} was given."
    violations.append(InputViolation("ENF-010", message, expected="columns", got=found))
    return _table(None, [])


def _mapping(
    data: Mapping[Any, Any], specs: Sequence[ColSpec], violations: list[InputViolation]
) -> Table:
    if is_one_value(specs):
        return _table(None, [object_array([data])])
    one_row = is_one_row(data, specs)
    if one_row is None:
        return _refused("a mapping of scalars and lists", violations)
    if one_row:
        return _table(tuple(data), [_scalar(value) for value in data.values()])
    deep = next((name for name, value in data.items() if getattr(value, "ndim", 0) > 1), None)
    if deep is not None:
        return _refused(f"an array of {data[deep].ndim} axes under {deep!r}", violations)
    arrays = [_column(value) for value in data.values()]
    if len({len(array) for array in arrays}) > 1:
        return _refused("a mapping of lists of different lengths", violations)
    return _table(tuple(data), arrays)


def _column(value: Any) -> Any:
    if isinstance(value, pd.Series):
        return array_of(value)
    return value if isinstance(value, np.ndarray) else object_array(value)


def _scalar(value: Any) -> np.ndarray[Any, Any]:
    # A zero-dimensional array and a numpy scalar have a dtype to go by.
    plain = not isinstance(value, np.ndarray) or value.ndim
    return object_array([value]) if plain else value.reshape(1)


def _array(data: Any, specs: Sequence[ColSpec], violations: list[InputViolation]) -> Table:
    if data.dtype.names is not None or data.ndim > 2:  # noqa: PLR2004 - rows and columns
        what = "a structured array" if data.dtype.names else f"an array of {data.ndim} axes"
        return _refused(what, violations)
    flat = data.reshape(-1, 1) if data.ndim < 2 else data  # noqa: PLR2004 - as above
    if data.ndim < 2 and len(specs) > 1 and _by_position(specs):  # noqa: PLR2004 - as above
        return _refused("an array of one axis for several columns", violations)
    index = pd.RangeIndex(len(flat))
    return Table(None, flat.shape[1], index, lambda position: (flat[:, position], None))


def _list(data: Sequence[Any], specs: Sequence[ColSpec], violations: list[InputViolation]) -> Table:
    if is_one_column(data, specs):
        return _table(None, [object_array(data)])
    if data and all(isinstance(item, dict) for item in data) and not _by_position(specs):
        return _records(data, specs, violations)
    return _without_names(data, specs, violations)


def _without_names(
    data: Sequence[Any], specs: Sequence[ColSpec], violations: list[InputViolation]
) -> Table:
    kinds = {
        "record" if isinstance(item, dict) else "row" if is_row(item) else "value" for item in data
    }
    if len(kinds) > 1:
        return _refused(
            f"a list of {' and '.join(f'{kind}s' for kind in sorted(kinds))}", violations
        )
    if kinds == {"record"}:
        return _refused("a list of records, whose order says nothing,", violations)
    if kinds == {"row"}:
        return _rows(data, violations)
    if len(specs) > 1 and _by_position(specs):
        return _refused("a list of values for several columns", violations)
    return _table(None, [object_array(data)])


def _rows(data: Sequence[Any], violations: list[InputViolation]) -> Table:
    widths = {len(row) for row in data}
    if len(widths) > 1 or any(isinstance(row, np.ndarray) and row.ndim > 1 for row in data):
        return _refused("a list of rows of different lengths or of more axes", violations)
    arrays = [object_array([row[place] for row in data]) for place in range(widths.pop())]
    return _table(None, arrays, pd.RangeIndex(len(data)))


def _records(
    data: Sequence[Mapping[Any, Any]], specs: Sequence[ColSpec], violations: list[InputViolation]
) -> Table:
    names, arrays = [], []
    for spec in specs:
        lacking = next((row for row, record in enumerate(data) if spec.name not in record), None)
        if lacking is not None and spec.required:
            violations.append(missing_input(spec, "this record does not hold it", lacking))
        if lacking is None or any(spec.name in record for record in data):
            names.append(spec.name)
            arrays.append(object_array([record.get(spec.name) for record in data]))
    return _table(tuple(names), arrays, pd.RangeIndex(len(data)))
