"""The one row of a table that says what a model is to forecast, and its cells.

For flavors of time series, whose models are not asked row by row: the columns of the table are the
arguments of a forecast, and its only row has their values.
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import as_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.errors import InvalidInput

__all__ = ["Configuration"]

_TABLE = 2


class Configuration:
    """The arguments of one forecast, by the names of their columns.

    Args:
        cells: the values of the row.
        rule: the rule of the flavor's page on the types of its columns.

    """

    def __init__(self, cells: Mapping[str, Any], rule: str) -> None:
        self._cells = {name: one for name, one in cells.items() if not _is_missing(one)}
        self._rule = rule
        self.columns = list(cells)

    @classmethod
    def of(cls, given: Any, rows_rule: str, rule: str) -> Configuration:
        """Return the only row of a table.

        Raises:
            InvalidInput: the data are no table, or it has not exactly one row (``rows_rule``).

        """
        frame = rows_of(given, rows_rule)
        if len(frame) != 1:
            raise invalid(
                rows_rule,
                "The table says what is to be forecast in exactly one row, which has its "
                f"arguments by the names of columns; given were {len(frame)} rows.",
            )
        return cls.first(frame, rule)

    @classmethod
    def first(cls, frame: pd.DataFrame, rule: str) -> Configuration:
        """Return the first row of a table."""
        # Each cell by itself: a row as a whole would give all cells one type.
        cells = {str(name): frame.iloc[0, place] for place, name in enumerate(frame.columns)}
        return cls(cells, rule)

    def __contains__(self, name: str) -> bool:
        return name in self._cells

    def get(self, name: str) -> Any:
        """Return a cell as it is, None where it is missing or has no value."""
        return self._cells.get(name)

    def count(self, name: str, rule: str = "") -> int | None:
        """Return a whole number above zero; ``rule`` is its own, where it has one."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, numbers.Integral) or isinstance(value, bool | np.bool_):
            raise self._wrong(name, "an integer", rule)
        if value < 1:
            raise self._wrong(name, "above zero", rule)
        return int(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a truth value."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool | np.bool_):
            raise self._wrong(name, "true or false")
        return bool(value)

    def share(self, name: str, *, default: float) -> float:
        """Return a number between 0 and 1."""
        value = self.get(name)
        if value is None:
            return default
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
        if not is_number or not 0 < float(value) < 1:
            raise self._wrong(name, "a number between 0 and 1")
        return float(value)

    def text(self, name: str) -> str | None:
        """Return a text."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def rows(self, name: str) -> Any:
        """Return an array of two axes, of numbers: a row for each period."""
        value = self.get(name)
        if value is None:
            return None
        try:
            array = np.asarray([np.asarray(row) for row in value])
        except (TypeError, ValueError):
            array = np.empty(0)
        if array.ndim != _TABLE or array.dtype.kind not in "biuf":
            raise self._wrong(name, "a list of rows of numbers, all of the same length")
        return array

    def _wrong(self, name: str, expected: str, rule: str = "") -> InvalidInput:
        given = self.get(name)
        message = f"{name!r} is {expected}, and not {given!r} ({type(given).__name__})."
        return invalid(rule or self._rule, message, name)


def rows_of(given: Any, rule: str) -> pd.DataFrame:
    """Return a table that says what is to be forecast, as a data frame.

    A mapping whose values are not all lists of one length is one row: that of a list is its cell.

    Raises:
        InvalidInput: the data are no table.

    """
    table = as_table(given)
    if table is None and isinstance(given, dict):
        table = pd.DataFrame([given])
    if table is None:
        raise invalid(
            rule,
            "What is to be forecast is said by a table (a DataFrame, records, a mapping) that has "
            f"arguments by the names of columns, not by {type(given).__name__}.",
        )
    return table


def _is_missing(cell: Any) -> bool:
    return cell is None or (pd.api.types.is_scalar(cell) and bool(pd.isna(cell)))
