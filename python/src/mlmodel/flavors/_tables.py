"""What is a table without a signature, and a table's columns by the names of features (SKL-010).

For all flavors whose models take tables: what they are given is a table in each of them or in none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.flavors._invalid_data import invalid, invalid_each
from mlmodel.signature.cells.plain import ByColumn, OneRow, Records, Rows, kind_of_item, stands_for
from mlmodel.signature.data.arrow import frame_of
from mlmodel.signature.data.frames import array_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlmodel.errors import InvalidInput

__all__ = [
    "FeatureNames",
    "as_frame",
    "as_table",
    "has_no_order",
    "is_one_row",
    "plain_columns",
    "required_table",
    "undeclared",
]


#: Integers that may have gaps, by their bytes and kind.
_NULLABLE: Mapping[tuple[int, str], Any] = {
    (dtype.itemsize, dtype.kind): dtype
    for dtype in (
        *(pd.Int8Dtype(), pd.Int16Dtype(), pd.Int32Dtype(), pd.Int64Dtype()),
        *(pd.UInt8Dtype(), pd.UInt16Dtype(), pd.UInt32Dtype(), pd.UInt64Dtype()),
    )
}


def as_table(given: Any) -> pd.DataFrame | None:
    """Return a table in any of its forms as a data frame, None for anything else (SKL-010).

    A table is a data frame, also one of Arrow or Polars; a series (one column); a list of
    records; a mapping of names to scalars (one row), or to lists or one-dimensional arrays of one
    length. Rows without names (arrays, lists of lists, sparse matrices) are none, unless there is
    no row: then it is a table without columns, as an empty list of records is.
    """
    if (isinstance(given, list) and not given) or getattr(given, "shape", ()) == (0,):
        return pd.DataFrame()
    frame = as_frame(given)
    if frame is not None or isinstance(given, np.ndarray):
        return frame
    if isinstance(given, pd.Series):
        return given.to_frame() if given.name is not None else given.to_frame(name=0)
    frame = frame_of(given)
    return _of_plain(given) if frame is None else _as_numpy_has_it(frame)


def required_table(given: Any, rule: str, who: str, has: str = "") -> pd.DataFrame:
    """Return a table in any of its forms as a data frame.

    Args:
        given: the data.
        rule: the rule of the flavor's page on kinds of data.
        who: who takes a table, at the beginning of a sentence.
        has: what the table has to have, for the end of it.

    Raises:
        InvalidInput: it is no table.

    """
    table = as_table(given)
    if table is None:
        forms = "a table (a DataFrame, records, a mapping of columns)"
        raise invalid(rule, f"{who} takes {forms}{has}, not {type(given).__name__}.")
    return table


def _of_plain(given: Any) -> pd.DataFrame | None:
    match stands_for(given):
        case Records(rows):
            return pd.DataFrame(rows)
        case OneRow(cells):
            return pd.DataFrame([_scalars(cells)]) if is_one_row(cells) else None
        case ByColumn(columns):
            return _of_columns(columns)
    return None


def _scalars(cells: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the cells of one row; an array without axes, as a request's is, is its one value."""
    return {
        name: cell[()] if isinstance(cell, np.ndarray) and not cell.ndim else cell
        for name, cell in cells.items()
    }


def as_frame(given: Any) -> pd.DataFrame | None:
    """Return a data frame, also one of Arrow or Polars, as one of pandas; None for anything else.

    The dtypes of Arrow data are those that libraries know: numpy's, and nullable integers.
    """
    if isinstance(given, pd.DataFrame):
        return given
    frame = frame_of(given) if hasattr(given, "schema") else None
    return None if frame is None else _as_numpy_has_it(frame)


def plain_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose nullable columns and texts are those of numpy, for libraries of theirs.

    Numbers with gaps are floats, truth values with gaps and texts are objects.
    """
    taken = {}
    if any(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes):
        frame = _as_numpy_has_it(frame)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        dtype: Any = column.dtype
        if isinstance(dtype, pd.StringDtype | pd.BooleanDtype):
            taken[place] = column.astype(object).where(column.notna(), None)
        elif hasattr(dtype, "numpy_dtype"):  # a nullable number
            taken[place] = column.astype("float64" if column.isna().any() else dtype.numpy_dtype)
    if not taken:
        return frame
    every = {at: taken.get(at, frame.iloc[:, at]) for at in range(frame.shape[1])}
    return pd.DataFrame(every, index=frame.index).set_axis(frame.columns, axis=1)


def undeclared(given: Any) -> Any:
    """Return the rows of a frame or of records as an array, for a model that declares no inputs.

    Anything else is returned as it is.
    """
    if isinstance(given, list) and isinstance(stands_for(given), Records):
        given = as_table(given)
    frame = as_frame(given)
    return given if frame is None else plain_columns(frame).to_numpy()


def has_no_order(given: Any) -> bool:
    """Return whether the columns of a table are known by their names alone."""
    return isinstance(stands_for(given), Records | OneRow | ByColumn)


def is_one_row(given: Any) -> bool:
    """Return whether this is a mapping of names to the cells of one row, none of them a list."""
    is_mapping = isinstance(given, dict) and bool(given)
    return is_mapping and Rows not in map(kind_of_item, given.values())


def _are_unnamed(columns: pd.Index[Any]) -> bool:
    """Return whether columns are numbered 0, 1, …, as those are that were given no names."""
    return bool(columns.dtype.kind == "i") and list(columns) == list(range(len(columns)))


class FeatureNames:
    """The names of a model's features, in its order.

    Args:
        names: all of them.
        rule: the rule of the flavor's page on features.
        what: what messages call one of them, and whose they are.

    """

    def __init__(
        self, names: Iterable[str], rule: str, what: tuple[str, str] = ("feature", "the model")
    ) -> None:
        self.names = list(names)
        self._needed = Counter(self.names)
        self._rule = rule
        self._noun, self._whose = what

    def are_all_unknown_to(self, frame: pd.DataFrame) -> bool:
        """Return whether a frame has no names, but numbers that are none of the features."""
        return _are_unnamed(frame.columns) and self._needed.keys().isdisjoint(
            map(str, frame.columns)
        )

    def in_order(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return a frame of the features alone, in their order, and the features that it lacks.

        A number counts as its decimal text. A frame without names is matched by position where it
        has as many columns as there are features; one that lacks some is returned as it is.

        Raises:
            InvalidInput: a feature is given more than once.

        """
        if list(frame.columns) == self.names:
            return frame, []
        if frame.shape == (0, 0):  # no rows, of which nothing was said
            return pd.DataFrame(columns=self.names, dtype=float), []
        if len(self.names) == frame.shape[1] and self.are_all_unknown_to(frame):
            return frame.set_axis(self.names, axis=1), []
        given = [str(name) for name in frame.columns]
        if given == self.names:
            return frame.set_axis(self.names, axis=1), []
        had = Counter(given)
        repeated = [name for name in self._needed if had[name] > 1]
        if repeated:
            raise self._refusal("given more than once", repeated)
        missing = [name for name, times in self._needed.items() if had[name] < times]
        if missing:
            return frame, missing
        places = {name: place for place, name in enumerate(given)}
        taken = frame.iloc[:, [places[name] for name in self.names]]
        return taken.set_axis(self.names, axis=1), []

    def required_in(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame of the features alone, in their order.

        Raises:
            InvalidInput: a feature is missing, or given more than once.

        """
        taken, missing = self.in_order(frame)
        if missing:
            raise self.lacking(missing)
        return taken

    def lacking(self, missing: Iterable[str]) -> InvalidInput:
        """Return the error for features that are missing, which lists them."""
        return self._refusal("missing", missing, " from the data")

    def _refusal(self, what: str, names: Iterable[str], where: str = "") -> InvalidInput:
        wrong = {name: f"{self._noun.capitalize()} {name!r} is {what}." for name in names}
        headline = (
            f"Some {self._noun}s of {self._whose} are {what}{where}: {', '.join(wrong)} "
            f"({self._rule})."
        )
        return invalid_each(headline, self._rule, wrong)


def _of_columns(columns: Mapping[Any, Any]) -> pd.DataFrame | None:
    """Return a mapping of columns as a frame, None where their lengths or axes differ."""
    held = {
        name: array_of(one) if isinstance(one, pd.Series) else one for name, one in columns.items()
    }
    is_table = all(getattr(one, "ndim", 1) == 1 for one in held.values())
    if not is_table or len(set(map(len, held.values()))) > 1:
        return None
    return pd.DataFrame(
        {name: list(one) if isinstance(one, tuple) else one for name, one in held.items()}
    )


def _as_numpy_has_it(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of Arrow's columns as libraries take it that do not know Arrow.

    Integers with gaps are nullable ones, since floats would not hold all of them.
    """
    columns = {}
    for place in range(frame.shape[1]):
        values: Any = frame.iloc[:, place].array
        dtype: Any = values.dtype
        if isinstance(values.dtype, pd.ArrowDtype):
            if dtype.kind in "iu" and values.isna().any():
                values = values.astype(_NULLABLE[dtype.itemsize, dtype.kind])
            else:
                values = values.__arrow_array__().to_pandas().array
        columns[place] = values
    return pd.DataFrame(columns, index=frame.index).set_axis(frame.columns, axis=1)
