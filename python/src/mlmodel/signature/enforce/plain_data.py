"""The forms in which columns may be given besides a data frame (ENF-010)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InputViolation
from mlmodel.signature.cells.plain import (
    ByColumn,
    OneRow,
    Records,
    Rows,
    Values,
    declared_part,
    kind_of_item,
    stands_for,
)
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.frames import array_of
from mlmodel.signature.data.objects import as_data, is_object
from mlmodel.signature.enforce.matching import none_declared
from mlmodel.signature.violations import Findings, invalid_input, missing_input

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from mlmodel.errors import InvalidInput
    from mlmodel.signature.data.columns import Mask
    from mlmodel.signature.data.columns import Values as Held
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

    ``column(position)`` returns (one-dimensional numpy or pandas array, mask or None). ``plain``
    says that the cells come from lists and mappings of Python, in which None stands for null.
    """

    names: tuple[Hashable, ...] | None
    width: int
    index: pd.Index[Any]
    column: Callable[[int], tuple[Held, Mask]]
    plain: bool = False


def table_of(data: Any, specs: Sequence[ColSpec]) -> Table:
    """Return the table that plain data stand for.

    Raises:
        InvalidInput: they stand for none (ENF-010), or records lack what is required (ENF-004).

    """
    if is_object(data) or (isinstance(data, list | tuple) and any(map(is_object, data[:1]))):
        data = as_data(data)  # a row is what an object holds
    if isinstance(data, pd.Series):
        return _table_of_series(data, specs)
    if isinstance(data, np.ndarray):
        return _table_of_array(data, specs)
    if not isinstance(data, PLAIN_FORMS):
        raise _refused_form(f"a {type(data).__module__}.{type(data).__name__}")
    return _table_of_plain(data, specs)


def _table_of_series(series: pd.Series[Any], specs: Sequence[ColSpec]) -> Table:
    """Return a column, or the row of a data frame whose index holds the names (ENF-113)."""
    values = array_of(series)
    if not _is_row(series, specs):
        names = None if series.name is None else (series.name,)
        return _table(names, [values], series.index, plain=False)
    cells = [values[place : place + 1] for place in range(len(values))]
    index = None if series.name is None else pd.Index([series.name])
    return _table(tuple(series.index.tolist()), cells, index, plain=False)


def _is_row(series: pd.Series[Any], specs: Sequence[ColSpec]) -> bool:
    by_position = _by_position(specs)
    if by_position and len(specs) == 1:
        return False
    given = set(map(str, series.index.tolist()))
    numbers = map(str, range(len(specs)))
    names = set(numbers if by_position else (str(spec.name) for spec in specs))
    required = set() if by_position else {str(spec.name) for spec in specs if spec.required}
    if series.name is not None and str(series.name) in names and not by_position:
        return False
    return given >= (required or names)


def _table_of_plain(data: Any, specs: Sequence[ColSpec]) -> Table:
    match stands_for(data, specs):
        case Records(records):
            return _table_of_records(records, specs)
        case Rows([]):  # no rows, of all that is declared (ENF-109)
            names = None if _by_position(specs) else tuple(spec.name for spec in specs)
            return _table(names, [object_array(()) for _ in specs])
        case Rows(rows):
            return _table_of_rows(rows)
        case OneRow(cells):
            return _table(tuple(cells), [_one_cell(cell) for cell in cells.values()])
        case ByColumn(columns):
            return _table_of_columns(columns, specs)
        case Values(values):
            if isinstance(data, list | tuple) and len(specs) > 1 and _by_position(specs):
                raise _refused_form("a list of values for several columns")
            return _table(None, [object_array(values)])
        case None:
            raise _refused_form(_mixture(data))


def _by_position(specs: Sequence[ColSpec]) -> bool:
    return any(spec.name is None for spec in specs)


def _table(
    names: tuple[Hashable, ...] | None,
    arrays: Sequence[Held],
    index: pd.Index[Any] | None = None,
    *,
    plain: bool = True,
) -> Table:
    if index is None:
        index = pd.RangeIndex(len(arrays[0]) if arrays else 0)
    return Table(names, len(arrays), index, lambda position: (arrays[position], None), plain)


def _refused_form(found: str) -> InvalidInput:
    message = f"A column signature takes {_FORMS}; {found} was given."
    return invalid_input([InputViolation("ENF-010", message, expected="columns", got=found)])


def _mixture(data: Any) -> str:
    if isinstance(data, dict):
        return "a mapping of scalars and lists"
    words = {Records: "records", Rows: "rows", Values: "values"}
    return f"a list of {' and '.join(sorted({words[kind_of_item(item)] for item in data}))}"


def _table_of_columns(columns: Mapping[Any, Any], specs: Sequence[ColSpec]) -> Table:
    part = declared_part(columns, specs)
    deep = next((name for name, value in part.items() if getattr(value, "ndim", 0) > 1), None)
    if deep is not None:
        raise _refused_form(f"an array of {part[deep].ndim} axes under {deep!r}")
    arrays = {name: _array_of_column(value) for name, value in part.items()}
    if len({len(array) for array in arrays.values()}) > 1:
        raise _refused_form("a mapping of lists of different lengths")
    index = pd.RangeIndex(len(next(iter(arrays.values()), ())))
    plain = not all(isinstance(value, pd.Series | np.ndarray) for value in part.values())
    # Nobody asks for what is not declared: only its names are told (ENF-005).
    unasked = np.empty(0, object)
    given = [arrays.get(name, unasked) for name in columns]
    return _table(tuple(columns), given, index, plain=plain)


def _array_of_column(value: Any) -> Held:
    if isinstance(value, pd.Series):
        return array_of(value)
    return value if isinstance(value, np.ndarray) else object_array(value)


def _one_cell(value: Any) -> np.ndarray[Any, Any]:
    # A zero-dimensional array and a numpy scalar have a dtype to go by.
    plain = not isinstance(value, np.ndarray) or value.ndim
    return object_array([value]) if plain else value.reshape(1)


def _table_of_array(data: Any, specs: Sequence[ColSpec]) -> Table:
    if data.dtype.names is not None or data.ndim > 2:  # noqa: PLR2004 - rows and columns
        what = (
            "a structured array (pandas.DataFrame makes a data frame of it)"
            if data.dtype.names
            else f"an array of {data.ndim} axes"
        )
        raise _refused_form(what)
    flat = data.reshape(-1, 1) if data.ndim < 2 else data  # noqa: PLR2004 - as above
    if data.ndim < 2 and len(specs) > 1 and _by_position(specs):  # noqa: PLR2004 - as above
        raise _refused_form("an array of one axis for several columns")
    index = pd.RangeIndex(len(flat))
    return Table(None, flat.shape[1], index, lambda position: (flat[:, position], None))


def _table_of_rows(rows: Sequence[Any]) -> Table:
    rows = [array_of(row) if isinstance(row, pd.Series) else row for row in rows]
    whole = next((row for row in rows if _is_table(row)), None)
    if whole is not None:
        name = type(whole).__name__
        raise _refused_form(f"a list that holds a {name} (give the {name} itself)")
    widths = {len(row) for row in rows}
    if len(widths) > 1 or any(isinstance(row, np.ndarray) and row.ndim > 1 for row in rows):
        raise _refused_form("a list of rows of different lengths or of more axes")
    arrays = [object_array([row[place] for row in rows]) for place in range(widths.pop())]
    return _table(None, arrays, pd.RangeIndex(len(rows)))


def _is_table(row: Any) -> bool:
    """Return whether a row is a data frame or a matrix by itself, and no array of numpy's."""
    return getattr(row, "ndim", 1) > 1 and not isinstance(row, np.ndarray)


def _table_of_records(records: Sequence[Mapping[Any, Any]], specs: Sequence[ColSpec]) -> Table:
    if _by_position(specs):
        raise _refused_form("a list of records, which cannot be matched by position,")
    names, arrays, found = [], [], Findings()
    for spec in specs:
        number = isinstance(spec.name, int) and not any(spec.name in one for one in records)
        # A record that comes from JSON has the number as text (ENF-012).
        name = str(spec.name) if number else spec.name
        lacking = next((row for row, one in enumerate(records) if name not in one), None)
        if lacking is not None and spec.required:
            found.append(missing_input(spec, "this record does not have it", lacking))
        if lacking is None or any(name in record for record in records):
            names.append(name)
            arrays.append(object_array([record.get(name) for record in records]))
    strange = _stranger(records, specs)
    if strange is not None and not found:
        found.append(none_declared(specs, list(records[strange]), strange))
    found.raise_all()
    return _table(tuple(names), arrays, pd.RangeIndex(len(records)))


def _stranger(records: Sequence[Mapping[Any, Any]], specs: Sequence[ColSpec]) -> int | None:
    """Return the first record of which no name is declared, though all may be absent (ENF-112)."""
    if any(spec.required for spec in specs):
        return None
    known = {str(spec.name) for spec in specs}
    strange = (row for row, one in enumerate(records) if one and known.isdisjoint(map(str, one)))
    return next(strange, None)
