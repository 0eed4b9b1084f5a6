"""Values of a categorical feature as the categories that a model was trained with.

Libraries number the categories of a column and see nothing but the numbers. So a value means what
it meant in training only where it gets the number that it had there: whatever categories the
column given has, in whatever order, and if it has none at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Categories"]

_NAMED = 5


class Categories:
    """The categories of one feature, in the model's order.

    Args:
        values: texts, numbers, or truth values.
        dtype: how the library holds them: a dtype of numbers, object for texts, or None for the
            one that they have by themselves.

    """

    def __init__(self, values: Sequence[Any], dtype: Any = object) -> None:
        self._dtype = pd.CategoricalDtype(pd.Index(values, dtype=dtype))
        self._places = {value: place for place, value in enumerate(values)}
        #: Truth values are no numbers here, though they are equal to some.
        self._are_truths = bool(values) and all(isinstance(value, bool) for value in values)

    def numbered(self, column: pd.Series[Any]) -> tuple[pd.Categorical, list[Any]]:
        """Return a column as these categories, and the values in it that are not among them.

        Whole numbers are taken from a column of floats, too, which integers with gaps come as.
        """
        if isinstance(column.dtype, pd.CategoricalDtype):
            numbers, values = column.cat.codes.to_numpy(), column.cat.categories
        else:
            try:
                numbers, values = pd.factorize(column)
            except TypeError:  # lists and mappings
                unhashable = [value for value in column if isinstance(value, list | dict | set)]
                return pd.Categorical([], dtype=self._dtype), unhashable[:1] or [column.iloc[0]]
        used = np.zeros(len(values) + 1, bool)  # the last is for -1, which means missing
        used[numbers] = True
        places = np.full(len(values) + 1, -1, np.int64)
        unknown = []
        for at, value in enumerate(values.tolist()):
            is_kin = isinstance(value, bool) == self._are_truths
            place = self._places.get(value, -1) if is_kin else -1
            places[at] = place
            if place < 0 and used[at]:
                unknown.append(value)
        return pd.Categorical.from_codes(places[numbers], dtype=self._dtype), unknown  # type: ignore[call-overload, no-any-return, unused-ignore]

    def refusal(self, unknown: Sequence[Any]) -> str:
        """Return what is wrong with values that are not among them, as the end of a sentence."""
        known = list(self._places)
        more = f", … ({len(known)} in all)" if len(known) > _NAMED else ""
        values = ", ".join(map(shown, unknown[:_NAMED])) + (", …" if len(unknown) > _NAMED else "")
        verb = "is" if len(unknown) == 1 else "are"
        return (
            f"{values} {verb} not among the categories that the model was trained with: "
            f"{', '.join(map(shown, known[:_NAMED]))}{more}"
        )
