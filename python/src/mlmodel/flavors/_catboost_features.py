"""The features of a CatBoost model: numbers, categories, texts, embeddings (CAT-008 to CAT-012).

CatBoost keeps no list of categories: it compares their texts. So what was an integer or a text in
training has to be one again, and a gap, which CatBoost refuses there, is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import shown
from mlmodel.flavors._features import Features

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["features_of"]

_NAMED = 5


def features_of(model: Any) -> Features:
    """Return the features of a model, and how given data become them."""
    names = [str(name) for name in model.feature_names_]
    kinds = (
        (model.get_cat_feature_indices(), _Categories()),
        (model.get_text_feature_indices(), _Texts()),
        (model.get_embedding_feature_indices(), _Embeddings()),
    )
    return _Mixed(names, {at: kind for places, kind in kinds for at in places})


class _Mixed(Features):
    """Features of several kinds, under the names that the model asks for."""

    def __init__(self, names: list[str], kinds: dict[int, Any]) -> None:
        self._own, self._mixed = names, bool(kinds)
        unnamed = names == [str(at) for at in range(len(names))]  # CatBoost's own
        super().__init__(
            None if unnamed else names, len(names), categories=kinds,
            library="CatBoost", features_rule="CAT-008", data_rule="CAT-009",
            values_rule="CAT-011",
        )  # fmt: skip

    def of(self, given: Any) -> Any:
        """Return a DataFrame under the model's names, or the array as it is."""
        if self._mixed and isinstance(given, list | tuple) and len(set(map(_length, given))) == 1:
            given = np.array([[*row] for row in given if _length(row)] or given, dtype=object)
        if self._mixed and isinstance(given, np.ndarray) and given.ndim == 2:  # noqa: PLR2004
            given = pd.DataFrame(given)
        taken = super().of(given)
        if not isinstance(taken, pd.DataFrame):
            return taken
        nullable = [at for at, one in enumerate(taken.dtypes) if _is_nullable(one)]
        columns = {
            at: taken.iloc[:, at].astype("float64") if at in nullable else taken.iloc[:, at]
            for at in range(taken.shape[1])
        }
        return pd.DataFrame(columns, index=taken.index).set_axis(self._own, axis=1)


def _is_nullable(dtype: Any) -> bool:
    kinds = pd.api.types
    is_number = kinds.is_any_real_numeric_dtype(dtype) or kinds.is_bool_dtype(dtype)
    return is_number and not isinstance(dtype, np.dtype)


def _length(row: Any) -> int:
    return len(row) if isinstance(row, list | tuple) else 0


class _Kind:
    """How the values of a feature are handed to CatBoost."""

    expected = ""

    def taken(self, value: Any) -> Any:
        """Return a value as CatBoost takes it, None where it does not."""
        raise NotImplementedError

    def numbered(self, column: pd.Series[Any]) -> tuple[pd.Series[Any], list[Any]]:
        """Return a column as CatBoost takes it, and the values that it does not take."""
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(object)
        values = [self.taken(value) for value in column.tolist()]
        wrong = [
            given for given, value in zip(column.tolist(), values, strict=True) if value is None
        ]
        return pd.Series(values, index=column.index, dtype=object), wrong

    def refusal(self, wrong: Sequence[Any]) -> str:
        """Return what is wrong with values, as the end of a sentence."""
        some = dict.fromkeys("a missing value" if _is_gap(one) else shown(one) for one in wrong)
        return f"CatBoost takes {self.expected} there, not {', '.join(list(some)[:_NAMED])}"


def _is_gap(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124


class _Categories(_Kind):
    expected = "texts and integers (a missing one as the text that it was in training)"

    def taken(self, value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value if isinstance(value, str | int | np.integer | np.bool_) else None


class _Texts(_Kind):
    expected = "texts"

    def taken(self, value: Any) -> Any:
        return value if isinstance(value, str) else None


class _Embeddings(_Kind):
    expected = "lists of numbers"

    def taken(self, value: Any) -> Any:
        if not isinstance(value, list | tuple | np.ndarray):
            return None
        try:
            return np.array(value, np.float32)
        except (TypeError, ValueError):
            return None
