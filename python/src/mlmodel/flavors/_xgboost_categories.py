"""The categories that a booster of XGBoost keeps, read from its own file (XGB-010).

XGBoost hands them out as Arrow arrays alone; its file has them as plain numbers.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.flavors._categories import Categories
from mlmodel.trust import ubjson

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["categories_of"]


def categories_of(booster: Any) -> dict[int, Categories | None]:
    """Return the categorical features by their places, with their categories.

    They are None where the model does not keep them: before XGBoost 3.1, where it was trained on
    numbers of categories.
    """
    places = [at for at, kind in enumerate(booster.feature_types or ()) if kind == "c"]
    keeps = places and hasattr(booster, "get_categories") and not booster.get_categories().empty()
    if not keeps:
        return dict.fromkeys(places)
    model = ubjson.loads(bytes(booster.save_raw("ubj")))["learner"]["gradient_booster"]
    kept = (model.get("gbtree") or model)["model"]["cats"]["enc"]  # dart has its trees in a gbtree
    return {at: _categories(kept[at]) for at in places}


def _categories(kept: Mapping[str, Any]) -> Categories | None:
    values = np.asarray(kept["values"])
    if not len(values):
        return None
    if "offsets" not in kept:
        numbers = values.astype(values.dtype.newbyteorder("="))
        return Categories(numbers.tolist(), numbers.dtype)
    held, ends = values.astype(np.int8).tobytes(), np.asarray(kept["offsets"]).tolist()
    if not held.isascii():
        return _Cut(held, ends)
    return Categories([held[start:end].decode() for start, end in pairwise(ends)])


class _Cut(Categories):
    """Categories of texts that are not ASCII: XGBoost counts characters, and keeps as many bytes.

    What they were cannot be read any more. But whether others are the same can be told.
    """

    def __init__(self, held: bytes, ends: list[int]) -> None:
        super().__init__(range(len(ends) - 1))
        self._held, self._ends = held, ends

    def numbered(self, column: Any) -> tuple[Any, list[Any]]:
        """Return a column whose categories are those of training, in their order."""
        is_one = isinstance(column.dtype, pd.CategoricalDtype)
        texts = [str(one) for one in column.cat.categories] if is_one else []
        ends = [0, *accumulate(map(len, texts))]
        same = ends == self._ends and "".join(texts).encode()[: ends[-1]] == self._held
        return column, [] if same else [None]

    def refusal(self, _: Any) -> str:
        """Return what is wrong with a column."""
        return (
            "XGBoost cuts the texts of categories that are not ASCII, so they cannot be read from "
            "the model: give a categorical column with exactly the categories of training in their "
            "order, and no value that is none of them"
        )
