"""The features of a LightGBM model, and the categories that it keeps (LGB-007, LGB-010 to LGB-013).

LightGBM keeps the categories of a frame's categorical columns in the order of the columns, and not
which columns they were: that is told by what it keeps of the values of each feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors._categories import Categories
from mlmodel.flavors._features import Features
from mlmodel.trust.lightgbm_text import header_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["features_of"]


def features_of(booster: Any) -> Features:
    """Return the features of a booster, and how given data become them."""
    names = booster.feature_name()
    if names == [f"Column_{place}" for place in range(len(names))]:
        names = None  # LightGBM's own, of data that had none
    return _Named(
        names, booster.num_feature(), categories=_categories_of(booster),
        library="LightGBM", features_rule="LGB-007", data_rule="LGB-008", values_rule="LGB-012",
    )  # fmt: skip


class _Named(Features):
    """Features whose names LightGBM has changed: it writes spaces as underscores."""

    def _in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        if any(isinstance(name, str) and " " in name for name in frame.columns):
            frame = frame.set_axis([str(name).replace(" ", "_") for name in frame.columns], axis=1)
        return super()._in_order(frame)


def _categories_of(booster: Any) -> dict[int, Categories | None]:
    """Return the features that have categories by their places, None where these are not known.

    Features whose values are listed (``-1:0:1:2``) were categorical. Where they are as many as the
    columns whose categories are kept, they are these columns; else any feature may be one.
    """
    kept: Sequence[list[Any]] = booster.pandas_categorical or ()
    infos = header_of(booster.model_to_string(num_iteration=1))["feature_infos"].split(" ")
    places = [at for at, info in enumerate(infos) if info != "none" and info[:1] != "["]
    if kept and len(kept) == len(places):
        return {at: _OrMissing(values) for at, values in zip(places, kept, strict=True)}
    return dict.fromkeys(range(len(infos)) if kept else places)


class _OrMissing(Categories):
    """Categories beside which others of their kind count as missing, as LightGBM has it."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__(values, object if any(isinstance(one, str) for one in values) else None)
        self._kinds = {_kind(one) for one in values}

    def numbered(self, column: pd.Series[Any]) -> tuple[pd.Categorical, list[Any]]:
        """Return a column as these categories, and the values that are of another kind."""
        taken, unknown = super().numbered(column)
        return taken, [value for value in unknown if _kind(value) not in self._kinds]


def _kind(value: Any) -> str:
    if isinstance(value, bool | str):
        return type(value).__name__
    return "number" if isinstance(value, int | float) else "other"
