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
    from collections.abc import Sequence

__all__ = ["Features"]


class Features:
    """The features that a model was trained on, and how given data become them.

    Args:
        names: their names in the model's order, or None where it has none.
        count: how many there are.
        categorical: the places of those whose texts are categories that the model itself keeps.
        library: who takes them, as a message names it.
        features_rule: the rule of the flavor's page on features and their number.
        data_rule: its rule on other kinds of data.

    """

    def __init__(
        self,
        names: Sequence[str] | None,
        count: int,
        *,
        categorical: Sequence[int] = (),
        library: str,
        features_rule: str,
        data_rule: str,
    ) -> None:
        self.names = None if names is None else list(names)
        self.count = count
        self._labels = set(names or ())
        self._categorical = categorical
        self._library = library
        self._features_rule, self._data_rule = features_rule, data_rule

    def of(self, given: Any) -> Any:
        """Return a DataFrame with the model's columns in their order, or the array as it is.

        Raises:
            InvalidInput: another kind of data, or features are missing.

        """
        if isinstance(given, pd.DataFrame):
            return self._texts_as_categories(self._in_order(given))
        if isinstance(given, list):
            given = np.asarray(given)
        shape: tuple[int, ...] = getattr(given, "shape", ())
        if len(shape) != 2:  # noqa: PLR2004 - rows and features
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

    def _texts_as_categories(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return texts in categorical features as categories, which the model's own are held to."""
        dtypes = frame.dtypes
        texts = [i for i in self._categorical if pd.api.types.is_string_dtype(dtypes.iloc[i])]
        if not texts:
            return frame
        numbered = frame.set_axis(range(frame.shape[1]), axis=1)
        return numbered.astype(dict.fromkeys(texts, "category")).set_axis(frame.columns, axis=1)

    def _require_count(self, given: int) -> None:
        if given != self.count:
            message = f"Expected {self.count} features, got {given}."
            raise invalid(self._features_rule, message)


def _unnamed(columns: pd.Index[Any]) -> bool:
    return bool(columns.dtype.kind == "i") and list(columns) == list(range(len(columns)))
