"""Cells of object columns and of plain Python values, read at the declared type (ENF-030).

They follow the rules for untyped cells, whose reader is the one that JSON and CSV use. On top
of those rules, Python's own values stand for themselves: bytes, dates and times, numpy scalars,
and everything that pandas counts as missing.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from mlmodel.signature.cells.reader import Reader
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.columns import Column
from mlmodel.signature.data.frames import masked
from mlmodel.signature.types.scalars import FLOATS, DataType

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from mlmodel.signature.types.schema import ColSpec
    from mlmodel.signature.violations import Findings

__all__ = ["CHECKS", "is_missing", "read_cells", "read_objects", "text_mark"]

_NONE = type(None)
_TEXT: frozenset[type] = frozenset({str, _NONE})
#: NaN is a float, and marks missing text and booleans among objects (ENF-098).
_MARKED_TEXT: frozenset[type] = frozenset({str, _NONE, float})
_MARKED_BOOLEANS: frozenset[type] = frozenset({bool, _NONE, float})
#: What else says that a text is missing, to be replaced by NaN.
_MISSING_TEXT: frozenset[type] = _MARKED_TEXT | {type(pd.NA), type(pd.NaT)}
_BOOLEANS: frozenset[type] = frozenset({bool})
_FLOATS: frozenset[type] = frozenset({float, _NONE})
_BYTES = frozenset({bytes, _NONE})
_TAKEN = frozenset({str, bool, int, _NONE, list, dict, float, bytes, bytearray})
_INTEGERS = frozenset({int})
_NUMBERS = frozenset({int, float})
_TIMES = (dt.date, np.datetime64)
_NUMPY_TIMES = (np.datetime64, np.timedelta64)
#: Exactly these are read all at once: a subclass may have a notion of its own.
_STAMPS = frozenset({pd.Timestamp, _NONE})
_MOMENTS = _STAMPS | {dt.datetime, dt.date}
#: The number that means NaT.
_NAT = -(2**63)
#: What only columns of binary and datetime take.
_NOT_FOR_OTHERS = (bytes, bytearray, *_TIMES)
#: The types of which some values say that there is none.
_MAY_BE_MISSING = (
    *(type(pd.NA), type(pd.NaT), float),
    *(np.floating, np.datetime64, Decimal),
)
#: From this many cells on, pandas' own check of the cells' types is faster than a set of them.
_MANY = 1000


def _is_text(values: np.ndarray[Any, Any]) -> bool:
    """Return whether every cell is text, None or NaN, which is how strings are delivered."""
    flat = values.ravel("K")
    if values.size >= _MANY:
        return text_mark(flat) is not None
    cells = flat.tolist()
    is_text = _TEXT.issuperset(map(type, cells))
    return is_text or _are_marked(flat, cells, _MARKED_TEXT, "string")


def text_mark(values: np.ndarray[Any, Any]) -> Literal["", "none", "nan"] | None:
    """Return how missing texts are marked: not at all, by None alone, or by NaN (too).

    None where a cell is something else. ``values`` has shape (rows,) and dtype object.
    """
    if values.size >= _MANY and pd.api.types.is_string_dtype(values):
        return ""
    cells = values.tolist()
    # A look at one type after the other ends at the first that is not among them.
    if _TEXT.issuperset(map(type, cells)):
        return "none" if values.size >= _MANY or None in cells else ""
    return "nan" if _are_marked(values, cells, _MARKED_TEXT, "string") else None


def _are_marked(
    values: np.ndarray[Any, Any], cells: list[Any], marked: frozenset[type], what: str
) -> bool:
    """Return whether all cells are of the ``marked`` types, and NaN if they are floats.

    ``what`` is pandas' name of the other cells' type.
    """
    if not marked.issuperset(map(type, cells)):
        return False
    # pandas passes over what is missing, and is fast; NaN alone differs from itself.
    return pd.api.types.infer_dtype(values, skipna=True) == what or all(
        cell != cell  # noqa: PLR0124 - as above
        for cell in cells
        if type(cell) is float
    )


def _is_bytes(values: np.ndarray[Any, Any]) -> bool:
    """Return whether every cell is bytes or None, which is how binary is delivered."""
    return _BYTES.issuperset(map(type, values.ravel("K").tolist()))


#: Whether an array holds what is delivered already, where its dtype does not say so.
CHECKS: dict[Any, Callable[[np.ndarray[Any, Any]], bool]] = {
    DataType.string: _is_text,
    DataType.binary: _is_bytes,
}


def read_objects(column: Column[npt.NDArray[Any]], spec: ColSpec, found: Findings) -> Any:
    """Return a one-dimensional object array as the array that is delivered of it.

    It is the very array if it holds what is delivered. A mark for a missing text or boolean that
    pandas' readers give, None or NaN, stays what it is (ENF-098); any other becomes NaN.
    """
    values = column.values
    is_finished = CHECKS.get(spec.type)
    if is_finished is not None and is_finished(values):
        return values
    cells = values.tolist()
    at_once = _read_at_once(values, cells, spec)
    if at_once is not None:
        return at_once
    read, mask = read_cells(Column(cells, column.mask, column.label), spec, found)
    if spec.type is DataType.string and not found:
        return _with_marks(read, cells, [cell is None for cell in read])
    if spec.type is DataType.boolean and mask is not None and mask.any():
        return _with_marks(read.astype(object), cells, mask.tolist())
    return masked(read, mask)


def _read_at_once(values: npt.NDArray[Any], cells: list[Any], spec: ColSpec) -> Any:
    """Return the array that is delivered where the cells' types say how all are read, else None."""
    if spec.type is DataType.double and _FLOATS.issuperset(map(type, cells)):
        return values.astype(np.float64)  # numpy makes NaN of None
    if spec.type is DataType.boolean and not spec.required:
        is_marked = _are_marked(values, cells, _MARKED_BOOLEANS, "boolean")
        return values if is_marked and not _BOOLEANS.issuperset(map(type, cells)) else None
    if spec.type is DataType.string and _MISSING_TEXT.issuperset(map(type, cells)):
        gaps = np.flatnonzero(pd.isna(values))
        if pd.api.types.is_string_dtype(np.delete(values, gaps)):
            read = values.copy()
            read[gaps] = [None if cells[gap] is None else np.nan for gap in gaps.tolist()]
            return read
    return None


def _with_marks(read: Any, cells: list[Any], missing: list[bool]) -> Any:
    """Put NaN where a cell is missing and was not None."""
    for place, is_gap in enumerate(missing):
        if is_gap:
            read[place] = None if cells[place] is None else np.nan
    return read


def read_cells(
    column: Column[list[Any]], spec: ColSpec, found: Findings
) -> tuple[Any, np.ndarray[Any, Any] | None]:
    """Return cells as an array of the delivered dtype, and the mask of missing ones.

    The column's values are a list; it has no mask. One is
    returned (True = missing) only for types whose dtype cannot say it, where the column may hold
    missing values at all. What is wrong is added to ``found``.
    """
    kind, label, cells = spec.type, column.label, column.values
    assert isinstance(kind, DataType)  # noqa: S101 - tells the type checker what a leaf is
    reader = Reader(exact=True, violations=found, null="None")
    types = set(map(type, cells))
    if types <= (_NUMBERS if kind in FLOATS else _INTEGERS):
        # Nothing is missing and nothing strange: the most frequent case in lists of numbers.
        return reader.column(cells, kind, label), None
    cells = _plain_cells(cells, types)
    if kind in FLOATS and any(issubclass(t, Decimal) for t in types):
        cells = _with_literals(reader, cells)
    if _refuse_strangers(reader, cells, kind, label):
        return None, None
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(reader, cells, label), None
    if spec.required:
        return reader.column(cells, kind, label), None
    return reader.nullable(cells, kind, label)


def _plain_cells(cells: list[Any], types: set[type]) -> list[Any]:
    """Return the cells with None for every missing one and Python's values for numpy's."""
    if float in types:
        cells = [None if type(cell) is float and cell != cell else cell for cell in cells]  # noqa: PLR0124 - as below
    doubtful = frozenset(t for t in types if issubclass(t, _MAY_BE_MISSING)) - {float}
    if doubtful:
        cells = [None if type(cell) in doubtful and is_missing(cell) else cell for cell in cells]
    # Of moments item() makes whole numbers.
    numpys = frozenset(
        t for t in types if issubclass(t, np.generic) and not issubclass(t, _NUMPY_TIMES)
    )
    return [cell.item() if type(cell) in numpys else cell for cell in cells] if numpys else cells


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


def _refuse_strangers(reader: Reader, cells: list[Any], kind: DataType, label: str | int) -> bool:
    """Refuse cells of a Python type that the column's type does not take (ENF-014, ENF-021)."""
    types = set(map(type, cells))
    reasons = {t: reason for t in types if (reason := _strange(t, kind)) is not None}
    if not reasons and kind not in _SPECIAL:
        others = [t for t in types if issubclass(t, _NOT_FOR_OTHERS)]
        reasons = {t: f"{t.__name__} is not converted to another type" for t in others}
    if reasons:
        strangers = ((row, reasons.get(type(cell))) for row, cell in enumerate(cells))
        faults = ((row, "ENF-021", reason) for row, reason in strangers if reason is not None)
        reader.add(faults, cells, label, kind.value)
    return bool(reasons)


def _strange(held: type, kind: DataType) -> str | None:
    """Return why no cell of one of Python's types belongs in a column, or None."""
    if held in _TAKEN or issubclass(held, _TIMES):
        return None
    if not issubclass(held, Decimal):
        return f"no column type takes {held.__name__}"
    return None if kind in FLOATS else "only double and float accept decimals"


def _read_bytes(reader: Reader, cells: list[Any], label: str | int) -> Any:
    def fault(cell: Any) -> tuple[str, str] | None:
        if cell is None or isinstance(cell, bytes | bytearray):
            return None
        if isinstance(cell, str):
            return "ENF-026", "text is not bytes: encode it, or decode its base64"
        return "ENF-026", f"{type(cell).__name__} is not bytes"

    reader.each(cells, label, DataType.binary.value, fault)
    return object_array([bytes(c) if isinstance(c, bytearray) else c for c in cells])


def _read_times(reader: Reader, cells: list[Any], label: str | int) -> Any:
    read = _moments_at_once(cells)
    if read is not None:
        return read
    texts = [None if isinstance(cell, _TIMES) else cell for cell in cells]
    read = reader.column(texts, DataType.datetime, label)

    def fault(place: int) -> tuple[str, str] | None:
        try:
            read[place] = _utc_moment(cells[place])
        except (OverflowError, ValueError):
            return "ENF-028", "the range of the type is 1677-09-21 to 2262-04-11"
        return None

    places = [place for place, cell in enumerate(cells) if isinstance(cell, _TIMES)]
    found = ((place, fault(place)) for place in places)
    faults = ((place, *wrong) for place, wrong in found if wrong)
    reader.add(faults, cells, label, DataType.datetime.value)
    return read


def _moments_at_once(cells: list[Any]) -> npt.NDArray[np.datetime64] | None:
    """Return the cells in UTC, if all are moments that are read in one go as one by one."""
    types = set(map(type, cells))
    if not types <= _MOMENTS:
        return None
    try:
        if types <= _STAMPS:
            counts = [_NAT if cell is None else cell.value for cell in cells]
            return np.array(counts, np.int64).view("datetime64[ns]")
        read = pd.to_datetime(object_array(cells), utc=True).as_unit("ns")
    except (OverflowError, ValueError):  # beyond the range: which cell is told one by one
        return None
    return np.array(read.tz_localize(None))


def _utc_moment(moment: Any) -> np.datetime64:
    """Return a date or time in UTC without zone; OutOfBoundsDatetime is a ValueError."""
    stamp = pd.Timestamp(moment)
    if stamp.tzinfo is not None:
        stamp = stamp.tz_convert("UTC").tz_localize(None)
    return stamp.as_unit("ns").to_datetime64()


#: The types for which there are values of Python's that no form without types has.
_SPECIAL: dict[DataType, Callable[[Reader, list[Any], str | int], Any]] = {
    DataType.binary: _read_bytes,
    DataType.datetime: _read_times,
}
