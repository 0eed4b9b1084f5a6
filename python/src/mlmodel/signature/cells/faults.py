"""What is wrong with one untyped cell: the rule that it breaks, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from mlmodel.signature.cells.special import SPECIAL_TEXTS, special_fault

__all__ = [
    "Fault",
    "binary_fault",
    "boolean_fault",
    "float_fault",
    "integer_fault",
    "string_fault",
]

#: A fault of one cell: the rule and the reason, or None.
Fault = tuple[str, str] | None

_WORDS: dict[type, str] = {str: "text", bool: "a boolean"}


def boolean_fault(cell: Any) -> Fault:
    """Say what is wrong with a cell of a boolean column (ENF-041, ENF-044)."""
    if type(cell) is bool:
        return None
    if cell is None:
        return "ENF-044", "boolean has no missing values: declare it optional"
    return _nested_fault(cell) or ("ENF-041", "a boolean is true or false, and nothing else")


def integer_fault(cell: Any, low: int, high: int) -> Fault:
    """Say what is wrong with a cell of an integer type from ``low`` to ``high`` (ENF-042 ff)."""
    if type(cell) is int:
        fits = low <= cell <= high
        return None if fits else ("ENF-043", f"the range of the type is {low} to {high}")
    if cell is None:
        return "ENF-044", "integers have no missing values: declare it double, or optional"
    if type(cell) is Decimal and cell.as_tuple().exponent == 0:
        return "ENF-043", f"the range of the type is {low} to {high}"
    if type(cell) in (float, Decimal):
        return special_fault(cell) or ("ENF-042", "an integer has no fraction and no exponent")
    return _nested_fault(cell) or _not_a_number(cell)


def float_fault(cell: Any, dtype: np.dtype[Any]) -> Fault:
    """Say what is wrong with a cell of a floating-point type (ENF-045 to ENF-049)."""
    if cell is None or (type(cell) is str and cell in SPECIAL_TEXTS):
        return None
    if type(cell) is int:
        try:
            with np.errstate(over="ignore"):
                exact = int(dtype.type(cell)) == cell
        except OverflowError:
            exact = False
        return None if exact else ("ENF-045", f"{dtype.name} cannot hold this integer exactly")
    if type(cell) is Decimal:
        return "ENF-047", f"it is outside the range of {dtype.name}"
    if type(cell) is float:
        with np.errstate(over="ignore"):
            infinite = np.isinf(dtype.type(cell)) and abs(cell) != np.inf
        return ("ENF-047", f"it is outside the range of {dtype.name}") if infinite else None
    return _nested_fault(cell) or _not_a_number(cell)


def string_fault(cell: Any) -> Fault:
    """Say what is wrong with a cell of a string column (ENF-050)."""
    if cell is None or type(cell) is str:
        return None
    return _nested_fault(cell) or ("ENF-050", "a string is written in quotes")


def binary_fault(cell: Any) -> Fault:
    """Say what is wrong with a binary cell that is not base64 (ENF-052)."""
    return _nested_fault(cell) or (
        "ENF-052",
        "binary data are written as base64 text with full padding",
    )


def _nested_fault(cell: Any) -> Fault:
    if type(cell) in (list, dict):
        return "ENF-057", "a cell of this type holds one value"
    return special_fault(cell)


def _not_a_number(cell: Any) -> Fault:
    what = _WORDS.get(type(cell), type(cell).__name__)
    return "ENF-049", f"{what} is not converted to a number"
