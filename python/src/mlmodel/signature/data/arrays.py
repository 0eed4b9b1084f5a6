"""Plain arrays out of cells: exactly, and without a look at what the cells hold."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt


__all__ = [
    "AT_ONCE",
    "EXACT",
    "all_below",
    "doubles",
    "halfway",
    "nan_for_none",
    "next_to",
    "object_array",
    "packed",
    "texts",
]
_TEXT = frozenset({str})
_WITHOUT_ELEMENTS = frozenset({str, int, float, bool, bytes, type(None), dict})

#: Every integer below this size is exact in a double.
EXACT = 2**53
#: Up to this many cells plain Python finds the extremes of a row faster than numpy.
_FEW = 64
#: How many cells are packed at once: as arguments of a call they are held a second time.
AT_ONCE = 2**16


def packed(cells: Sequence[Any], code: Literal["d", "q"]) -> npt.NDArray[Any] | None:
    """Return integers as int64 ("q") or numbers as float64 ("d"); None for anything else.

    Integers of 2^53 and more may have been rounded to float64. ``struct`` is twice as fast as
    numpy, and takes neither text nor None for a number. Booleans it does take, as 0 or 1: of the
    cells that have become that, the types are looked at. (Of what a form can bring only Decimal
    is taken besides, and those stand for numbers that become infinite.)
    """
    values = np.empty(len(cells), np.float64 if code == "d" else np.int64)
    try:
        for start in range(0, len(cells), AT_ONCE):
            part = cells[start : start + AT_ONCE]
            struct.pack_into(f"{len(part)}{code}", values.data, start * values.itemsize, *part)
    except (struct.error, OverflowError):
        return None
    suspects: Iterable[Any] = cells
    if len(cells) > _FEW:
        suspects = map(cells.__getitem__, np.flatnonzero((values == 0) | (values == 1)).tolist())
    return None if bool in map(type, suspects) else values


def doubles(cells: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """Return numbers as float64; None if one is none, or is so large that it may be rounded."""
    values = packed(cells, "d")
    return values if values is not None and all_below(cells, values, EXACT) else None


def texts(cells: Sequence[Any]) -> npt.NDArray[np.object_] | None:
    """Return texts as an array of them; None if one is none."""
    if not _TEXT.issuperset(map(type, cells)):
        return None
    return np.fromiter(cells, object, len(cells))


def nan_for_none(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Put NaN where a one-dimensional object array holds None, in the array itself (ENF-098)."""
    cells = values.tolist()
    if None in cells:
        values[[cell is None for cell in cells]] = np.nan
    return values


def object_array(cells: Sequence[Any]) -> npt.NDArray[Any]:
    """Return a one-dimensional object array, whatever the cells are."""
    array = np.empty(len(cells), object)
    if _WITHOUT_ELEMENTS.issuperset(map(type, cells)):
        array[:] = cells
        return array
    # Assigned as a whole, numpy would take the cells' elements for an inner axis.
    for place, cell in enumerate(cells):
        array[place] = cell
    return array


def all_below(cells: Sequence[Any], values: npt.NDArray[Any], limit: float) -> bool:
    """Return whether all numbers are below ``limit`` in size; ``values`` are the cells, packed."""
    if 0 < len(cells) <= _FEW and None not in cells:
        try:
            return bool(max(cells) < limit and min(cells) > -limit)
        except ArithmeticError:  # beside NaN a Decimal has no place in an order
            pass
    # Not "not below": NaN stands for null here, and is not a large number.
    return not bool((values >= limit).any() or (values <= -limit).any())


def next_to(wide: npt.NDArray[Any], narrow: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the numbers of a narrower type on the other side of those that were rounded to it."""
    beyond = np.where(wide > narrow, np.inf, -np.inf).astype(narrow.dtype)
    held: npt.NDArray[Any] = np.nextafter(narrow, beyond)
    return held


def halfway(wide: npt.NDArray[Any], narrow: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where doubles stand halfway between two numbers of the type they are rounded to."""
    gap = wide - narrow
    held: npt.NDArray[np.bool_] = (gap != 0) & (
        next_to(wide, narrow).astype(np.float64) - wide == gap
    )
    return held
