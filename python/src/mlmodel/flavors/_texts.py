"""One column of texts: what models that take a text a row get of the data they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import as_table

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Texts"]

_SHOWN = 5


class Texts:
    """How given data become a series of texts.

    Args:
        who: who takes them, at the beginning of a sentence.
        data_rule: the rule of the flavor's page on kinds of data and columns.
        values_rule: its rule on values that are no texts.

    """

    def __init__(self, who: str, *, data_rule: str, values_rule: str) -> None:
        self._who, self._data_rule, self._values_rule = who, data_rule, values_rule

    def of(self, given: Any) -> pd.Series[Any]:
        """Return the one column of a table, or a list or array of texts, as a series of texts.

        Raises:
            InvalidInput: there is another number of columns, or a value is no text.

        """
        column = self._column(given)
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(object)
        wrong = [place for place, value in enumerate(column) if not isinstance(value, str)]
        if wrong:
            held = column.iloc[wrong[0]]
            raise invalid(
                self._values_rule,
                f"{self._who} takes texts, and {_rows_hold(wrong)} {type(held).__name__}: "
                f"{_advice(held)}.",
                None if column.name is None else str(column.name),
            )
        return column

    def _column(self, given: Any) -> pd.Series[Any]:
        table = None if isinstance(given, str | bytes) else as_table(given)
        if table is not None and table.shape == (0, 0):
            return pd.Series([], dtype=object)
        if table is None and isinstance(given, list | tuple) and not _has_rows(given):
            return pd.Series(list(given), dtype=object)
        if table is None and getattr(given, "ndim", 0) in (1, 2):
            table = pd.DataFrame(given)
        if table is None and isinstance(given, list | tuple):
            table = pd.DataFrame(list(given))
        if table is None or table.shape[1] != 1:
            got = f"{table.shape[1]} columns" if table is not None else type(given).__name__
            raise invalid(
                self._data_rule,
                f"{self._who} takes a table of one column of texts, or a list of texts, not {got}.",
            )
        return table.iloc[:, 0]


def _has_rows(given: Sequence[Any]) -> bool:
    return any(isinstance(one, list | tuple | dict) for one in given)


def _advice(value: Any) -> str:
    """Return what to do with a value that is no text."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "give an empty text where there is none, or leave the row out"
    return "make texts of them, as astype(str) does with a column"


def _rows_hold(places: Sequence[int]) -> str:
    if len(places) == 1:
        return f"row {places[0]} holds"
    shown = ", ".join(map(str, places[:_SHOWN]))
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return f"the rows {shown}{more} hold"
