"""What the record of delivery makes of a column that has its declared type (ENF-091 ff)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from mlmodel.errors import InputViolation, InvalidArgument
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from mlmodel.signature.types.delivery import ColumnDelivery, Delivery
    from mlmodel.signature.types.schema import ColSpec, Schema
    from mlmodel.signature.violations import Findings

    Finish: TypeAlias = "_Zoned | _Nullable | _Objects | _Category | _Dates"

__all__ = ["ANOTHER", "absent", "finishes", "zone_of"]

#: Stands for a delivered dtype that no look at the given dtype alone can confirm.
ANOTHER: Any = object()


def finishes(schema: Schema, delivery: Delivery | None) -> dict[int, Finish]:
    """Return by position what is to be done with the columns of which something is recorded.

    Raises:
        InvalidArgument: a record does not fit the type of its column, or names a zone that is not
            known here (ENF-092, ENF-094, ENF-095).

    """
    found: dict[int, Finish] = {}
    if delivery is None:
        return found
    for place, spec in enumerate(schema.inputs):
        record = delivery.of(spec.name, place)
        finish = None if record is None else _finish_of(spec, record, place)  # type: ignore[arg-type]
        if finish is not None:
            found[place] = finish
    return found


def _finish_of(spec: ColSpec, record: ColumnDelivery, place: int) -> Finish | None:
    label = place if spec.name is None else spec.name
    if not record.fits(spec.type):
        raise InvalidArgument(
            f"What metadata → mlmodel records of the column {label!r} ({record.to_dict()!r:.100}) "
            f"does not fit its declared type, {spec.type.value} (ENF-091)"
        )
    if record.zone is not None:
        return _Zoned(record.zone, label)
    missing = None if record.missing == "none" else np.nan
    if record.dtype == "category":
        return _Category(record)
    if record.dtype == "date":
        return _Dates(pd.NaT if missing is not None else None, label)
    if record.dtype == "object":
        return _Objects(missing)
    if record.dtype is not None:
        return _Nullable(record.dtype)
    return _Objects(missing, only_missing=True) if record.missing else None


def absent(spec: ColSpec, rows: int) -> Any:
    """Return the cells of an optional column that was not given, for all types to be read of."""
    cells = np.empty(rows, object)
    if isinstance(spec.type, DataType):
        cells[:] = pd.NA
    return cells


# Each takes a column at its declared type, the array that was given (None if it has a mask), and
# what is wrong with the data, to which it adds what it finds.
# ``delivered`` is the dtype of what it makes; None where that is the type's own.


class _Zoned:
    """Moments without zone, which mean UTC, become those of a zone (ENF-092)."""

    def __init__(self, zone: str, label: str | int) -> None:
        try:
            self.delivered = pd.DatetimeTZDtype("ns", zone)
        except Exception as error:  # pandas, pytz and zoneinfo have errors of their own
            raise InvalidArgument(
                f"The model was made for times of the zone {zone!r} in the column {label!r}, which "
                "is not known here; tzdata has the names of zones (ENF-092)"
            ) from error

    def __call__(self, read: Any, given: Any, found: Findings) -> Any:  # noqa: ARG002 - the others'
        if getattr(given, "dtype", None) == self.delivered:
            return given
        return pd.DatetimeIndex(read).tz_localize("UTC").tz_convert(self.delivered.tz).array


class _Nullable:
    """Cells become one of pandas' arrays that hold NA (ENF-094)."""

    delivered = ANOTHER

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def __call__(self, read: Any, given: Any, found: Findings) -> Any:  # noqa: ARG002 - the others'
        if given is not None and str(given.dtype) == self.dtype:
            return given
        return read if str(read.dtype) == self.dtype else pd.array(read, dtype=self.dtype)


class _Objects:
    """Cells become Python's own values, with one mark for missing ones (ENF-093, ENF-094).

    A column of objects that was given is delivered as it is. ``only_missing`` leaves alone what is
    not an array of objects.
    """

    def __init__(self, missing: Any, *, only_missing: bool = False) -> None:
        self.missing, self.only_missing = missing, only_missing
        self.delivered = None if only_missing else ANOTHER

    def __call__(self, read: Any, given: Any, found: Findings) -> Any:  # noqa: ARG002 - the others'
        is_object = given is not None and given.dtype == object
        if is_object and (read is given or not self.only_missing):
            return given
        if self.only_missing and read.dtype != object:
            return read
        flags = np.asarray(pd.isna(read))
        if read.dtype.kind == "M":
            read = pd.Series(read).astype(object)  # numpy would make numbers of moments
        cells = np.array(read, object)
        if flags.any():
            cells[flags] = self.missing
        return cells


class _Dates:
    """Moments become days (ENF-094)."""

    delivered = ANOTHER

    def __init__(self, missing: Any, label: str | int) -> None:
        self.missing, self.label = missing, label

    def __call__(self, read: Any, given: Any, found: Findings) -> Any:
        if given is not None and given.dtype == object and _are_days(given):
            return given
        moments = np.asarray(read, "datetime64[ns]")
        days = moments.astype("datetime64[D]")
        gone = np.isnat(moments)
        wrong = (days != moments) & ~gone
        if wrong.any():
            row = int(wrong.argmax())
            given_time, day = pd.Timestamp(moments[row]).isoformat(), str(days[row])
            message = (
                f"Input {self.label!r}, row {row}: the model gets days, and {given_time} (UTC) is "
                f"a time within one; give the day alone, such as {day} (ENF-094)."
            )
            expected = "a day, and no time within one"
            found.append(InputViolation("ENF-094", message, self.label, row, expected, given_time))
        cells = days.astype(object)
        cells[gone] = self.missing
        return cells


def _are_days(cells: Any) -> bool:
    days = (isinstance(one, dt.date) and not isinstance(one, dt.datetime) for one in cells)
    return all(is_day or bool(gone) for is_day, gone in zip(days, pd.isna(cells), strict=True))


class _Category:
    """Values become codes of the categories that the model knows (ENF-095)."""

    delivered = ANOTHER

    def __init__(self, record: ColumnDelivery) -> None:
        categories = pd.Index(list(record.categories or ()))
        self.dtype = pd.CategoricalDtype(categories, ordered=record.ordered)

    def __call__(self, read: Any, given: Any, found: Findings) -> Any:  # noqa: ARG002 - the others'
        if isinstance(given, pd.Categorical) and self._is_same(given.dtype):
            return given
        values = (
            np.asarray(read, object) if isinstance(read, pd.api.extensions.ExtensionArray) else read
        )
        made = pd.Categorical(values, dtype=self.dtype)
        unknown = (np.asarray(made.codes) < 0) & ~np.asarray(pd.isna(values))
        if not unknown.any():
            return made
        # What the model does not know it is to refuse or to pass over itself: not a missing value.
        others = pd.unique(values[unknown])
        categories = self.dtype.categories.append(pd.Index(others))
        return pd.Categorical(values, categories=categories, ordered=self.dtype.ordered)

    def _is_same(self, given: pd.CategoricalDtype) -> bool:
        # The dtypes are equal in any order of their categories; a model may go by the codes.
        same = given.ordered == self.dtype.ordered
        return same and list(given.categories) == list(self.dtype.categories)


def zone_of(zone: Any) -> str | None:
    """Return a time zone as the record holds it, None for one that has neither name nor offset."""
    for attribute in ("key", "zone"):  # zoneinfo's and pytz's names
        name = getattr(zone, attribute, None)
        if isinstance(name, str):
            return name
    file = getattr(zone, "_filename", None)  # dateutil's
    if isinstance(file, str) and "zoneinfo/" in file:
        return file.partition("zoneinfo/")[2]
    offset = zone.utcoffset(None)
    if offset is None:
        return None
    minutes, seconds = divmod(int(offset.total_seconds()), 60)
    if seconds:
        return None
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}" if minutes else "UTC"
