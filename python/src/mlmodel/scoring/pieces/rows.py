"""Errors of a piece as those of all rows: they are counted from the first of all (RST-191)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation

if TYPE_CHECKING:
    from mlmodel.errors import MlmodelError, Violation

__all__ = ["at_row", "moved"]


def at_row(error: MlmodelError, start: int) -> MlmodelError:
    """Return the error for a piece that begins at a row as one for all data."""
    if not start or not any(getattr(one, "row", None) is not None for one in error.details):
        return error
    first = error.details[0]
    row = first.row if isinstance(first, InputViolation) else None
    changed = type(error)(
        _moved(error.message, row, start), [moved(d, start) for d in error.details]
    )
    changed.answered = error.answered
    return changed


def moved(detail: InputViolation | Violation, start: int) -> InputViolation | Violation:
    """Return what is wrong with a row, counted from the first of all."""
    if not isinstance(detail, InputViolation) or detail.row is None:
        return detail
    return InputViolation(
        detail.rule,
        _moved(detail.message, detail.row, start),
        detail.column,
        detail.row + start,
        detail.expected,
        detail.got,
    )


def _moved(text: str, row: int | None, start: int) -> str:
    return text if row is None else text.replace(f"row {row}", f"row {row + start}", 1)
