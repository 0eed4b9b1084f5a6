"""What a model of H2O gets of a table, and what it answers (HTO-006 to HTO-008)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.types import is_bool_dtype

from mlmodel.flavors import _h2o_server as _server
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._features import as_numbers, kind_of_column
from mlmodel.flavors._invalid_data import invalid, invalid_each
from mlmodel.flavors._tables import FeatureNames, has_no_order, required_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

#: Kind of a column in a model -> in a frame that is sent to the server.
_KINDS = {"Numeric": "numeric", "Enum": "enum", "String": "string", "Time": "time", "UUID": "uuid"}


def predictor(h2o: ModuleType, model: Any) -> Predict:
    """Return how a model predicts: a table's columns in the kinds that it was trained on."""
    kinds = _kinds(model)
    names = FeatureNames(kinds, "HTO-006")
    errors = (h2o.exceptions.H2OResponseError, h2o.exceptions.H2OTypeError)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A model of H2O")
        table = required_table(model_input, "HTO-007", "A model of H2O")
        unnamed = names.are_all_unknown_to(table) and not has_no_order(model_input)
        if unnamed and table.shape[1] not in (0, len(kinds)):
            expected = f"Expected {len(kinds)} features, got {table.shape[1]}."
            raise invalid("HTO-006", expected)
        rows = names.required_in(table)
        with _server.quiet(), refused_by("H2O", "HTO-008", *errors):
            given = h2o.H2OFrame(_sendable(rows, kinds), column_types=kinds)
            answer = model.predict(given).as_data_frame()
        return answer.set_axis(rows.index, axis=0)

    return predict


def _kinds(model: Any) -> dict[str, str]:
    """Return the features of a model, in its order, with the kinds of their columns."""
    said = model._model_json  # noqa: SLF001 - H2O has no public way to the kinds
    output, parameters = said["output"], model.actual_params
    apart = {said.get("response_column_name")}
    for key in ("response_column", "weights_column", "fold_column"):
        held = parameters.get(key)
        apart.add(held.get("column_name") if isinstance(held, dict) else held)
    pairs = zip(output["names"], output["column_types"], strict=True)
    return {name: _KINDS.get(kind, "numeric") for name, kind in pairs if name not in apart}


def _sendable(rows: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return rows without what a text in a file of values would be taken for: gaps are none.

    Raises:
        InvalidInput: numbers are wanted, and H2O would take what is given for gaps.

    """
    columns, wrong = {}, {}
    for name in rows.columns:
        column = rows[name]
        taken = _numbers(column) if kinds[name] == "numeric" else column
        if taken is None:
            what = kind_of_column(column)
            wrong[name] = f"Feature {name!r} is of numbers, and the data hold {what} that are none."
        else:
            columns[name] = taken.astype(object).where(taken.notna(), None)
    if wrong:
        headline = (
            f"Some features of the model cannot take their values. {next(iter(wrong.values()))}"
        )
        raise invalid_each(headline, "HTO-008", wrong)
    return pd.DataFrame(columns, index=rows.index, columns=rows.columns)


def _numbers(column: pd.Series[Any]) -> pd.Series[Any] | None:
    """Return a column as numbers: truth values, and texts that are some, too; else None."""
    column = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
    numbers = as_numbers(column)
    if numbers is None and (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
        numbers = as_numbers(pd.to_numeric(column, errors="coerce"))
        if numbers is None or (numbers.isna() & column.notna()).any():
            return None
    return numbers.astype("Int8") if numbers is not None and is_bool_dtype(numbers) else numbers
