"""R's vectors as Python's values: arrays of numpy, series and frames of pandas, lists, mappings."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.bridges.r.numbers import microseconds
from mlmodel.bridges.r.serialized import MISSING_INTEGER, NULL, Kind, NotData, Vector
from mlmodel.signature.data.frames import from_arrays, row_index

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["value_of"]

_EPOCH = dt.date(1970, 1, 1)
_NOT_A_TIME = np.datetime64("NaT", "us").view("int64")
#: The seconds around 1970 whose microseconds fit into 64 bits.
_FARTHEST = 9.2e12
#: The units of R's ``difftime``, in seconds.
_UNITS = {"secs": 1, "mins": 60, "hours": 3600, "days": 86400, "weeks": 604800}
#: The missing integer of the package bit64.
_MISSING_WIDE = np.iinfo("int64").min


def value_of(vector: Vector, where: str = "") -> Any:
    """Return what R answered (CRA-010).

    ``where`` is the place in the answer, as R would write it (``$fit``).

    Raises:
        NotData: it holds what has no form here; the text names the place.

    """
    if vector.kind is Kind.NULL:
        return None
    if "data.frame" in vector.classes:
        return _frame(vector, where)
    if "dim" in vector.attributes:
        return _array(vector, where)
    if vector.kind is Kind.LIST:
        return _list(vector, where)
    return vector.values.tobytes() if vector.kind is Kind.RAW else _plain_vector(vector, where)


def _plain_vector(vector: Vector, where: str) -> Any:
    values = _values(vector, where)
    names = vector.strings("names")
    if names is not None:
        return pd.Series(values, index=_index(names))
    return values if isinstance(values, np.ndarray) else pd.Series(values)


def _list(vector: Vector, where: str) -> Any:
    names = vector.strings("names")
    if names is None:
        return [value_of(one, f"{where}[[{n}]]") for n, one in enumerate(vector.values, 1)]
    if len(set(names)) < len(names) or not all(names):
        raise NotData(f"{_at(where)} is a list in which not each element has a name of its own")
    pairs = zip(names, vector.values, strict=True)
    return {name: value_of(one, f"{where}${name}") for name, one in pairs}


def _at(where: str) -> str:
    return where or "the answer"


def _values(vector: Vector, where: str) -> Any:
    """Return a vector's values without its names: an array of numpy, or one of pandas."""
    for name, make in _CLASSES.items():
        if name in vector.classes:
            return make(vector, where)
    if vector.kind is Kind.TEXT:
        return _objects(vector.values)
    if vector.kind in (Kind.LOGICAL, Kind.INTEGER):
        missing = vector.values == MISSING_INTEGER
        dtype = "bool" if vector.kind is Kind.LOGICAL else "int32"
        return _masked(vector.values.astype(dtype), missing)
    return vector.values


def _objects(values: list[Any]) -> np.ndarray[Any, Any]:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _masked(values: Any, missing: Any) -> Any:
    if not missing.any():
        return values
    dtype: Any = {"b": pd.BooleanDtype(), 4: pd.Int32Dtype(), 8: pd.Int64Dtype()}[
        "b" if values.dtype.kind == "b" else values.dtype.itemsize
    ]
    made = pd.array(values, dtype=dtype)
    made[missing] = pd.NA
    return made


# -- vectors with a class -------------------------------------------------------------------------


def _factor(vector: Vector, where: str) -> pd.Categorical:
    levels = vector.strings("levels")
    if levels is None or None in levels or vector.kind is not Kind.INTEGER:
        raise NotData(f"{_at(where)} is a factor without levels, or with one that is missing")
    if len(set(levels)) < len(levels):
        raise NotData(f"{_at(where)} is a factor with a level that is there twice")
    codes = np.where(vector.values == MISSING_INTEGER, 0, vector.values) - 1
    held = vector.values[vector.values != MISSING_INTEGER]
    if len(held) and (held.min() < 1 or held.max() > len(levels)):
        raise NotData(f"{_at(where)} is a factor with values that are none of its levels")
    kept = _index(levels)
    return pd.Categorical.from_codes(codes, categories=kept, ordered="ordered" in vector.classes)


def _dates(vector: Vector, where: str) -> np.ndarray[Any, Any]:
    days = _doubles(vector, where)
    missing = np.isnan(days)
    if (days[np.isfinite(days)] % 1 != 0).any():
        raise NotData(f"{_at(where)} has days with fractions; round them: floor(…)")
    try:
        known = {day: _EPOCH + dt.timedelta(day) for day in np.unique(days[~missing])}
    except OverflowError:
        raise NotData(f"{_at(where)} has days out of the years 1 to 9999") from None
    return _objects([known.get(day) for day in days.tolist()])


def _moments(vector: Vector, where: str) -> Any:
    made = _microseconds(vector, where, 1).view("datetime64[us]")
    zone = (vector.strings("tzone") or [""])[0]
    if zone in (None, "", "UTC", "GMT"):
        return made
    try:
        return pd.Series(made).dt.tz_localize("UTC").dt.tz_convert(zone).array
    except Exception:  # noqa: BLE001 - of each library of zones its own
        raise NotData(f"{_at(where)} has times in the zone {zone!r}, which is unknown") from None


def _differences(vector: Vector, where: str) -> np.ndarray[Any, Any]:
    unit = (vector.strings("units") or ["secs"])[0]
    if unit not in _UNITS:
        raise NotData(f"{_at(where)} has differences of time in {unit!r}, which is unknown")
    return _microseconds(vector, where, _UNITS[unit]).view("timedelta64[us]")


def _microseconds(vector: Vector, where: str, seconds: int) -> np.ndarray[Any, Any]:
    values = _doubles(vector, where)
    missing = np.isnan(values)
    values = np.where(missing, 0, values) * seconds
    if (np.abs(values) > _FARTHEST).any():
        raise NotData(f"{_at(where)} has times that are too far away")
    made = microseconds(values)
    made[missing] = _NOT_A_TIME
    return made


def _doubles(vector: Vector, where: str) -> np.ndarray[Any, Any]:
    """Return numbers as doubles: R keeps days and seconds as integers, too, and NA alone so."""
    if vector.kind is Kind.DOUBLE:
        return np.asarray(vector.values)
    if vector.kind not in (Kind.INTEGER, Kind.LOGICAL):
        raise _of_no_numbers(vector, where)
    return np.where(vector.values == MISSING_INTEGER, np.nan, vector.values.astype("float64"))


def _of_no_numbers(vector: Vector, where: str) -> NotData:
    what = f"the class {vector.classes[0]}, and of the type {vector.kind.name.lower()}"
    return NotData(f"{_at(where)} is of {what}, which the class does not have; give unclass(x)")


def _wide(vector: Vector, where: str) -> Any:
    """Return the integers of the package bit64, which keeps them in the bits of doubles."""
    if vector.kind is not Kind.DOUBLE:
        raise _of_no_numbers(vector, where)
    values = vector.values.view("int64")
    return _masked(values, values == _MISSING_WIDE)


_CLASSES: dict[str, Callable[[Vector, str], Any]] = {
    "factor": _factor,
    "Date": _dates,
    "POSIXct": _moments,
    "difftime": _differences,
    "integer64": _wide,
}


# -- of several axes ------------------------------------------------------------------------------


def _frame(vector: Vector, where: str) -> pd.DataFrame:
    names = vector.strings("names") or []
    parts = vector.values if vector.kind is Kind.LIST else [NULL]
    if len(names) != len(parts) or any(one.kind is Kind.NULL for one in parts):
        raise NotData(f"{_at(where)} is no whole data frame")
    columns = [_column(one, f"{where}${n}") for n, one in zip(names, vector.values, strict=True)]
    index = _row_names(vector.attributes.get("row.names"), columns)
    if any(len(one) != len(index) for one in columns):
        raise NotData(f"{_at(where)} is a data frame whose columns are not of one length")
    return from_arrays(columns, index, _index(names))


def _row_names(rows: Vector | None, columns: list[Any]) -> pd.Index[Any]:
    if rows is None or rows.kind is Kind.NULL:
        return row_index(len(columns[0]) if columns else 0)
    if rows.kind is Kind.TEXT:
        return _index(rows.values)
    # What R keeps of numbers that it gave itself: that they are missing, and how many rows.
    is_short = len(rows) == 2 and rows.values[0] == MISSING_INTEGER  # noqa: PLR2004
    return row_index(abs(int(rows.values[1])) if is_short else len(rows))


def _column(vector: Vector, where: str) -> Any:
    if "dim" in vector.attributes or "data.frame" in vector.classes:
        raise NotData(f"{where} is a column of several columns; make columns of them")
    if vector.kind is Kind.LIST:
        cells = [value_of(one, f"{where}[[{n}]]") for n, one in enumerate(vector.values, 1)]
        return _objects(cells)
    return _values(vector, where)


def _array(vector: Vector, where: str) -> Any:
    if vector.kind is Kind.LIST:
        raise NotData(f"{_at(where)} is a list with dimensions, which has no form here")
    dim = vector.attributes["dim"].values.tolist()
    bare = Vector(vector.kind, vector.values, _without(vector, "dim", "dimnames"))
    names = _dimnames(vector, len(dim))
    values = _values(bare, where)
    if not any(names):
        if isinstance(values, np.ndarray):
            return values.reshape(dim, order="F")
        return values.to_numpy(dtype=object, na_value=None).reshape(dim, order="F")
    if len(dim) == 1:
        return pd.Series(values, index=_index(names[0]))
    if len(dim) > 2:  # noqa: PLR2004 - axes
        raise NotData(f"{_at(where)} has names along {len(dim)} axes; drop them: unname(…)")
    rows, columns = dim
    parts = [values[n * rows : (n + 1) * rows] for n in range(columns)]
    index = pd.RangeIndex(rows) if names[0] is None else _index(names[0])
    made = pd.DataFrame(dict(enumerate(parts)), index=index)
    if names[1] is not None:
        made.columns = _index(names[1])
    return made


def _index(names: Any) -> pd.Index[Any]:
    """Return names as they are: pandas would make dtypes of its own choice of them."""
    made: pd.Index[Any] = pd.Index(_objects(names), dtype=object)
    return made


def _without(vector: Vector, *names: str) -> dict[str, Vector]:
    return {name: one for name, one in vector.attributes.items() if name not in names}


def _dimnames(vector: Vector, axes: int) -> list[list[str | None] | None]:
    said = vector.attributes.get("dimnames")
    if said is None or said.kind is not Kind.LIST:
        return [None] * axes
    return [one.values if one.kind is Kind.TEXT else None for one in said.values]
