"""NaN and infinities in untyped forms, which have no numbers for them (ENF-064 ff, ENF-106)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SPECIAL_TEXTS", "is_nan", "special_fault", "with_special_numbers", "without_nan"]

#: The texts that stand for them; answers have the last two (RST-083).
SPECIAL_TEXTS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def with_special_numbers(cells: Sequence[Any]) -> Sequence[Any]:
    """Return the cells with numbers for the texts that stand for them; nothing copied if none."""
    if str not in map(type, cells):
        return cells
    return [SPECIAL_TEXTS.get(cell, cell) if type(cell) is str else cell for cell in cells]


def special_fault(cell: Any) -> tuple[str, str] | None:
    """Return the fault of NaN or an infinity in a type that has none (ENF-066), or None."""
    if type(cell) is float and not math.isfinite(cell):
        return "ENF-066", "only floating-point types have such a value"
    return None


def is_nan(cell: Any) -> bool:
    """Return whether a cell is the number NaN, which writers of JSON leave for a missing value."""
    # NaN alone differs from itself.
    return type(cell) is float and cell != cell  # noqa: PLR0124


def without_nan(cells: Sequence[Any]) -> Sequence[Any]:
    """Return the cells with None for NaN (ENF-106); nothing is copied if none is a float."""
    if float not in map(type, cells):
        return cells
    return [None if is_nan(cell) else cell for cell in cells]
