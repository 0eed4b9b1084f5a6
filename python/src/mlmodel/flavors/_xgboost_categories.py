"""The categories that a booster of XGBoost keeps, read from its own file (XGB-010).

XGBoost hands them out as Arrow arrays alone; its file has them as plain numbers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.flavors._categories import Categories
from mlmodel.trust import ubjson

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["categories_of"]


def categories_of(booster: Any) -> dict[int, Categories | None]:
    """Return the categorical features by their places, with their categories.

    They are None where the model does not keep them: before XGBoost 3.1, where it was trained on
    numbers of categories, and where their texts are not ASCII: XGBoost 3 cuts those of a pandas
    frame by their length in characters, though it keeps bytes.
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
    if (values < 0).any():
        return None
    text, ends = values.astype(np.int8).tobytes().decode(), np.asarray(kept["offsets"]).tolist()
    return Categories([text[start:end] for start, end in pairwise(ends)])
