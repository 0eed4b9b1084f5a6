"""Arrays of numbers and times as R has them: exactly, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlmodel.bridges.r.serialized import MISSING_INTEGER, Kind, Vector, texts

if TYPE_CHECKING:
    import datetime as dt

    from mlmodel.bridges.r.faults import Place

__all__ = [
    "EXACT",
    "MISSING_DOUBLE",
    "differences",
    "microseconds",
    "moments",
    "numbers",
    "zone_of",
]

_Array: TypeAlias = "np.ndarray[Any, Any]"

#: Whole numbers up to here are doubles of the same value, each of them.
EXACT = 2**53
#: The bits of R's missing double, which is one of IEEE's values that are no numbers.
MISSING_DOUBLE = np.uint64(0x7FF00000000007A2)
_SECOND = 1_000_000


def numbers(values: _Array, place: Place, missing: _Array | None = None) -> Vector:
    """Return numbers or truth values; where ``missing`` says so, R's missing ones.

    Whole numbers of up to 32 bits are R's integers, those of more are doubles.

    Raises:
        InvalidInput: one of them is none that R has.

    """
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "b":
        return Vector(Kind.LOGICAL, _marked_integers(values, missing))
    if (kind == "i" and size <= 4) or (kind == "u" and size <= 2):  # noqa: PLR2004 - bytes
        _refuse(values == MISSING_INTEGER, values, missing, place, "R has it for a missing integer")
        return Vector(Kind.INTEGER, _marked_integers(values, missing))
    if kind in "iu":
        return Vector(Kind.DOUBLE, _marked_doubles(_exact(values, missing, place), missing))
    if kind == "f" and size <= 8:  # noqa: PLR2004 - bytes
        return Vector(Kind.DOUBLE, _marked_doubles(values, missing))
    if kind == "c" and size <= 16:  # noqa: PLR2004 - bytes
        return Vector(Kind.COMPLEX, np.ascontiguousarray(values, "complex128"))
    raise place.fault(f"R has nothing for an array of dtype {values.dtype}")


def _exact(values: _Array, missing: _Array | None, place: Place) -> _Array:
    beyond = values > EXACT
    if values.dtype.kind == "i":
        beyond = beyond | (values < -EXACT)
    _refuse(beyond, values, missing, place, "R has whole numbers up to 2^53, as doubles")
    return values.astype("float64")


def _refuse(wrong: _Array, values: _Array, missing: _Array | None, place: Place, why: str) -> None:
    if missing is not None:
        wrong = wrong & ~missing
    if wrong.any():
        row = int(wrong.argmax())
        raise place.fault(f"{values[row]} cannot go to R as it is: {why}", row)


def _marked_integers(values: _Array, missing: _Array | None) -> _Array:
    made = np.array(values, "int32", order="C")
    if missing is not None:
        made[missing] = MISSING_INTEGER
    return made


def _marked_doubles(values: _Array, missing: _Array | None) -> _Array:
    if missing is None or not missing.any():
        return np.ascontiguousarray(values, "float64")
    made = np.array(values, "float64", order="C")
    made.view("uint64")[missing] = MISSING_DOUBLE
    return made


def moments(values: _Array, place: Place, zone: str = "UTC") -> Vector:
    """Return times (of UTC, to be shown in ``zone``) as R's ``POSIXct``: seconds, as doubles.

    Days alone are R's ``Date``.

    Raises:
        InvalidInput: one is finer than microseconds, or out of the years for which R has them.

    """
    if np.datetime_data(values.dtype)[0] == "D":
        days = numbers(np.where(np.isnat(values), 0, values.view("int64")), place, np.isnat(values))
        return Vector(days.kind, days.values, {"class": texts(["Date"])})
    return Vector(
        Kind.DOUBLE,
        _seconds(values, place),
        {"class": texts(["POSIXct", "POSIXt"]), "tzone": texts([zone])},
    )


def zone_of(zone: dt.tzinfo) -> str:
    """Return the name of the zone in which R shows times: of one without a name, UTC.

    R takes "UTC+02:00" for the zone two hours behind.
    """
    return str(getattr(zone, "key", None) or getattr(zone, "zone", None) or "UTC")


def differences(values: _Array, place: Place) -> Vector:
    """Return spans of time as R's ``difftime``, in seconds; errors as for :func:`moments`."""
    attributes = {"class": texts(["difftime"]), "units": texts(["secs"])}
    return Vector(Kind.DOUBLE, _seconds(values, place), attributes)


def microseconds(seconds: _Array) -> _Array:
    """Return the whole microseconds that are nearest to seconds, which have to fit."""
    whole = np.floor(seconds)
    # The part of a second by itself: the product of all would be rounded once more.
    made: _Array = whole.astype("int64") * _SECOND
    made += np.round((seconds - whole) * _SECOND).astype("int64")
    return made


def _seconds(values: _Array, place: Place) -> _Array:
    missing = np.isnat(values)
    given = np.datetime_data(values.dtype)
    if given[0] == "generic":  # of NaT alone
        values = values.astype(f"{values.dtype.kind}8[us]")
    whole = values.astype(f"{values.dtype.kind}8[us]")
    made = whole.view("int64") / _SECOND
    finer = (whole.astype(values.dtype) != values) & ~missing
    why = "R has times as seconds in doubles: whole microseconds, for some 270 years around 1970"
    _refuse(finer, values, missing, place, why)
    _refuse(microseconds(made) != whole.view("int64"), values, missing, place, why)
    return _marked_doubles(made, missing)
