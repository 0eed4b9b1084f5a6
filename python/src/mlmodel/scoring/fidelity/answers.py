"""Answers of a model held against each other: equal as FID-002 says, or where they differ."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import numbers
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mlmodel.errors import shown

__all__ = ["Incomparable", "difference"]

#: Relative and absolute tolerance of doubles, and of floats of 32 bits and less (FID-002).
_DOUBLE, _SINGLE = (1e-9, 1e-12), (1e-6, 1e-7)
_BITS = 32
#: The kinds of numpy's dtypes that are numbers; what else is one is held value by value.
_NUMBERS = "iufc"
#: The largest sparse answer that is written out to be compared.
_MOST_CELLS = 1_000_000


class Incomparable(Exception):
    """An answer cannot be looked at without being used up, or at all."""


class _Part(NamedTuple):
    """What an answer says in rows: its name, if it has one, and its values, the rows first."""

    name: str | None
    values: np.ndarray[Any, Any]
    #: Whether they were floats of 32 bits or less, which values as objects do not tell.
    single: bool


def difference(native: Any, given: Any, *, single: bool = False) -> str | None:
    """Return where an answer differs from the model's own, None where it does not (FID-002).

    Args:
        native: what the model itself answers.
        given: what it answers in another way.
        single: whether floats are held to the precision of 32 bits, whatever their dtype.

    Returns:
        The beginning of a sentence, such as ``row 2 is 1, and 0 by the model itself``.

    Raises:
        Incomparable: an answer that is used up by looking at it, or too large.

    """
    if native is None or given is None:
        return None if native is given else _two("it", native, given)
    if isinstance(native, Mapping) and isinstance(given, Mapping):
        return _of_mappings(native, given, single=single)
    if _is_several(native) and _is_several(given) and len(native) == len(given):
        pairs = enumerate(zip(native, given, strict=True))
        parts = ((f"part {n}: ", difference(a, b, single=single)) for n, (a, b) in pairs)
        return next((f"{where}{what}" for where, what in parts if what), None)
    return _of_parts(_parts(native), _parts(given), single=single)


def _is_several(answer: Any) -> bool:
    """Return whether an answer is several arrays, each with a row per row of the data."""
    return isinstance(answer, tuple) and any(hasattr(part, "shape") for part in answer)


def _of_mappings(
    native: Mapping[Any, Any], given: Mapping[Any, Any], *, single: bool
) -> str | None:
    if set(native) != set(given):
        return (
            f"it has the keys {shown(list(given))}, and {shown(list(native))} by the model itself"
        )
    for key, answer in native.items():
        what = difference(answer, given[key], single=single)
        if what:
            return f"key {shown(key)}: {what}"
    return None


def _of_parts(native: list[_Part], given: list[_Part], *, single: bool) -> str | None:
    names = [[part.name for part in parts] for parts in (given, native)]
    if len(native) != len(given) or (None not in names[0] + names[1] and names[0] != names[1]):
        what = "columns" if len(native) > 1 or len(given) > 1 else "column"
        return (
            f"it has the {what} {shown(_or_number(names[0]))}, and {shown(_or_number(names[1]))} "
            "by the model itself"
        )
    for place, (own, other) in enumerate(zip(native, given, strict=True)):
        if len(own.values) != len(other.values):
            return (
                f"it has {_rows(len(other.values))}, and {_rows(len(own.values))} by the model "
                "itself"
            )
        short = single or own.single or other.single
        row = _first_row(own.values, other.values, single=short)
        if row is not None:
            column = "" if len(native) == 1 else f", column {shown(_or_number(names[0])[place])},"
            return _two(f"row {row}{column}", own.values[row], other.values[row])
    return None


def _or_number(names: list[str | None]) -> list[str | int]:
    return [place if name is None else name for place, name in enumerate(names)]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _two(place: str, native: Any, given: Any) -> str:
    return f"{place} is {_told(given)}, and {_told(native)} by the model itself"


def _told(value: Any) -> str:
    if isinstance(value, np.datetime64 | np.timedelta64):
        return str(value)  # what it is as an object of Python is a number, by its unit
    return shown(value.item() if isinstance(value, np.generic) else value)


# -- answers as parts ------------------------------------------------------------------------------


def _parts(answer: Any) -> list[_Part]:
    if isinstance(answer, pd.DataFrame):
        columns = [answer.iloc[:, place] for place in range(answer.shape[1])]
        return [
            _Part(str(name), _array(column), _is_single(column))
            for name, column in zip(answer.columns, columns, strict=True)
        ]
    if isinstance(answer, Mapping) and answer and all(map(_has_rows, answer.values())):
        return [_Part(str(name), _array(held), _is_single(held)) for name, held in answer.items()]
    values, single = _array(answer), _is_single(answer)
    if values.ndim == 2 and values.dtype.kind != "O":  # noqa: PLR2004 - a table
        return [_Part(None, values[:, place], single) for place in range(values.shape[1])]
    return [_Part(None, values, single)]


def _has_rows(held: Any) -> bool:
    return bool(getattr(held, "shape", ()))


def _array(answer: Any) -> np.ndarray[Any, Any]:
    """Return an answer as an array whose first axis is its rows."""
    if isinstance(answer, Iterator):
        raise Incomparable
    if hasattr(answer, "toarray") and hasattr(answer, "nnz"):
        if math.prod(answer.shape) > _MOST_CELLS:
            raise Incomparable
        answer = answer.toarray()
    if isinstance(answer, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        plain = isinstance(answer.dtype, np.dtype)
        return np.asarray(answer) if plain else _objects(list(answer))
    if isinstance(answer, np.ndarray):
        return answer if answer.ndim else answer.reshape(1)
    if isinstance(answer, list | tuple):
        return _objects(list(answer))
    if hasattr(answer, "to_pylist"):
        return _objects(answer.to_pylist())
    return _objects([answer])


def _objects(cells: list[Any]) -> np.ndarray[Any, Any]:
    found = np.empty(len(cells), dtype=object)
    found[:] = cells
    return found


# -- values ----------------------------------------------------------------------------------------


def _first_row(
    native: np.ndarray[Any, Any], given: np.ndarray[Any, Any], *, single: bool
) -> int | None:
    """Return the first row that differs, None where none does."""
    if native.dtype.kind in _NUMBERS and given.dtype.kind in _NUMBERS:
        if native.shape != given.shape:
            return 0
        differs = ~_are_close(native, given, single=single)
        rows = np.nonzero(differs.reshape(len(differs), -1).any(axis=1))[0]
        return int(rows[0]) if len(rows) else None
    pairs = enumerate(zip(native, given, strict=True))
    return next((row for row, (a, b) in pairs if not _is_same(a, b, single)), None)


def _is_single(values: Any) -> bool:
    """Return whether something holds floats of 32 bits or less, by its dtype or Arrow's type."""
    dtype = getattr(values, "dtype", None)
    if hasattr(values, "to_pylist") and hasattr(values, "type"):
        dtype = pd.ArrowDtype(values.type)
    dtype = getattr(dtype, "numpy_dtype", dtype)
    return isinstance(dtype, np.dtype) and dtype.kind in "fc" and np.finfo(dtype).bits <= _BITS


def _are_close(native: Any, given: Any, *, single: bool) -> Any:
    """Return whether numbers are equal, or floats as close as FID-002 says: two, or two arrays."""
    relative, absolute = _SINGLE if single else _DOUBLE
    if _is_whole(native) and _is_whole(given):
        return native == given
    native, given = _as_doubles(native), _as_doubles(given)
    with np.errstate(all="ignore"):
        away, size = abs(native - given), np.maximum(abs(native), abs(given))
        # An infinity is away from all others without end, which no share of it may make up for.
        close = (away <= np.maximum(relative * size, absolute)) & (away < math.inf)
        missing = (native != native) & (given != given)  # noqa: PLR0124 - NaN
        return (native == given) | close | missing


def _is_whole(values: Any) -> bool:
    """Return whether a number, or an array of them, is of integers, which are held exactly."""
    dtype = getattr(values, "dtype", None)
    return isinstance(values, numbers.Integral) if dtype is None else dtype.kind in "iu"


def _as_doubles(values: Any) -> Any:
    """Return numbers of numpy at 64 bits or more, in which tolerances can be told."""
    dtype = getattr(values, "dtype", None)
    return values if dtype is None else values.astype(np.result_type(dtype, np.float64))


def _is_same(native: Any, given: Any, single: bool) -> bool:
    single = single or _is_single(native) or _is_single(given)
    if _is_missing(native) or _is_missing(given):
        return _is_missing(native) and _is_missing(given)
    for kind, same in _KINDS:
        if isinstance(native, kind) or isinstance(given, kind):
            return (
                isinstance(native, kind) and isinstance(given, kind) and same(native, given, single)
            )
    return _are_same_objects(native, given, single)


def _is_missing(value: Any) -> bool:
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(value != value)  # noqa: PLR0124 - NaN


def _are_same_numbers(native: Any, given: Any, single: bool) -> bool:
    return bool(_are_close(native, given, single=single))


def _are_same_sequences(native: Any, given: Any, single: bool) -> bool:
    native, given = list(native), list(given)
    pairs = zip(native, given, strict=False)
    return len(native) == len(given) and all(_is_same(a, b, single) for a, b in pairs)


def _are_same_mappings(native: Any, given: Any, single: bool) -> bool:
    return set(native) == set(given) and all(
        _is_same(value, given[key], single) for key, value in native.items()
    )


def _are_same_moments(native: Any, given: Any, _single: bool) -> bool:
    native, given = pd.Timestamp(native), pd.Timestamp(given)
    return (native.tz is None) == (given.tz is None) and bool(native == given)


def _are_same_spans(native: Any, given: Any, _single: bool) -> bool:
    try:
        return bool(pd.Timedelta(native) == pd.Timedelta(given))
    except (ValueError, OverflowError):  # of months, or longer than pandas has
        return bool(native == given)


def _are_equal(native: Any, given: Any, _single: bool) -> bool:
    return bool(native == given)


#: Kinds of values, the first that fits one of both holds for the two.
_KINDS: tuple[tuple[Any, Any], ...] = (
    ((bool, np.bool_), _are_equal),
    (decimal.Decimal, _are_equal),
    ((dt.timedelta, np.timedelta64), _are_same_spans),  # numpy's is an integer by its class
    ((numbers.Number, np.number), _are_same_numbers),
    ((str, bytes), _are_equal),
    ((dt.datetime, np.datetime64), _are_same_moments),
    (Mapping, _are_same_mappings),
    ((list, tuple, np.ndarray, pd.Series), _are_same_sequences),
)


def _are_same_objects(native: Any, given: Any, single: bool) -> bool:
    """Hold objects of other classes against each other; a loaded class is another object."""
    if type(native).__qualname__ != type(given).__qualname__:
        return False
    if type(native) is type(given) and "__eq__" in _defined(type(native)):
        return bool(native == given)
    own, other = (getattr(one, "__dict__", {}) for one in (native, given))
    return _are_same_mappings(own, other, single)


def _defined(kind: type) -> set[str]:
    """Return what a class and its bases define, but ``object``."""
    return {name for base in kind.__mro__[:-1] for name in vars(base)}
