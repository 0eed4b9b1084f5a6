"""Predictions as a table, for the forms that hold nothing else (RST-125)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["NotATable", "as_table", "names_of"]

#: What a column is called that has no name of its own, if it is the only one.
_ONLY = "predictions"
_CONTAINERS = (list, tuple, dict, np.ndarray, pd.Series, pd.DataFrame)


class NotATable(Exception):
    """Predictions are not a table; the text goes on a sentence about them."""


def as_table(predictions: object, names: Sequence[str] | None) -> pd.DataFrame:
    """Return predictions as a table whose columns have texts for names, each once.

    Args:
        predictions: what the model answered.
        names: what the signature calls the outputs, None where it does not.

    Raises:
        NotATable: they are none: a single value, an array of more than two axes, lists of
            different lengths, anything else that has no rows and columns.

    """
    if isinstance(predictions, pd.Series):
        unnamed = predictions.name is None
        predictions = predictions.to_frame(name="0" if unnamed else predictions.name)
    if isinstance(predictions, pd.DataFrame):
        return _named(predictions, [_text(name) for name in predictions.columns])
    if isinstance(predictions, np.ndarray):
        return _of_array(predictions, names)
    if isinstance(predictions, dict):
        return _of_columns(predictions)
    if isinstance(predictions, list | tuple) and not hasattr(predictions, "_fields"):
        return _of_list(list(predictions), names)
    raise NotATable("is not a table")


def _text(name: Any) -> str:
    if isinstance(name, str | int | np.integer) and not isinstance(name, bool):
        return str(name)
    raise NotATable("has a column whose name is neither a text nor a whole number")


def _named(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    if not names:
        raise NotATable("has no columns")
    if len(set(names)) < len(names):
        raise NotATable("has two columns with the same name")
    return frame.set_axis(list(names), axis=1)


def names_of(width: int, names: Sequence[str] | None) -> Sequence[str]:
    """Return what columns are called that have no names of their own (RST-125).

    Args:
        width: how many there are.
        names: what the signature calls the outputs, None where it does not.

    """
    if names is not None and len(names) == width:
        return names
    return [_ONLY] if width == 1 else list(map(str, range(width)))


def _of_array(array: np.ndarray[Any, Any], names: Sequence[str] | None) -> pd.DataFrame:
    if array.ndim not in {1, 2} or array.dtype.names or isinstance(array, np.ma.MaskedArray):
        raise NotATable("is an array without rows and columns, or with more axes than these")
    table = array.reshape(-1, 1) if array.ndim == 1 else array
    return _named(pd.DataFrame(table), names_of(table.shape[1], names))


def _of_columns(columns: Mapping[Any, Any]) -> pd.DataFrame:
    """Return the table of columns by their names."""
    lengths = {
        len(column) if isinstance(column, list | tuple) or np.ndim(column) == 1 else -1
        for column in columns.values()
    }
    if len(lengths) != 1 or -1 in lengths:
        raise NotATable("is an object, and not one of columns of the same length")
    held = [
        _column(column) if isinstance(column, list | tuple) else pd.Series(np.asarray(column))
        for column in columns.values()
    ]
    return _named(pd.concat(held, axis=1), list(map(_text, columns)))


def _of_list(rows: list[Any], names: Sequence[str] | None) -> pd.DataFrame:
    if rows and all(isinstance(row, dict) for row in rows):
        keys = list(rows[0])
        if any(row.keys() != rows[0].keys() for row in rows):
            raise NotATable("is a list of objects with different keys")
        held = [_column([row[key] for row in rows]) for key in keys]
        return _named(pd.concat(held, axis=1) if held else pd.DataFrame(), list(map(_text, keys)))
    if any(isinstance(row, _CONTAINERS) for row in rows):
        widths = {len(row) if isinstance(row, list | tuple) else -1 for row in rows}
        if len(widths) != 1 or -1 in widths:
            raise NotATable("is a list whose elements are not rows of the same length")
        columns = [_column(list(column)) for column in zip(*rows, strict=True)]
        return _named(
            pd.concat(columns, axis=1) if columns else pd.DataFrame(),
            names_of(len(columns), names),
        )
    return _named(_column(rows).to_frame(), names_of(1, names))


def _column(cells: Sequence[Any]) -> pd.Series[Any]:
    held: Any = np.empty(len(cells), object)
    for place, cell in enumerate(cells):
        held[place] = cell
    return pd.Series(held)
