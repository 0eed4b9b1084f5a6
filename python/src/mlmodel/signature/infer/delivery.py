"""What data tell of a model's input that no signature can say (ENF-097)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from mlmodel._base.warnings import warn_caller
from mlmodel.signature.cells.python_values import text_mark
from mlmodel.signature.data import arrow
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.frames import array_of, arrays_of
from mlmodel.signature.enforce.finish import zone_of
from mlmodel.signature.types.delivery import ColumnDelivery, Delivery
from mlmodel.signature.types.scalars import FLOATS, INTEGERS, DataType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.signature.types.schema import Schema

__all__ = ["delivery_of"]

#: How many categories are written down, all columns together: a file holds 50,000 values (MLM-002).
_MOST_CATEGORIES = 20_000
_CATEGORIES = (str, int, float, bool)
_COUNTED = INTEGERS | FLOATS | {DataType.boolean}
#: The types of what stands for a missing day.
_GAPS = (type(None), float, np.float64, type(pd.NaT), type(pd.NA))


def delivery_of(
    data: Any, schema: Schema | None, complete: frozenset[int] = frozenset()
) -> Delivery | None:
    """Return what is to be recorded of the columns of data that a schema declares.

    Args:
        data: what a signature is inferred from, or an input example.
        schema: the declared inputs, matched by name, else by position.
        complete: the positions of inputs in which no cell is known to be missing.

    Returns:
        The record, which may be empty; None where no columns are declared.

    Warns:
        UserWarning: a column has too many categories, or times whose zone cannot be named.

    """
    if schema is None or schema.is_tensor_spec():
        return None
    found: dict[str, ColumnDelivery] = {}
    left = _MOST_CATEGORIES
    columns = dict(_columns_of(data))
    for place, spec in enumerate(schema):
        key = str(place if spec.name is None else spec.name)
        values = columns.get(key)
        if values is None or not isinstance(spec.type, DataType):
            continue
        if place in complete and spec.type is DataType.string and values.dtype == object:
            continue  # of texts, only how missing ones are marked is recorded
        record = _record_of(values, spec.type, key, left)
        if record is not None:
            found[key] = record
            left -= len(record.categories or ())
    return Delivery(found)


def _columns_of(data: Any) -> Iterator[tuple[str, Any]]:
    """Give the typed columns by name; those of numbered ones by position."""
    if isinstance(data, pd.DataFrame):
        yield from zip(map(str, data.columns), arrays_of(data), strict=True)
    elif isinstance(data, pd.Series):
        yield str(0 if data.name is None else data.name), array_of(data)
    elif isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, pd.Series):
                yield str(name), array_of(value)
            elif isinstance(value, list) and all(isinstance(one, dt.date) for one in value):
                yield str(name), object_array(value)
    elif (columns := arrow.columns_of(data)) is not None:
        for place, (name, column) in enumerate(zip(*columns, strict=True)):
            yield str(place if name is None else name), column


def _record_of(values: Any, kind: DataType, label: str, left: int) -> ColumnDelivery | None:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _of_categories(dtype, kind, label, left)
    if kind is DataType.datetime:
        return _of_moments(values, label)
    if isinstance(dtype, pd.BooleanDtype) and kind is DataType.boolean:
        return ColumnDelivery(dtype="boolean")
    if isinstance(dtype, pd.StringDtype) and kind is DataType.string:
        return ColumnDelivery(dtype="string") if dtype.na_value is pd.NA else None
    if dtype.kind == "O" and (kind is DataType.string or kind in _COUNTED):
        return _of_objects(values, kind)
    return None


def _of_moments(values: Any, label: str) -> ColumnDelivery | None:
    days = _of_days(values.tolist()) if values.dtype.kind == "O" else None
    zone = _zone_in(values, label) if days is None else None
    return days if zone is None else ColumnDelivery(zone=zone)


def _of_days(cells: list[Any]) -> ColumnDelivery | None:
    """Return the record of cells of which each is a day, or missing."""
    types = set(map(type, cells))
    # pandas' moments and NaT are dates to Python, too.
    if dt.date not in types or not types <= {dt.date, *_GAPS}:
        return None
    marked = types == {dt.date, type(None)}
    return ColumnDelivery(dtype="date", missing="none" if marked else None)


def _of_categories(
    dtype: pd.CategoricalDtype, kind: DataType, label: str, left: int
) -> ColumnDelivery | None:
    categories = [one.item() if isinstance(one, np.generic) else one for one in dtype.categories]
    if kind is DataType.datetime or not all(isinstance(one, _CATEGORIES) for one in categories):
        return None
    if len(categories) > left:
        warn_caller(
            f"The column {label!r} has {len(categories):,} categories, too many to be recorded: "
            f"through the python_function the model gets values of the type {kind.value}, not "
            "categories (ENF-097)"
        )
        return None
    return ColumnDelivery(
        dtype="category", categories=tuple(categories), ordered=bool(dtype.ordered)
    )


def _of_objects(values: Any, kind: DataType) -> ColumnDelivery | None:
    mark = text_mark(values) if kind is DataType.string else None
    if mark is not None:
        return ColumnDelivery(missing="none") if mark == "none" else None
    cells = values.tolist()
    types = set(map(type, cells))
    if any(issubclass(held, np.generic) for held in types):
        types = {
            bool if issubclass(t, np.bool_) else float if issubclass(t, np.number) else t
            for t in types
        }
    missing: Literal["none"] | None = None
    nan = any(issubclass(held, float) for held in types) and any(
        isinstance(cell, float) and cell != cell  # noqa: PLR0124 - NaN differs from itself
        for cell in cells
    )
    if type(None) in types and not nan:
        missing = "none"
    if kind is DataType.string:
        return ColumnDelivery(missing=missing) if missing else None
    if not types <= {bool, int, float, type(None)}:
        return None
    return ColumnDelivery(missing=missing, dtype="object")


def _zone_in(values: Any, label: str) -> str | None:
    dtype = values.dtype
    if isinstance(dtype, pd.ArrowDtype):
        return getattr(dtype.pyarrow_dtype, "tz", None)
    if isinstance(dtype, pd.DatetimeTZDtype):
        zones: list[Any] = [dtype.tz]
    elif dtype.kind == "O":
        held = (cell.tzinfo for cell in values if isinstance(cell, dt.datetime))
        # Some libraries' zones cannot be members of a set.
        zones = list({id(zone): zone for zone in held if zone is not None}.values())
    else:
        return None
    names = {zone_of(zone) for zone in zones}
    if names and (len(names) > 1 or None in names):
        warn_caller(
            f"The times of the column {label!r} have zones that cannot be recorded as one: through "
            "the python_function the model gets them in UTC, without zone (ENF-097)"
        )
        return None
    return names.pop() if names else None
