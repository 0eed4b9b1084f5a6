"""Which of many untyped cells may be at fault: found in C, so that few are looked at one by one.

What is found here is right or wrong by :mod:`mlmodel.signature.cells.faults`; what is not found
is right. A body with one wrong cell, the last, is refused at the cost of a right one (RST-109).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlmodel.signature.cells.special import SPECIAL_TEXTS

if TYPE_CHECKING:
    from mlmodel.signature.cells.faults import Fault

__all__ = ["Suspects", "faults_of", "not_booleans", "not_floats", "not_integers", "not_texts"]

#: From some cells to the places of those among them that may be at fault, in order.
Suspects: TypeAlias = Callable[[Sequence[Any]], Iterable[int]]

_AT_ONCE = 1024
_BOOL = frozenset({bool})
_INT = frozenset({int})
_FLOAT_OR_NULL = frozenset({float, type(None)})
_TEXT_OR_NULL = frozenset({str, type(None)})
_DOUBLE = np.dtype(np.float64)


def faults_of(
    cells: Sequence[Any], fault: Callable[[Any], Fault], suspects: Suspects | None
) -> Iterator[tuple[int, str, str]]:
    """Give the number, the rule and the reason for each cell at fault, as they are asked for."""
    for start in range(0, len(cells), _AT_ONCE):
        part = cells[start : start + _AT_ONCE]
        for place in range(len(part)) if suspects is None else suspects(part):
            found = fault(part[place])
            if found:
                yield start + place, *found


def not_booleans(part: Sequence[Any]) -> Iterable[int]:
    """Return the places of what is not a boolean."""
    if _BOOL.issuperset(map(type, part)):
        return ()
    return [place for place, cell in enumerate(part) if type(cell) is not bool]


def not_texts(part: Sequence[Any]) -> Iterable[int]:
    """Return the places of what is neither a text nor missing."""
    if _TEXT_OR_NULL.issuperset(map(type, part)):
        return ()
    return [place for place, cell in enumerate(part) if type(cell) is not str and cell is not None]


def not_integers(low: int, high: int, part: Sequence[Any]) -> Iterable[int]:
    """Return the places of what is not an integer from ``low`` to ``high``."""
    if _INT.issuperset(map(type, part)) and low <= min(part) and max(part) <= high:
        return ()
    return [
        place for place, cell in enumerate(part) if type(cell) is not int or not low <= cell <= high
    ]


def not_floats(dtype: np.dtype[Any], part: Sequence[Any]) -> Iterable[int]:
    """Return the places of what may not be a number that a floating-point type holds."""
    if dtype == _DOUBLE and _FLOAT_OR_NULL.issuperset(map(type, part)):
        return ()
    largest, exact = _bounds_of(dtype)
    return [
        place
        for place, cell in enumerate(part)
        if not (
            -largest <= cell <= largest
            if type(cell) is float
            else cell is None
            or (
                -exact <= cell <= exact
                if type(cell) is int
                else type(cell) is str and cell in SPECIAL_TEXTS
            )
        )
    ]


@cache
def _bounds_of(dtype: np.dtype[Any]) -> tuple[float, int]:
    """Return the largest number of a type, and up to where it holds every integer."""
    info = np.finfo(dtype)
    return float(info.max), 2 ** (info.nmant + 1)
