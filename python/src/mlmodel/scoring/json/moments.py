"""Columns of moments -> the texts that each moment gives by itself, made by numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pandas.arrays import DatetimeArray

__all__ = ["iso_texts"]

#: The years that ISO 8601 writes with four digits.
_FIRST, _BEYOND = np.datetime64("0001-01-01", "s"), np.datetime64("10000-01-01", "s")


def iso_texts(moments: DatetimeArray) -> list[str | None] | None:
    """Return what ``isoformat`` of each moment is, None where one is missing.

    It has no fraction, six digits or nine, as the moment needs. None in place of the list where a
    year has not four digits: what is written then is the moment's own affair.
    """
    if moments.tz is None:
        return _without_zone(np.asarray(moments))
    local: Any = np.asarray(moments.tz_localize(None))
    texts = _without_zone(local)
    if texts is None:
        return None
    offsets = local - np.asarray(moments.tz_convert("UTC").tz_localize(None))
    for offset in np.unique(offsets[~np.isnat(offsets)]):
        places = np.flatnonzero(offsets == offset).tolist()
        first = places[0]
        one: Any = moments[first]
        written = one.isoformat()[len(str(texts[first])) :]
        for place in places:
            texts[place] = f"{texts[place]}{written}"
    return texts


def _without_zone(moments: Any) -> list[str | None] | None:
    missing = np.isnat(moments)
    whole = moments.astype("datetime64[s]")
    there = whole[~missing]
    # In seconds, since years of four digits are too many for nanoseconds.
    if there.size and not (there.min() >= _FIRST and there.max() < _BEYOND):
        return None
    micros = moments.astype("datetime64[us]")
    texts: list[str | None] = np.datetime_as_string(whole).tolist()
    finer = moments != micros
    for places, held in (
        (np.flatnonzero((moments != whole) & ~finer), micros),
        (np.flatnonzero(finer & ~missing), moments),
    ):
        written = np.datetime_as_string(held[places]).tolist()
        for place, text in zip(places.tolist(), written, strict=True):
            texts[place] = text
    for place in np.flatnonzero(missing).tolist():
        texts[place] = None
    return texts
