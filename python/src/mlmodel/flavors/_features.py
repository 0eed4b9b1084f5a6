"""What a model that was trained on a table gets of the data that a python_function is given.

For flavors whose models know their features, by name or by number: a frame's columns are put into
the model's order, an array is held to their number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.flavors._invalid_data import invalid, invalid_each

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.flavors._categories import Categories

__all__ = ["Features"]

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
        self.names = None if names is None else list(names)
        self.count = count
        self._labels = set(names or ())
        self._categories = dict(categories or {})
        self._library = library
        self._features_rule, self._data_rule = features_rule, data_rule
        self._values_rule = values_rule

    def of(self, given: Any) -> Any:
        """Return a DataFrame with the model's columns in their order, or the array as it is.

        Raises:
            InvalidInput: another kind of data, features are missing, or cannot take their values.

        """
        if isinstance(given, list):
            given = np.asarray(given)
        elif hasattr(given, "to_pandas"):  # a table of Arrow or Polars
            given = given.to_pandas()
        if (
            isinstance(given, np.ndarray)
            and given.dtype.kind not in "biuf"
            and given.ndim == _TABLE
        ):
            given = pd.DataFrame(given)
        if isinstance(given, pd.DataFrame):
            return self._taken(self._in_order(given))
        shape: tuple[int, ...] = getattr(given, "shape", ())
        if len(shape) != _TABLE:
            raise invalid(
                self._data_rule,
                f"{self._library} takes a DataFrame or a 2-D array of rows and features, "
                f"not {type(given).__name__}{f' of shape {list(shape)}' if shape else ''}.",
            )
        self._require_count(shape[1])
        return given

    def _in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        given = [str(name) for name in frame.columns]
        if given == self.names:
            return frame
        if self.names is None or (not self._labels & set(given) and _unnamed(frame.columns)):
            self._require_count(len(given))
            return frame if self.names is None else frame.set_axis(self.names, axis=1)
        places = {name: place for place, name in reversed(list(enumerate(given)))}
        missing = [name for name in self.names if name not in places]
        if missing:
            raise invalid_each(
                "Some features of the model are missing from the data.",
                self._features_rule,
                {name: f"Feature {name!r} is missing." for name in missing},
            )
        return frame.iloc[:, [places[name] for name in self.names]]

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
        numbers = _as_numbers(column)
        if numbers is not None:
            return numbers, ""
        if place in self._categories:
            return column, (
                "the model does not keep the texts of its categories, so give their numbers, or a "
                "categorical column with all categories in the order of training"
            )
        return column, f"{self._library} takes numbers and truth values, not {_kind(column)}"

    def _require_count(self, given: int) -> None:
        if given != self.count:
            message = f"Expected {self.count} features, got {given}."
            raise invalid(self._features_rule, message)


def _unnamed(columns: pd.Index[Any]) -> bool:
    return bool(columns.dtype.kind == "i") and list(columns) == list(range(len(columns)))


def _is_plain(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf"


def _as_numbers(column: pd.Series[Any]) -> pd.Series[Any] | None:
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


def _kind(column: pd.Series[Any]) -> str:
    values = pd.api.types.infer_dtype(column, skipna=True)
    return {"string": "texts", "categorical": "categories"}.get(values, f"{values} values")
