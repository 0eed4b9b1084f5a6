"""Datetime texts of untyped forms: ISO 8601, exact to the nanosecond, delivered in UTC."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.signature.cells.special import special_fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["read_datetimes"]

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?)?",
    re.ASCII,
)
#: What numpy reads by itself, given that date and time exist.
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?)?", re.ASCII)
#: Texts between these are within the type's range, whatever follows the year.
_EARLY, _LATE = "1678", "2262"
_EPOCH = date(1970, 1, 1).toordinal()
_SECOND = 10**9
#: Nanoseconds that datetime64[ns] holds; the smallest number of 64 bits means NaT.
_LOWEST, _HIGHEST = -(2**63) + 1, 2**63 - 1
_NAT = -(2**63)
#: What pandas and MLflow write for a missing moment (ENF-068).
_MISSING = "NaT"
#: How many cells are read together: one that is not plain makes as many be read one by one.
_AT_ONCE = 1024
_FORM = "a date is written as in 2024-01-31, a time as in 2024-01-31T12:00:00Z"


def read_datetimes(
    cells: Sequence[Any], most: int = 0
) -> tuple[npt.NDArray[np.datetime64], list[tuple[int, str, str]]]:
    """Return the cells as datetime64[ns] in UTC, and what is wrong as (row, rule, reason).

    After more than ``most`` wrong cells (0 is no bound) the others are not read (RST-109).
    """
    read = np.full(len(cells), _NAT, np.int64)
    faults: list[tuple[int, str, str]] = []
    for start in range(0, len(cells), _AT_ONCE):
        if most and len(faults) > most:
            break
        part = cells[start : start + _AT_ONCE]
        plain = _read_plain(part)
        read[start : start + len(part)] = (
            _read_one_by_one(part, start, faults) if plain is None else plain.view(np.int64)
        )
    return read.view("datetime64[ns]"), faults


def _read_one_by_one(
    cells: Sequence[Any], start: int, faults: list[tuple[int, str, str]]
) -> list[int]:
    read: list[int] = []
    for row, cell in enumerate(cells, start):
        found = _NAT if _is_missing_moment(cell) else _nanoseconds_of(cell)
        if isinstance(found, int):
            read.append(found)
        else:
            read.append(_NAT)
            faults.append((row, *found))
    return read


def _read_plain(cells: Sequence[Any]) -> npt.NDArray[np.datetime64] | None:
    """Return texts of the plain form, all of them in UTC, or None if any of them is not so."""
    if not cells or not {str}.issuperset(map(type, cells)):
        return None
    if min(cells) < _EARLY or max(cells) >= _LATE or not all(map(_PLAIN.fullmatch, cells)):
        return None
    try:
        return np.array([cell.removesuffix("Z") for cell in cells], "datetime64[ns]")
    except ValueError:
        return None


def _is_missing_moment(cell: Any) -> bool:
    return cell is None or (type(cell) is str and cell == _MISSING)


def _nanoseconds_of(cell: Any) -> int | tuple[str, str]:
    """Return the nanoseconds since 1970 in UTC, or the rule that is broken and why."""
    if type(cell) is not str:
        return _text_fault(cell)
    matched = _ISO.fullmatch(cell)
    if matched is None:
        return "ENF-053", _FORM
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = (
        matched.groups()
    )
    clock = (int(hour or 0), int(minute or 0), int(second or 0))
    zone = (int(zone_hour or 0), int(zone_minute or 0))
    if clock > (23, 59, 59) or max(clock[1:]) > 59 or zone[0] > 23 or zone[1] > 59:  # noqa: PLR2004
        return "ENF-053", "there is no such time"
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return "ENF-053", "there is no such date"
    offset = (zone[0] * 60 + zone[1]) * (60 if sign != "-" else -60)
    seconds = days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2] - offset
    nanoseconds = seconds * _SECOND + int((fraction or "0").ljust(9, "0"))
    if not _LOWEST <= nanoseconds <= _HIGHEST:
        return "ENF-056", "the range of the type is 1677-09-21 to 2262-04-11"
    return nanoseconds


def _text_fault(cell: Any) -> tuple[str, str]:
    special = special_fault(cell)
    if special is not None:
        return special
    if type(cell) in (int, float):
        return "ENF-055", "a number has no unit; pandas writes text with date_format='iso'"
    if type(cell) in (list, dict):
        return "ENF-057", "a cell of this type holds one value"
    return "ENF-053", _FORM
