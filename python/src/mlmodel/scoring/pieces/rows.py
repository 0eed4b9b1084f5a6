"""Errors of a piece as those of all rows: they are counted from the first of all (RST-191)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation, shown

if TYPE_CHECKING:
    from mlmodel.errors import MlmodelError, Violation

__all__ = ["at_row", "moved"]


def at_row(error: MlmodelError, start: int) -> MlmodelError:
    """Return the error for a piece that begins at a row as one for all data."""
    if not start or not any(getattr(one, "row", None) is not None for one in error.details):
        return error
    first = error.details[0]
    told = _moved(error.message, first, start) if isinstance(first, InputViolation) else None
    changed = type(error)(told or error.message, [moved(d, start) for d in error.details])
    changed.answered = error.answered
    return changed


def moved(detail: InputViolation | Violation, start: int) -> InputViolation | Violation:
    """Return what is wrong with a row, counted from the first of all."""
    if not isinstance(detail, InputViolation) or detail.row is None:
        return detail
    return InputViolation(
        detail.rule,
        _moved(detail.message, detail, start),
        detail.column,
        detail.row + start,
        detail.expected,
        detail.got,
    )


def _moved(text: str, detail: InputViolation, start: int) -> str:
    """Return a text on one detail with the row that it has among all."""
    if detail.row is None:
        return text
    # Behind the column's name, which may itself look like a row.
    named = "" if detail.column is None else f"{shown(detail.column)}, "
    for before in (named, ""):
        found = re.search(rf"{re.escape(before)}row {detail.row}\b", text)
        if found is not None:
            return f"{text[: found.start()]}{before}row {detail.row + start}{text[found.end() :]}"
    return text
