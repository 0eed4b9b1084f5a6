"""The time at which a model was saved: one field under two names, in the forms of ten years.

``utc_time_created`` was ``time_created`` at first (MLM-009). Its value was written as text and
as YAML's own timestamp, with and without a zone, and by MLflow for R in a form of its own.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EARLY_KEY", "KEY", "parse_time", "same_time", "time_text", "with_todays_time"]

#: The key that is written, and the name that it had before (MLM-009).
KEY, EARLY_KEY = "utc_time_created", "time_created"

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(Z|z|[-+]\d{1,2}(?::?\d{2})?)?)?",
    re.ASCII,
)
# A year of two digits, and the seconds written twice: whole, and with their fraction.
_R = re.compile(r"(\d{2})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})\.(?:\d{2})\.(\d{2,})()", re.ASCII)


def parse_time(written: object) -> dt.datetime | None:
    """Return the moment that a written time names, in UTC, or None where the form is not known.

    ``written`` is a text in a form of MLM-010, or what YAML makes of a timestamp (a date or
    datetime). Without a zone it is UTC; digits after the microsecond are left out.
    """
    if isinstance(written, dt.datetime):
        return _utc(written)
    if isinstance(written, dt.date):
        return dt.datetime(written.year, written.month, written.day, tzinfo=dt.UTC)
    if not isinstance(written, str):
        return None
    found = _ISO.fullmatch(written)
    century = 0
    if found is None:
        found, century = _R.fullmatch(written), 2000
    if found is None:
        return None
    *parts, fraction, zone = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    micro = int(f"{fraction or 0:0<6}"[:6])
    try:
        moment = dt.datetime(century + year, month, day, hour, minute, second, micro, _zone(zone))
        return moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):  # month 13; the first and last hours of time itself
        return None


def _zone(written: str | None) -> dt.timezone:
    if not written or written in "Zz":
        return dt.UTC
    digits = written[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > len("00") else (digits, "0")
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
    return dt.timezone(-offset if written[0] == "-" else offset)


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def same_time(one: object, other: object) -> bool:
    """Return whether two written times are one moment; unknown forms are compared as texts."""
    moments = parse_time(one), parse_time(other)
    return str(one) == str(other) if None in moments else moments[0] == moments[1]


def time_text(written: object) -> str:
    """Return a time as the file holds it: a text as it is, a date or datetime as text in UTC."""
    if isinstance(written, dt.datetime):
        return _utc(written).replace(tzinfo=None).isoformat(" ", "microseconds")
    return str(written)


def with_todays_time(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping of an MLmodel file with its time under ``utc_time_created``, as text.

    The key keeps its place. Where both names stand and are different times, both are kept:
    which one is right nobody knows, and a check says so (MLM-009). A value that is not a time
    (a list, a number) stays as it is.
    """
    early, today = data.get(EARLY_KEY), data.get(KEY)
    one = not early or not today or same_time(early, today)
    found: dict[str, Any] = {}
    for key, member in data.items():
        if key not in {KEY, EARLY_KEY}:
            found[key] = member
            continue
        value = (today or early or member) if one else member
        value = time_text(value) if isinstance(value, dt.date) else value
        found[KEY if one else key] = value
    return found
