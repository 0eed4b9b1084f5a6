"""What an estimator gets: texts (SKL-009), columns by name, or an array, as trained (SKL-006).

scikit-learn warns where an estimator that was trained on an array is given names, and the other
way round; and a transformer of one's own indexes the one thing or the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._sklearn_texts import Texts
from mlmodel.flavors._tables import FeatureNames, as_table, has_no_order

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Inputs", "last_step"]


class Inputs:
    """How data are handed to an estimator, by what it knows of those it was trained on."""

    def __init__(self, model: Any) -> None:
        names = getattr(model, "feature_names_in_", None)
        self._names = None if names is None else FeatureNames(names, "SKL-006")
        # Without a number of features the model takes no tables but, say, texts or mappings.
        self._takes_tables = getattr(model, "n_features_in_", None) is not None
        self._texts = Texts(model)

    def predict(self, method: Callable[..., Any], given: Any, arguments: dict[str, Any]) -> Any:
        """Return what a method of the estimator answers.

        Raises:
            InvalidInput: what :meth:`of` refuses; features of the model are missing, and it fails
                without them.

        """
        taken, missing = self.of(given, method)
        try:
            return method(taken, **arguments)
        except (ValueError, KeyError) as error:
            if self._names is None or not missing:
                raise
            raise self._names.lacking(missing) from error

    def of(self, given: Any, method: Callable[..., Any]) -> tuple[Any, list[str]]:
        """Return what the estimator gets, and the features of its that are missing there.

        That is a DataFrame for one that knows names, an array for one that does not.

        Raises:
            InvalidInput: records for an estimator without names, which are in no order; a mapping
                that is no table; a feature given twice; a table of several columns for one that
                takes texts.

        """
        if self._texts:
            return self._texts.of(given, method), []
        if not self._takes_tables or self._is_ready(given):
            return given, []
        table = as_table(given)
        if table is not None:
            return self._of_table(table, given)
        if isinstance(given, dict):
            raise invalid(
                "SKL-007",
                "The values of a mapping are scalars, or columns of one length; those given are "
                "not: give records, or a DataFrame.",
            )
        if self._names is not None and _width(given) == len(self._names.names):
            given = pd.DataFrame(given, columns=self._names.names)
        return given, []

    def _is_ready(self, given: Any) -> bool:
        """Return whether this is a frame of Polars with the features in their order.

        scikit-learn takes it, and a transformer of one's own may want it.
        """
        is_polars = type(given).__module__.partition(".")[0] == "polars"
        columns = getattr(given, "columns", None) if is_polars else None
        return self._names is not None and columns == self._names.names

    def _of_table(self, table: pd.DataFrame, given: Any) -> tuple[Any, list[str]]:
        if self._names is not None:
            # With features missing it is the model's to say whether it needs them.
            return self._names.in_order(table)
        if has_no_order(given):
            raise invalid(
                "SKL-007",
                "The model was trained on an array and has no names of features, so records "
                "cannot be matched: give rows of values, or a DataFrame.",
            )
        return _unnamed(table), []


def _unnamed(frame: pd.DataFrame) -> Any:
    """Return a frame of named columns as an array, or with numbers for names."""
    if not any(isinstance(name, str) for name in frame.columns):
        # scikit-learn ignores numbers as names, and may have been trained with them.
        return frame
    kinds = set(frame.dtypes)
    if not all(isinstance(kind, np.dtype) and kind.kind in "biufO" for kind in kinds):
        return frame.set_axis(range(frame.shape[1]), axis=1)
    # Row by row in memory, as arrays are that are made by hand: sums come out the same.
    return np.ascontiguousarray(frame.to_numpy(np.result_type(*kinds) if kinds else None))


def _width(given: Any) -> int | None:
    """Return the number of values in each row, None for what is no rows of one length."""
    try:
        _, *width = np.shape(given)
    except ValueError:
        return None
    return width[0] if len(width) == 1 else None


def last_step(model: Any) -> Any:
    """Return what predicts in the end: a pipeline hands all parameters on to its last step."""
    while getattr(model, "steps", None):
        model = model.steps[-1][1]
    return model
