"""What a model of H2O gets of a table, and what it answers (HTO-006 to HTO-008)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors import _h2o_server as _server
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._failures import refused_by
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import FeatureNames, has_no_order, required_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    import pandas as pd

    from mlmodel.flavors._base import Predict

__all__ = ["kinds_of", "predictor", "rows_of", "without_gaps"]

#: Kind of a column in a model -> in a frame that is sent to the server.
_KINDS = {"Numeric": "numeric", "Enum": "enum", "String": "string", "Time": "time", "UUID": "uuid"}


def predictor(h2o: ModuleType, model: Any) -> Predict:
    """Return how a model predicts: a table's columns in the kinds that it was trained on."""
    kinds = kinds_of(model)
    names = FeatureNames(kinds, "HTO-006")
    errors = (h2o.exceptions.H2OResponseError, h2o.exceptions.H2OTypeError)

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A model of H2O")
        rows = rows_of(model_input, names)
        with _server.quiet(), refused_by("H2O", "HTO-008", *errors):
            # What is missing goes over as an empty text, which were a category.
            given = h2o.H2OFrame(without_gaps(rows), column_types=kinds, na_strings=[""])
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
    if unnamed and table.shape[1] != len(names.names):
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


def without_gaps(rows: Any) -> Any:
    """Return rows, or a column, without what the text of a gap would be taken for: it is None."""
    return rows.astype(object).where(rows.notna(), None)
