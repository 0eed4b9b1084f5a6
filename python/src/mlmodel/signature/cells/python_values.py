"""Cells of object columns and of plain Python values, read at the declared type (ENF-030).

They follow the rules for untyped cells, whose reader is the one that JSON and CSV use. On top
of those rules, Python's own values stand for themselves: bytes, dates and times, numpy scalars,
and everything that pandas counts as missing.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.signature.cells.reader import Reader
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.types.scalars import FLOATS, DataType

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.errors import InputViolation

__all__ = ["is_bytes", "is_missing", "is_text", "read_objects"]

_NONE = type(None)
_TEXT = frozenset({str, _NONE})
_BYTES = frozenset({bytes, _NONE})
_PLAIN = frozenset({str, bool, int, _NONE, list, dict})
_INTEGERS = frozenset({int})
_NUMBERS = frozenset({int, float})
_TIMES = (dt.date, np.datetime64)
#: From this many cells on, pandas' own check of the cells' types is faster than a set of them.
_MANY = 1000


def is_text(values: np.ndarray[Any, Any]) -> bool:
    """Return whether every cell is text or None, which is how strings are delivered."""
    if values.size >= _MANY and pd.api.types.is_string_dtype(values):
        return True
    return _TEXT.issuperset(map(type, values.ravel("K").tolist()))


def is_bytes(values: np.ndarray[Any, Any]) -> bool:
    """Return whether every cell is bytes or None, which is how binary is delivered."""
    return _BYTES.issuperset(map(type, values.ravel("K").tolist()))


def read_objects(
    values: np.ndarray[Any, Any],
    kind: DataType,
    name: str | int,
    violations: list[InputViolation],
    *,
    required: bool = True,
) -> tuple[Any, np.ndarray[Any, Any] | None]:
    """Return a one-dimensional object array at its delivered dtype, and the mask of missing cells.

    The mask (True = missing) is given only for types whose dtype cannot say it, where the
    column may hold missing values at all (``required`` is False). What is wrong is added to
    ``violations``.
    """
    if kind is DataType.string and is_text(values):
        return values, None
    if kind is DataType.binary and is_bytes(values):
        return values, None
    reader = Reader(exact=True, violations=violations, null="None")
    cells = values.tolist()
    if set(map(type, cells)) <= (_NUMBERS if kind in FLOATS else _INTEGERS):
        # Nothing is missing and nothing strange: the most frequent case in lists of numbers.
        return reader.column(cells, kind, name), None
    cells, mask = _plain(cells)
    if kind in FLOATS and any(isinstance(cell, Decimal) for cell in cells):
        cells = _with_literals(reader, cells)
    if _refuse_strangers(reader, cells, kind, name):
        return None, None
    if kind.traits.takes_missing or required or mask is None:
        special = _SPECIAL.get(kind)
        read = special(reader, cells, kind, name) if special else reader.column(cells, kind, name)
        return read, None
    filler = kind.traits.filler
    filled = [filler if gap else cell for cell, gap in zip(cells, mask.tolist(), strict=True)]
    return reader.column(filled, kind, name), mask


def _plain(cells: list[Any]) -> tuple[list[Any], np.ndarray[Any, Any] | None]:
    """Return the cells with None for every missing one and Python's values for numpy's."""
    types = set(map(type, cells))
    mask = None
    if types - _PLAIN or _NONE in types:
        # Asked of the whole, pandas would look into cells that are lists.
        mask = np.fromiter(map(is_missing, cells), bool, len(cells))
        cells = [None if gap else cell for cell, gap in zip(cells, mask.tolist(), strict=True)]
    if any(issubclass(t, np.generic) and t is not np.datetime64 for t in types):
        cells = [_item(cell) for cell in cells]
    return cells, mask


def is_missing(cell: Any) -> bool:
    """Return whether a cell is None, NaN, NaT or NA."""
    return (
        cell is None
        or cell is pd.NA
        or cell is pd.NaT
        or (isinstance(cell, Decimal) and cell.is_nan())
        or (
            isinstance(cell, float | np.floating | np.datetime64) and bool(cell != cell)  # noqa: PLR0124 - NaN and NaT differ from themselves
        )
    )


def _item(cell: Any) -> Any:
    # Of nanoseconds item() makes whole numbers.
    if not isinstance(cell, np.generic) or isinstance(cell, np.datetime64 | np.timedelta64):
        return cell
    return cell.item()


def _with_literals(reader: Reader, cells: list[Any]) -> list[Any]:
    """Return decimals as what they are: literals of numbers, read at the nearest (ENF-046)."""
    read: list[Any] = []
    for cell in cells:
        value = float(cell) if isinstance(cell, Decimal) else cell
        if isinstance(cell, Decimal | float) and Decimal(cell).is_finite():
            reader.literals.setdefault(value, set()).add(str(Decimal(cell)))
            value = cell if math.isinf(value) else value  # for the reader to refuse
        read.append(value)
    return read


def _refuse_strangers(reader: Reader, cells: list[Any], kind: DataType, name: str | int) -> bool:
    """Refuse cells of a Python type that the column's type does not take (ENF-014, ENF-021)."""

    def fault(cell: Any) -> tuple[str, str] | None:
        if type(cell) in (*_PLAIN, float, bytes, bytearray) or isinstance(cell, _TIMES):
            return None
        if isinstance(cell, Decimal):
            if kind in FLOATS:
                return None
            return "ENF-021", "double and float alone take decimals"
        return "ENF-021", f"no column type takes {type(cell).__name__}"

    before = len(reader.violations)
    reader.each(cells, name, kind.value, fault)
    if len(reader.violations) == before and kind not in (DataType.binary, DataType.datetime):
        reader.each(cells, name, kind.value, _not_for_scalars)
    return len(reader.violations) > before


def _not_for_scalars(cell: Any) -> tuple[str, str] | None:
    if isinstance(cell, bytes | bytearray | dt.date | np.datetime64):
        return "ENF-021", f"{type(cell).__name__} is not turned into another type"
    return None


def _binary(reader: Reader, cells: list[Any], kind: DataType, name: str | int) -> Any:
    def fault(cell: Any) -> tuple[str, str] | None:
        if cell is None or isinstance(cell, bytes | bytearray):
            return None
        if isinstance(cell, str):
            return "ENF-026", "text is not bytes: encode it, or decode its base64"
        return "ENF-026", f"{type(cell).__name__} is not bytes"

    reader.each(cells, name, kind.value, fault)
    return object_array([bytes(c) if isinstance(c, bytearray) else c for c in cells])


def _datetime(reader: Reader, cells: list[Any], kind: DataType, name: str | int) -> Any:
    texts = [None if isinstance(cell, _TIMES) else cell for cell in cells]
    read = reader.column(texts, kind, name)

    def fault(place: int) -> tuple[str, str] | None:
        try:
            read[place] = _nanoseconds(cells[place])
        except (OverflowError, ValueError):
            return "ENF-028", "the type goes from 1677-09-21 to 2262-04-11"
        return None

    places = [place for place, cell in enumerate(cells) if isinstance(cell, _TIMES)]
    found = ((place, fault(place)) for place in places)
    reader.add(((place, *wrong) for place, wrong in found if wrong), cells, name, kind.value)
    return read


def _nanoseconds(moment: Any) -> np.datetime64:
    """Return a date or time in UTC without zone; OutOfBoundsDatetime is a ValueError."""
    stamp = pd.Timestamp(moment)
    if stamp.tzinfo is not None:
        stamp = stamp.tz_convert("UTC").tz_localize(None)
    return stamp.as_unit("ns").to_datetime64()


_SPECIAL: dict[DataType, Callable[[Reader, list[Any], DataType, str | int], Any]] = {
    DataType.binary: _binary,
    DataType.datetime: _datetime,
}
