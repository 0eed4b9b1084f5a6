"""What a model of H2O gets of a table, and what it answers (HTO-006 to HTO-008)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype

from mlmodel.flavors import _h2o_server as _server
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._features import as_numbers, kind_of_column
from mlmodel.flavors._invalid_data import invalid, invalid_each
from mlmodel.flavors._tables import FeatureNames, has_no_order, required_table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import ModuleType

    from mlmodel.flavors._base import Predict

__all__ = ["as_trained", "kinds_of", "predictor", "rows_of", "without_gaps"]

#: Kind of a column in a model -> in a frame that is sent to the server.
_KINDS = {"Numeric": "numeric", "Enum": "enum", "String": "string", "Time": "time", "UUID": "uuid"}


def predictor(h2o: ModuleType, model: Any) -> Predict:
    """Return how a model predicts: a table's columns in the kinds that it was trained on."""
    kinds = kinds_of(model)
    names = FeatureNames(kinds, "HTO-006")
    numeric = {name for name, kind in kinds.items() if kind == "numeric"}
    errors = (h2o.exceptions.H2OResponseError, h2o.exceptions.H2OTypeError)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A model of H2O")
        rows = rows_of(model_input, names)
        columns = {name: without_gaps(one) for name, one in as_trained(rows, numeric).items()}
        sent = pd.DataFrame(columns, index=rows.index, columns=rows.columns)
        with _server.quiet(), refused_by("H2O", "HTO-008", *errors):
            # What is missing goes over as an empty text, which were a category.
            given = h2o.H2OFrame(sent, column_types=kinds, na_strings=[""])
            answer = model.predict(given).as_data_frame()
        return answer.set_axis(rows.index, axis=0)

    return predict


def rows_of(given: Any, names: FeatureNames) -> pd.DataFrame:
    """Return a table's columns that are features, in their order.

    Raises:
        InvalidInput: it is no table, or lacks features.

    """
    table = required_table(given, "HTO-007", "A model of H2O")
    unnamed = names.are_all_unknown_to(table) and not has_no_order(given)
    if unnamed and table.shape[1] not in (0, len(names.names)):
        expected = f"Expected {len(names.names)} features, got {table.shape[1]}."
        raise invalid("HTO-006", expected)
    return names.required_in(table)


def kinds_of(model: Any) -> dict[str, str]:
    """Return the features of a model, in its order, with the kinds of their columns."""
    said = model._model_json  # noqa: SLF001 - H2O has no public way to the kinds
    output, parameters = said["output"], model.actual_params
    apart = {said.get("response_column_name")}
    for key in ("response_column", "weights_column", "fold_column"):
        held = parameters.get(key)
        apart.add(held.get("column_name") if isinstance(held, dict) else held)
    pairs = zip(output["names"], output["column_types"], strict=True)
    return {name: _KINDS.get(kind, "numeric") for name, kind in pairs if name not in apart}


def without_gaps(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column without what the text of a gap would be taken for: it is None."""
    return column.astype(object).where(column.notna(), None)


def as_trained(rows: pd.DataFrame, numeric: Collection[str]) -> dict[str, pd.Series[Any]]:
    """Return the columns of features, those of numbers as numbers.

    Raises:
        InvalidInput: one of them is none.

    """
    columns, wrong = {}, {}
    for name in rows.columns:
        column = rows[name]
        taken = _numbers(column) if name in numeric else column
        if taken is None:
            what = kind_of_column(column)
            wrong[name] = f"Feature {name!r} is of numbers, and the data hold {what} that are none."
        else:
            columns[name] = taken
    if wrong:
        headline = (
            f"Some features of the model cannot take their values. {next(iter(wrong.values()))}"
        )
        raise invalid_each(headline, "HTO-008", wrong)
    return columns


def _numbers(column: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return a column as numbers: truth values, and texts that are some, too; else None."""
    if column.isna().all():
        return pd.Series(np.nan, column.index, "float64")
    column = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
    numbers = as_numbers(column)
    if numbers is None and (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
        numbers = as_numbers(_parsed(column))
        if numbers is None or (numbers.isna() & column.notna()).any():
            return None
    return numbers.astype("Int8") if numbers is not None and is_bool_dtype(numbers) else numbers


def _parsed(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the numbers that cells are, or are texts of; others are missing."""
    try:
        return pd.to_numeric(column, errors="coerce")
    except OverflowError:
        return pd.to_numeric(column.map(_float), errors="coerce")


def _float(cell: Any) -> Any:
    """Return a whole number as a float, whatever its size; None where there is none so large."""
    try:
        return float(cell) if isinstance(cell, int) else cell
    except OverflowError:
        return None
