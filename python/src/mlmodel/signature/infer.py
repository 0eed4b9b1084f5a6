"""Signatures from data: what the types of a model's inputs and outputs are (SIG-010 ff)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InvalidArgument
from mlmodel.signature.columntype import column_type, param_spec
from mlmodel.signature.frames import array_of
from mlmodel.signature.tensors import is_sparse
from mlmodel.signature.types import (
    ColSpec,
    DataType,
    ModelSignature,
    ParamSchema,
    Schema,
    TensorSpec,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

__all__ = ["infer_signature"]

_SUPPORTED = (
    "a pandas DataFrame or Series, a numpy array, a mapping of names to arrays, lists or scalars, "
    "a list of records, rows or values, a scalar, a scipy matrix of compressed rows or columns"
)
_SCALARS = (str, bytes, bool, int, float, np.generic)
#: An axis whose length may vary.
_ANY_LENGTH = -1


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """Return the signature that data have.

    Args:
        model_input: valid input of the model, such as the training data without the target.
        model_output: what the model predicts for it, or None.
        params: parameters of prediction by name, with their defaults, or None.

    Raises:
        InvalidArgument: an object of another kind (SIG-010), or a column of no type (SIG-014);
            the message names what was found and what is supported.

    Warns:
        UserWarning: integer columns, which cannot hold missing values later (SIG-016).

    """
    if model_input is None and model_output is None and params is None:
        raise InvalidArgument("There is nothing to infer a signature from (SIG-010)")
    inputs = None if model_input is None else _schema(model_input, "model_input")
    outputs = None if model_output is None else _schema(model_output, "model_output")
    if inputs is not None:
        _warn_of_integers(inputs)
    declared = None
    if params is not None:
        declared = ParamSchema(param_spec(name, value) for name, value in params.items())
    return ModelSignature(inputs, outputs, declared)


def _schema(data: Any, what: str) -> Schema:
    if isinstance(data, pd.DataFrame):
        return _of_frame(data)
    if isinstance(data, pd.Series):
        name = None if data.name is None else str(data.name)
        return Schema([_column(array_of(data), name)])
    if isinstance(data, np.ndarray) or is_sparse(data):
        return Schema([_tensor(data, None)])
    if isinstance(data, dict):
        return _of_mapping(data, what)
    if isinstance(data, list) and data:
        return _of_list(data, what)
    # A date is a scalar too; NaT and NA are none, for they have no type.
    if isinstance(data, (*_SCALARS, pd.Timestamp)) or type(data).__module__ == "datetime":
        return Schema([_column(_cells([data]), None)])
    raise _unsupported(data, what)


def _unsupported(data: Any, what: str) -> InvalidArgument:
    found = f"{type(data).__module__}.{type(data).__qualname__}"
    if isinstance(data, list | dict):
        found = f"an empty {type(data).__name__}"
    return InvalidArgument(
        f"No signature can be inferred from {what}, which is {found}; supported are {_SUPPORTED} "
        "(SIG-010). If a model predicts something else, infer from its python_function's output."
    )


# -- columns ------------------------------------------------------------------------------------


def _of_frame(frame: pd.DataFrame) -> Schema:
    if not len(frame.columns):
        raise InvalidArgument("No signature can be inferred from a frame without columns (SIG-002)")
    names = _names(frame.columns.tolist())
    complete = _all_complete(frame)
    columns = [array_of(series) for _, series in frame.items()]
    return Schema(
        [
            _column(column, name, place, complete=complete)
            for place, (column, name) in enumerate(zip(columns, names, strict=True))
        ]
    )


def _names(labels: Sequence[Hashable]) -> list[str | None]:
    """Return the column names; numbers 0, 1, 2 … are pandas' way to say that there are none."""
    if labels == list(range(len(labels))) or set(labels) == {None}:
        return [None] * len(labels)
    for label in labels:
        if not isinstance(label, str):
            raise InvalidArgument(
                f"The column name {label!r:.60} is {type(label).__name__}, not text (SIG-012): "
                "name the columns by text, or number them 0, 1, 2 …"
            )
    return [str(label) for label in labels]


def _all_complete(frame: pd.DataFrame) -> bool:
    """Return whether a frame of floats alone is known to hold no NaN, by one pass over it.

    Column by column, a frame whose rows lie together in memory is read once per column.
    """
    dtypes = set(frame.dtypes.tolist())
    if not frame.size or len(dtypes) > 1 or dtypes - {np.dtype("float64"), np.dtype("float32")}:
        return False
    first = frame.iloc[:, 0].to_numpy()
    if len(frame) > 1 and first.strides[0] == first.itemsize:
        return False
    return not np.isnan(frame.to_numpy().min())


def _is_tensor(value: Any) -> bool:
    return is_sparse(value) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _cells(values: Sequence[Any]) -> Any:
    from mlmodel.signature.cells import object_array

    kinds = {type(value) for value in values}
    if len(kinds) == 1 and issubclass(next(iter(kinds)), np.generic):
        return np.array(values)
    return object_array(values)


def _column(values: Any, name: str | None, place: int = 0, *, complete: bool = False) -> ColSpec:
    label = place if name is None else name
    kind, has_missing = column_type(values, label, complete=complete)
    return ColSpec(kind, name, not has_missing)


def _of_mapping(data: Mapping[Any, Any], what: str) -> Schema:
    if not data:
        raise _unsupported(data, what)
    names = [name if isinstance(name, str) else None for name in data]
    if None in names:
        raise InvalidArgument(f"The names of {what} are texts, not {list(data)!r:.60} (SIG-012)")
    values = list(data.values())
    if all(_is_tensor(value) for value in values):
        return Schema([_tensor(v, name) for v, name in zip(values, names, strict=True)])
    columns = []
    for name, value in zip(names, values, strict=True):
        if isinstance(value, pd.Series):
            column = array_of(value)
        elif isinstance(value, np.ndarray):
            column = value.reshape(-1) if value.ndim < 2 else _cells(list(value))  # noqa: PLR2004 - rows
        else:
            column = _cells(value if isinstance(value, list | tuple) else [value])
        columns.append(_column(column, name))
    return Schema(columns)


def _of_list(data: list[Any], what: str) -> Schema:
    if all(isinstance(item, dict) for item in data):
        names = list(dict.fromkeys(name for record in data for name in record))
        return _of_mapping({name: [record.get(name) for record in data] for name in names}, what)
    if all(isinstance(item, list | tuple | np.ndarray) for item in data):
        width = {len(item) for item in data}
        if len(width) == 1 and width != {0}:
            rows = zip(*data, strict=True)
            return Schema([_column(_cells(cells), None, p) for p, cells in enumerate(rows)])
        raise InvalidArgument(f"The rows of {what} are empty or of different lengths (SIG-010)")
    return Schema([_column(_cells(data), None)])


# -- tensors --------------------------------------------------------------------------------------


def _tensor(array: Any, name: str | None) -> TensorSpec:
    if array.ndim == 0:
        raise InvalidArgument("A tensor has at least one axis, that of the batch (SIG-013)")
    return TensorSpec(array.dtype, (_ANY_LENGTH, *array.shape[1:]), name)


def _warn_of_integers(schema: Schema) -> None:
    names = [
        str(position if spec.name is None else spec.name)
        for position, spec in enumerate(schema)
        if spec.type in (DataType.integer, DataType.long)
    ]
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004 - enough to see
        warnings.warn(
            f"SIG-016: the integer columns {', '.join(names[:5])}{more} will not take missing "
            "values, which turn integers into floating point in a data frame; declare columns "
            "double that may have some.",
            stacklevel=3,
        )
