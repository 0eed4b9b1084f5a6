"""Cells of Python's own types, one by one, as a vector of R."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from mlmodel.bridges.r.faults import Place
from mlmodel.bridges.r.numbers import EXACT, differences, moments, numbers, zone_of
from mlmodel.bridges.r.serialized import Kind, Vector, texts
from mlmodel.errors import shown

__all__ = ["sort_of", "vector_of_cells"]

_Nested: TypeAlias = Callable[[Any, Place], Vector]
_Made: TypeAlias = Callable[[list[Any], Place, _Nested], Vector]

_EPOCH = dt.date(1970, 1, 1)
_PLAIN_TEXTS = frozenset({str, type(None)})


def vector_of_cells(
    cells: list[Any], place: Place, nested: _Nested, if_missing: type | None = None
) -> Vector:
    """Return cells of one sort, of which some may be missing (None, NaN, NaT, ``pd.NA``).

    Missing ones alone are of the sort ``if_missing``, or truth values, as R's own ``NA`` is.
    ``nested`` makes the vectors of lists and mappings.

    Raises:
        InvalidInput: they are of several sorts, or R has nothing for them.

    """
    found_types = set(map(type, cells))
    if str in found_types and found_types <= _PLAIN_TEXTS:
        return _texts(cells, place, nested)
    cells = [None if _is_missing(one) else one for one in cells]
    sort, first = None, 0
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        kind: Any = type(cell)
        found = sort_of(kind)
        if found is None:
            raise place.fault(f"R has nothing for {type(cell).__name__} {shown(cell)}", row)
        if sort is None:
            sort, first = found, row
        elif sort is not found:
            raise place.fault(
                f"{shown(cell)} is of another sort than {shown(cells[first])} in row {first}; a "
                "column of R is of one",
                row,
            )
    return _SORTS[sort or if_missing or bool](cells, place, nested)


def _is_missing(cell: Any) -> bool:
    return (
        cell is None
        or cell is pd.NA
        or cell is pd.NaT
        or (isinstance(cell, float | np.floating) and math.isnan(cell))
        or (isinstance(cell, np.datetime64 | np.timedelta64) and bool(np.isnat(cell)))
    )


#: The type that stands for a sort of cells -> the types that are of it, the narrower sorts first.
_SORTS_OF: dict[type, tuple[type, ...]] = {
    bool: (bool, np.bool_),
    str: (str,),
    float: (int, float, np.integer, np.floating),
    complex: (complex, np.complexfloating),
    dt.datetime: (dt.datetime, np.datetime64),
    dt.date: (dt.date,),
    dt.timedelta: (dt.timedelta, np.timedelta64),
    bytes: (bytes, bytearray),
    list: (list, tuple, np.ndarray, Mapping, pd.DataFrame, pd.Series),
}


@lru_cache
def sort_of(kind: Hashable) -> type | None:
    """Return the type that stands for the sort of a cell's type, None for what R does not have."""
    return next(
        (
            sort
            for sort, kinds in _SORTS_OF.items()
            if isinstance(kind, type) and issubclass(kind, kinds)
        ),
        None,
    )


def _truths(cells: list[Any], place: Place, _nested: _Nested) -> Vector:
    values = np.array([cell is not None and bool(cell) for cell in cells], "bool")
    return numbers(values, place, _missing(cells))


def _texts(cells: list[Any], place: Place, _nested: _Nested) -> Vector:
    joined = "".join(filter(None, cells))
    if "\0" in joined:
        row = next(row for row, cell in enumerate(cells) if cell and "\0" in cell)
        raise place.fault(f"{shown(cells[row])} has a NUL, and texts of R have none", row)
    try:
        joined.encode()
    except UnicodeEncodeError:
        row = next(row for row, cell in enumerate(cells) if cell and not _is_unicode(cell))
        raise place.fault(f"{shown(cells[row])} is no text of Unicode", row) from None
    return texts(cells)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _doubles(cells: list[Any], place: Place, _nested: _Nested) -> Vector:
    for row, cell in enumerate(cells):
        if isinstance(cell, int | np.integer) and abs(int(cell)) > EXACT:
            why = "R has whole numbers up to 2^53, as doubles"
            raise place.fault(f"{shown(cell)} cannot go to R as it is: {why}", row)
        if isinstance(cell, np.longdouble) and float(cell) != cell:
            raise place.fault(f"{cell} has more digits than R's doubles", row)
    values = np.array([0.0 if cell is None else float(cell) for cell in cells], "float64")
    return numbers(values, place, _missing(cells))


def _complex(cells: list[Any], place: Place, _nested: _Nested) -> Vector:
    if None in cells:
        raise place.fault("a complex number is missing, which has no form here", cells.index(None))
    return numbers(np.array(cells, "complex128"), place)


def _dates(cells: list[Any], place: Place, _nested: _Nested) -> Vector:
    days = [0.0 if cell is None else float((cell - _EPOCH).days) for cell in cells]
    made = numbers(np.array(days, "float64"), place, _missing(cells))
    return Vector(made.kind, made.values, {"class": texts(["Date"])})


def _moments(cells: list[Any], place: Place, _nested: _Nested) -> Vector:
    zones = {_zone(cell) for cell in cells if cell is not None}
    if None in zones and len(zones) > 1:
        raise place.fault("some of its times have a zone, and some have none")
    zone = zones.pop() if len(zones) == 1 else "UTC"
    values = [_naive(cell) for cell in cells]
    return moments(np.array(values, _finest(values, "M")), place, zone or "UTC")


def _zone(cell: Any) -> str | None:
    zone = getattr(cell, "tzinfo", None)
    return None if zone is None else zone_of(zone)


def _naive(cell: Any) -> np.datetime64:
    if cell is None:
        return np.datetime64("NaT")
    if isinstance(cell, pd.Timestamp):
        return (cell if cell.tzinfo is None else cell.tz_convert(None)).to_datetime64()
    if getattr(cell, "tzinfo", None) is not None:
        cell = cell.astimezone(dt.UTC).replace(tzinfo=None)
    return np.datetime64(cell)


def _finest(values: list[Any], kind: str) -> str:
    """Return the dtype that holds them: of nanoseconds where there are such."""
    units = {np.datetime_data(value.dtype)[0] for value in values}
    return f"{kind}8[{'ns' if 'ns' in units else 'us'}]"


def _differences(cells: list[Any], place: Place, _nested: _Nested) -> Vector:
    values = [_span(cell) for cell in cells]
    return differences(np.array(values, _finest(values, "m")), place)


def _span(cell: Any) -> np.timedelta64:
    if cell is None:
        return np.timedelta64("NaT")
    return cell.to_timedelta64() if isinstance(cell, pd.Timedelta) else np.timedelta64(cell)


def _lists(cells: list[Any], place: Place, nested: _Nested) -> Vector:
    return Vector(Kind.LIST, [nested(cell, place.below(row)) for row, cell in enumerate(cells)])


def _missing(cells: list[Any]) -> np.ndarray[Any, Any] | None:
    return np.array([cell is None for cell in cells], "bool") if None in cells else None


_SORTS: dict[type, _Made] = {
    bool: _truths,
    str: _texts,
    float: _doubles,
    complex: _complex,
    dt.datetime: _moments,
    dt.date: _dates,
    dt.timedelta: _differences,
    bytes: _lists,
    list: _lists,
}
