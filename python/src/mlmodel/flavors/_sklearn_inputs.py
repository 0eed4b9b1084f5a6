"""What an estimator gets: texts (PYF-026), columns by name, or an array, as trained (SKL-006).

scikit-learn warns where an estimator that was trained on an array is given names, and the other
way round; and a transformer of one's own indexes the one thing or the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.flavors._invalid_data import invalid, invalid_each

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Inputs"]

_TABLE = 2  # axes: rows, features


class Inputs:
    """How data are handed to an estimator, by what it knows of those it was trained on."""

    def __init__(self, model: Any) -> None:
        names = getattr(model, "feature_names_in_", None)
        self.names = None if names is None else list(names)
        # Without a number of features the model takes no tables but, say, texts or mappings.
        self._takes_tables = getattr(model, "n_features_in_", None) is not None
        self._takes_texts = _takes_texts(model)

    def predict(self, method: Callable[..., Any], given: Any, arguments: dict[str, Any]) -> Any:
        """Return what a method of the estimator answers.

        Raises:
            InvalidInput: features of the model are missing, and it fails without them.

        """
        taken = self.of(given)
        missing = self._missing(taken)
        try:
            return method(taken, **arguments)
        except (ValueError, KeyError) as error:
            if not missing:
                raise
            raise invalid_each(
                f"Some features of the model are missing from the data: {', '.join(missing)} "
                "(SKL-006).",
                "SKL-006",
                {name: f"Feature {name!r} is missing." for name in missing},
            ) from error

    def of(self, given: Any) -> Any:
        """Return a DataFrame for an estimator that knows names, an array for one that does not.

        Raises:
            InvalidInput: records for an estimator without names, which are in no order; a table
                of several columns for one that takes texts.

        """
        if self._takes_texts:
            return _texts_of(given)
        if not self._takes_tables:
            return given
        if _are_records(given):
            if self.names is None:
                raise invalid(
                    "SKL-007",
                    "The model was trained on an array and has no names of features, so records "
                    "cannot be matched: give rows of values, or a DataFrame.",
                )
            given = pd.DataFrame(given)
        if isinstance(given, pd.DataFrame):
            return self._unnamed(given) if self.names is None else self._in_order(given)
        if self.names is not None and np.shape(given)[1:] == (len(self.names),):
            return pd.DataFrame(given, columns=self.names)
        return given

    def _in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self.names is None or list(frame.columns) == self.names or self._missing(frame):
            return frame  # with features missing it is the model's to say whether it needs them
        return frame[self.names]

    def _missing(self, data: Any) -> list[str]:
        known = set(data.columns) if isinstance(data, pd.DataFrame) else None
        return [] if known is None else [name for name in self.names or () if name not in known]

    @staticmethod
    def _unnamed(frame: pd.DataFrame) -> Any:
        """Return a frame of named columns as an array, or with numbers for names."""
        if not all(isinstance(name, str) for name in frame.columns):
            # scikit-learn ignores numbers as names, and may have been trained with them.
            return frame
        kinds = set(frame.dtypes)
        if not all(isinstance(kind, np.dtype) and kind.kind in "biufO" for kind in kinds):
            return frame.set_axis(range(frame.shape[1]), axis=1)
        # Row by row in memory, as arrays are that are made by hand: sums come out the same.
        return np.ascontiguousarray(frame.to_numpy(np.result_type(*kinds) if kinds else None))


def _are_records(given: Any) -> bool:
    if isinstance(given, dict):
        return True
    return isinstance(given, list) and bool(given) and all(isinstance(row, dict) for row in given)


#: Where estimators keep the one that gets the data as they got them.
_WRAPPED = ("best_estimator_", "estimator_", "estimator", "regressor_")


def _takes_texts(model: Any) -> bool:
    """Return whether a model goes through its data text by text (PYF-026).

    That is told by what gets the data first: CountVectorizer, TfidfVectorizer, HashingVectorizer.
    """
    if any(base.__name__ == "_VectorizerMixin" for base in type(model).__mro__):
        return True
    steps = [step for _, step in getattr(model, "steps", None) or ()]
    taken = [step for step in steps if step not in (None, "passthrough")][:1]
    # A union gives all of its transformers the same.
    taken += [one[1] for one in getattr(model, "transformer_list", None) or ()]
    inner = next((one for name in _WRAPPED if (one := getattr(model, name, None))), None)
    return any(map(_takes_texts, taken if inner is None else [*taken, inner]))


def _texts_of(data: Any) -> Any:
    """Return the one column of a table, which the model would not go through by rows.

    Raises:
        InvalidInput: the table has another number of columns (PYF-026).

    """
    if getattr(data, "ndim", 1) != 2:  # noqa: PLR2004 - rows and columns
        return data
    width = data.shape[1]
    if width != 1:
        raise invalid(
            "PYF-026",
            f"The model takes one column of texts, and {width} columns are given: give the texts "
            "alone, or save a model that chooses its column (a ColumnTransformer).",
        )
    return data.iloc[:, 0] if hasattr(data, "iloc") else data[:, 0]
