"""What a model that was trained on a table gets of the data that a python_function is given.

For flavors whose models know their features, by name or by number: a frame's columns are put into
the model's order, an array is held to their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.flavors._invalid_data import invalid, invalid_each
from mlmodel.flavors._tables import FeatureNames, as_table, has_no_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.flavors._categories import Categories

__all__ = ["Features", "as_numbers", "kind_of_column"]

_TABLE = 2  # rows and features


class Features:
    """The features that a model was trained on, and how given data become them.

    Args:
        names: their names in the model's order, or None where it has none.
        count: how many there are.
        categories: the places of categorical features, with the categories that the model keeps,
            or None where it does not keep them.
        library: who takes them, as a message names it.
        features_rule: the rule of the flavor's page on features and their number.
        data_rule: its rule on other kinds of data.
        values_rule: its rule on values that a feature cannot take.

    """

    def __init__(
        self,
        names: Sequence[str] | None,
        count: int,
        *,
        categories: Mapping[int, Categories | None] | None = None,
        library: str,
        features_rule: str,
        data_rule: str,
        values_rule: str,
    ) -> None:
        self._names = None if names is None else FeatureNames(names, features_rule)
        self._count = count
        self._categories = dict(categories or {})
        self._library = library
        self._features_rule, self._data_rule = features_rule, data_rule
        self._values_rule = values_rule

    def of(self, given: Any) -> Any:
        """Return a DataFrame with the model's columns in their order, or the array as it is.

        Raises:
            InvalidInput: another kind of data, features are missing, or cannot take their values.

        """
        table = as_table(given)
        if table is None:
            given = self._as_array(given)
            if given.dtype.kind not in "biuf":
                table = pd.DataFrame(given)
        elif self._names is None and has_no_order(given):
            raise invalid(
                self._data_rule,
                "The model has no names of features, so the columns of records and mappings "
                "cannot be matched: give rows of values, or a DataFrame.",
            )
        if table is not None:
            return self._taken(self._in_order(table))
        self._require_count(given.shape[1])
        return given

    def _as_array(self, given: Any) -> Any:
        """Return rows of features as an array of two axes, or the sparse matrix that they are."""
        lengths = ""
        if isinstance(given, list | tuple):
            try:
                given = np.asarray(given)
            except ValueError:
                lengths = " of rows of different lengths"
        shape: tuple[int, ...] = getattr(given, "shape", ())
        if len(shape) != _TABLE:
            raise invalid(
                self._data_rule,
                f"{self._library} takes a table (a DataFrame, records, a mapping of columns) or a "
                "2-D array of rows and features, not "
                f"{type(given).__name__}{f' of shape {list(shape)}' if shape else lengths}.",
            )
        return given

    def _in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        if frame.shape == (0, 0) and self._names is None:
            return pd.DataFrame(columns=range(self._count), dtype=float)
        if self._names is None or (frame.shape[1] and self._names.are_all_unknown_to(frame)):
            self._require_count(frame.shape[1])
        if self._names is None:
            return frame
        return self._names.required_in(frame)

    def _taken(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a frame with the features as numbers and as the model's categories."""
        if not self._categories and all(map(_is_plain, set(frame.dtypes))):
            return frame
        columns, wrong = {}, {}
        for place, label in enumerate(frame.columns):
            column = frame.iloc[:, place]
            columns[place], what = self._column(place, column)
            if what:
                wrong[str(label)] = f"Feature {str(label)!r}: {what}."
        if wrong:
            headline = (
                f"Some features of the model cannot take their values. {next(iter(wrong.values()))}"
            )
            raise invalid_each(headline, self._values_rule, wrong)
        return pd.DataFrame(columns, index=frame.index).set_axis(frame.columns, axis=1)

    def _column(self, place: int, column: pd.Series[Any]) -> tuple[Any, str]:
        """Return a column as a feature takes it, or what is wrong with it."""
        kept = self._categories.get(place)
        if kept is not None:
            taken, unknown = kept.numbered(column)
            return taken, kept.refusal(unknown) if unknown else ""
        if place in self._categories and isinstance(column.dtype, pd.CategoricalDtype):
            return column, ""  # whose numbers are the model's, as far as can be told
        numbers = as_numbers(column)
        if numbers is not None:
            return numbers, ""
        if place in self._categories:
            return column, (
                "the model does not keep the texts of its categories, so give their numbers, or a "
                "categorical column with all categories in the order of training"
            )
        return (
            column,
            f"{self._library} takes numbers and truth values, not {kind_of_column(column)}",
        )

    def _require_count(self, given: int) -> None:
        if given != self._count:
            message = f"Expected {self._count} features, got {given}."
            raise invalid(self._features_rule, message)


def _is_plain(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf"


def as_numbers(column: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return a column of numbers or truth values, gaps included, or None for another.

    Objects that are numbers are what rows of JSON and frames without types hold.
    """
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        if column.isna().all():
            return column.astype(object).where(column.notna(), np.nan).astype("float64")
        column = column.convert_dtypes(convert_string=False)
    dtype, kinds = column.dtype, pd.api.types
    if isinstance(dtype, pd.CategoricalDtype) or kinds.is_complex_dtype(dtype):
        return None
    return column if kinds.is_numeric_dtype(dtype) or kinds.is_bool_dtype(dtype) else None


def kind_of_column(column: pd.Series[Any]) -> str:
    """Return what a column holds that is no numbers, as a message names it."""
    values = pd.api.types.infer_dtype(column, skipna=True)
    return {"string": "texts", "categorical": "categories"}.get(values, f"{values} values")
