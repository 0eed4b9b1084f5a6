"""Python's values as vectors of R; what R would have as another value is an error that names it.

R has no integers of 64 bits, no text with NUL and no time finer than its doubles hold; it has no
scalars, which are vectors of one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from mlmodel.bridges.r.cells import sort_of, vector_of_cells
from mlmodel.bridges.r.faults import Place
from mlmodel.bridges.r.numbers import differences, moments, numbers, zone_of
from mlmodel.bridges.r.serialized import MISSING_INTEGER, NULL, Kind, Vector, texts
from mlmodel.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Declared", "require_name", "vector_of"]

#: Of columns that are all of one of these, the frame is one array.
_PLAIN = tuple(map(np.dtype, ("float64", "float32", "int64", "int32", "bool")))
#: Rows that are turned at once: as many as the processor's caches hold.
_TURNED = 1024


@dataclass(frozen=True, slots=True)
class Declared:
    """A frame with the types of its columns' cells, which count where all of them are missing."""

    frame: pd.DataFrame
    types: Sequence[type | None]

    @property
    def columns(self) -> pd.Index[Any]:
        """The names of its columns."""
        return self.frame.columns


def vector_of(value: Any, place: Place) -> Vector:
    """Return a value as R has it (CRA-008).

    Raises:
        InvalidInput: R cannot have it, or only as another one; it names the place (CRA-009).

    """
    try:
        return _vector_of(value, place)
    except RecursionError:
        raise place.fault("lists lie too deep in each other") from None


def _vector_of(value: Any, place: Place) -> Vector:
    make = next((make for types, make in _MAKERS if isinstance(value, types)), None)
    if make is None:
        raise place.fault(f"R has nothing for {type(value).__name__} {shown(value)}")
    return make(value, place)


def _nothing(_value: Any, _place: Place) -> Vector:
    return NULL


def _bytes(value: Any, _place: Place) -> Vector:
    return Vector(Kind.RAW, np.frombuffer(value, "uint8"))


def _items(value: Any, place: Place) -> Vector:
    return Vector(Kind.LIST, [_vector_of(one, place.below(n)) for n, one in enumerate(value)])


def _series(value: Any, place: Place) -> Vector:
    return _column(pd.Series(value), place)


def _number(value: Any, place: Place) -> Vector:
    return _array(np.asarray(value).reshape(1), place)


def _scalar(value: Any, place: Place) -> Vector:
    return vector_of_cells([value], place, _vector_of)


def _named(value: Mapping[Any, Any], place: Place) -> Vector:
    names = list(_names(value, place))
    items = [_vector_of(one, place.below(name)) for name, one in value.items()]
    return Vector(Kind.LIST, items, {"names": texts(names)})


def _names(given: Iterable[Any], place: Place) -> Iterable[str]:
    """Give names as texts: a whole number is its decimal one. Each is there once."""
    seen: set[str] = set()
    for name in given:
        if isinstance(name, bool) or not isinstance(name, str | int | np.integer):
            raise place.fault(f"a name is a text or a whole number, not {shown(name)}")
        text = str(name)
        if text in seen:
            raise Place.column(name).fault("there are several of this name; R asks for one by it")
        _require_text(text, Place.column(name))
        seen.add(text)
        yield text


def require_name(name: str, place: Place) -> None:
    """Raise InvalidInput where R can have no argument of a name."""
    if not name:
        raise place.fault("an argument of R without a name is one by position")
    _require_text(name, place)


def _require_text(name: str, place: Place) -> None:
    if "\0" in name or not _is_unicode(name):
        raise place.fault("R has no such name (NUL, or half a character)")


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _declared(value: Declared, place: Place) -> Vector:
    return _frame(value.frame, place, value.types)


def _frame(frame: pd.DataFrame, place: Place, types: Sequence[type | None] = ()) -> Vector:
    names = list(_names(frame.columns, place))
    columns = _columns(frame, types if len(types) == len(names) else (None,) * len(names))
    rows = np.array([MISSING_INTEGER, -len(frame)], "int32")
    return Vector(
        Kind.LIST,
        columns,
        {
            "names": texts(names),
            "class": texts(["data.frame"]),
            "row.names": Vector(Kind.INTEGER, rows),
        },
    )


def _columns(frame: pd.DataFrame, types: Sequence[type | None]) -> list[Vector]:
    places = map(Place.column, frame.columns)
    dtypes: list[Any] = frame.dtypes.tolist()
    if dtypes and dtypes.count(dtypes[0]) == len(dtypes) and dtypes[0] in _PLAIN:
        # A series for each would cost a row more than all the rest.
        return _of_one_dtype(_turned(frame.to_numpy()), places)
    each = enumerate(zip(places, types, strict=True))
    return [_column(frame.iloc[:, n], place, kind) for n, (place, kind) in each]


def _turned(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a table each of whose columns is in one piece, as R wants them, whatever it was."""
    if values.flags.f_contiguous or len(values) <= _TURNED:
        return values
    turned = np.empty(values.shape, values.dtype, order="F")
    for start in range(0, len(values), _TURNED):
        part = slice(start, start + _TURNED)
        turned[part] = values[part]
    return turned


def _of_one_dtype(table: np.ndarray[Any, Any], places: Iterable[Place]) -> list[Vector]:
    """Return the columns of a table of numbers, in which NaN is what is missing."""
    missing = np.isnan(table) if table.dtype.kind == "f" else None
    if missing is not None and missing.any():
        return [numbers(table[:, n], place, missing[:, n]) for n, place in enumerate(places)]
    return [numbers(table[:, n], place) for n, place in enumerate(places)]


def _of_table(values: np.ndarray[Any, Any], place: Place) -> Vector:
    """Return numbers of a table, where NaN is what is missing."""
    return numbers(values, place, np.isnan(values) if values.dtype.kind == "f" else None)


def _column(series: pd.Series[Any], place: Place, kind: type | None = None) -> Vector:
    """Return a column, whose missing values R has as missing; NaN of pandas is one of them.

    ``kind`` is the type of its cells, where its dtype does not say that.
    """
    dtype: Any = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _factor(series, place)
    if isinstance(dtype, pd.DatetimeTZDtype):
        values = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return moments(values, place, zone_of(dtype.tz))
    if isinstance(dtype, np.dtype) and dtype.kind in "bif":
        return _of_table(series.to_numpy(), place)
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return _of_dtype(series.to_numpy(), place)
    numpy_dtype = getattr(dtype, "numpy_dtype", None)
    if isinstance(numpy_dtype, np.dtype) and numpy_dtype.kind in "biuf":
        missing = series.isna().to_numpy()
        filled = series.to_numpy(dtype=numpy_dtype, na_value=numpy_dtype.type(0))
        return _of_dtype(filled, place, missing)
    if isinstance(dtype, pd.StringDtype | pd.ArrowDtype):
        kind = dtype.type
    cells = series.astype(object).tolist()
    return vector_of_cells(cells, place, _vector_of, None if kind is None else sort_of(kind))


def _factor(series: pd.Series[Any], place: Place) -> Vector:
    categories = series.cat.categories.tolist()
    for level in categories:
        if isinstance(level, bool) or not isinstance(level, str | int):
            raise place.fault(f"a category is a text or a whole number, not {shown(level)}")
    names = list(map(str, categories))
    if len(set(names)) < len(names):
        raise place.fault("two of its categories have one text, and R tells them apart by it")
    levels = vector_of_cells(names, place, _vector_of)
    codes = series.cat.codes.to_numpy().astype("int32") + np.int32(1)
    codes[codes == 0] = MISSING_INTEGER
    classes = ["ordered", "factor"] if series.cat.ordered else ["factor"]
    empty = texts([]) if not categories else levels
    return Vector(Kind.INTEGER, codes, {"levels": empty, "class": texts(classes)})


def _of_dtype(values: Any, place: Place, missing: Any = None) -> Vector:
    if values.dtype.kind == "M":
        return moments(values, place)
    if values.dtype.kind == "m":
        return differences(values, place)
    if values.dtype.kind in "OU":
        return vector_of_cells(values.tolist(), place, _vector_of)
    return numbers(values, place, missing)


def _array(array: np.ndarray[Any, Any], place: Place) -> Vector:
    """Return an array; of several axes with R's ``dim``, and R's order: the first axis runs first.

    An object array holds cells, and its missing ones are R's; NaN of a float array is itself.
    """
    if array.ndim == 0:
        return _vector_of(array.item() if array.dtype.kind == "O" else array[()], place)
    made = _of_dtype(np.ascontiguousarray(array.ravel(order="F")), place)
    if array.ndim == 1:
        return made
    if max(array.shape) > -MISSING_INTEGER - 1:
        raise place.fault("an axis is longer than R's can be")
    dim = Vector(Kind.INTEGER, np.array(array.shape, "int32"))
    return Vector(made.kind, made.values, {"dim": dim, **made.attributes})


#: The types of values -> what makes vectors of them; the first that fits.
_MAKERS: tuple[tuple[tuple[type, ...], Callable[[Any, Place], Vector]], ...] = (
    ((type(None),), _nothing),
    ((pd.DataFrame,), _frame),
    ((Declared,), _declared),
    ((pd.Series, pd.Index, ExtensionArray), _series),
    ((np.ndarray,), _array),
    ((bytes, bytearray, memoryview), _bytes),
    ((Mapping,), _named),
    ((list, tuple), _items),
    ((str, bool), _scalar),
    ((np.generic, float), _number),
    ((int, complex, dt.date, dt.timedelta, type(pd.NA)), _scalar),
)
