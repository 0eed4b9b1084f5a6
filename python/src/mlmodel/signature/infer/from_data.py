"""Signatures from data: what the types of a model's inputs and outputs are (SIG-010 ff)."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, shown
from mlmodel.signature.cells.plain import ByColumn, OneRow, Records, Rows, stands_for
from mlmodel.signature.data import arrow
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.columns import Column
from mlmodel.signature.data.frames import array_of, arrays_of, blocks_of
from mlmodel.signature.data.objects import as_data, is_object
from mlmodel.signature.enforce.convert import convert
from mlmodel.signature.enforce.tensors import is_sparse
from mlmodel.signature.infer.cells import CellTypes
from mlmodel.signature.infer.columns import column_type, number_types
from mlmodel.signature.infer.delivery import delivery_of
from mlmodel.signature.infer.params import param_spec
from mlmodel.signature.infer.spark import spark_schema
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import AnyType
from mlmodel.signature.types.params import ParamSchema
from mlmodel.signature.types.scalars import INTEGERS, DataType
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec
from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from mlmodel.signature.infer.columns import Found

__all__ = ["infer_declarable", "infer_signature"]

_SUPPORTED = (
    "a pandas DataFrame or Series, a numpy array, a mapping of names to arrays, lists or scalars, "
    "a list of records, rows or values, a scalar, a scipy matrix of compressed rows or columns, "
    "an Arrow table, record batch or array, a Polars DataFrame or Series, a Spark DataFrame or "
    "schema"
)
_SCALARS = (str, bytes, bool, int, float, np.generic)
#: What takes missing values without being optional (ENF-023, ENF-031).
_TAKE_MISSING = frozenset({AnyType(), *(kind for kind in DataType if kind.traits.takes_missing)})
#: An axis whose length may vary.
_ANY_LENGTH = -1


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """Return the signature that data have, with what is recorded of them beside it (ENF-097).

    Args:
        model_input: valid input of the model, such as the training data without the target.
        model_output: what the model predicts for it, or None.
        params: parameters of prediction by name, with their defaults, or None.

    Raises:
        InvalidArgument: an object of another kind (SIG-010), or a column of no type (SIG-014);
            the message names what was found and what is supported.

    Warns:
        UserWarning: integer columns, which cannot hold missing values later (SIG-016), and
            places in lists and objects that hold values of different types (SIG-041).

    """
    if model_input is None and model_output is None and params is None:
        raise InvalidArgument("There is nothing to infer a signature from (SIG-010)")
    types = CellTypes()
    inputs, complete = (None, frozenset()) if model_input is None else _inputs(model_input, types)
    outputs = None if model_output is None else _outputs(model_output, types)
    signature = _declared(inputs, outputs, params, types)
    signature.delivery = delivery_of(model_input, inputs, complete)
    return signature


def infer_declarable(
    model_input: Any, model_output: Any, params: Mapping[str, Any] | None
) -> tuple[ModelSignature, InvalidArgument | None]:
    """Return the signature that data have; where the output is of no type, without it (SIG-047).

    The second value is the error that says why. Arguments, and what else is raised and warned of,
    are those of :func:`infer_signature`.
    """
    types, of_output = CellTypes(), CellTypes()
    inputs, complete = _inputs(model_input, types)
    outputs = refused = None
    try:
        outputs = None if model_output is None else _outputs(model_output, of_output)
        types.conflicts += of_output.conflicts
    except InvalidArgument as error:
        refused = error
    signature = _declared(inputs, outputs, params, types)
    signature.delivery = delivery_of(model_input, inputs, complete)
    return signature, refused


def _inputs(model_input: Any, types: CellTypes) -> tuple[Schema, frozenset[int]]:
    """Return the schema, and the positions of the columns in which nothing is missing."""
    inputs = _schema_of(model_input, "model_input", types)
    complete = frozenset(place for place, spec in enumerate(inputs) if spec.required)
    _check_gaps(inputs)
    inputs = _required_without_names(inputs)
    _warn_of_integers(inputs)
    return inputs, complete


def _outputs(model_output: Any, types: CellTypes) -> Schema:
    return _required_without_names(_schema_of(model_output, "model_output", types))


def _declared(
    inputs: Schema | None,
    outputs: Schema | None,
    params: Mapping[str, Any] | None,
    types: CellTypes,
) -> ModelSignature:
    _warn_of_conflicts(types)
    declared = None
    if params is not None:
        if not isinstance(params, Mapping):
            raise InvalidArgument(
                "params is a mapping of names to defaults, such as {'top': 3}, or None, not "
                f"{shown(params)} (SIG-017)"
            )
        declared = ParamSchema(param_spec(name, value) for name, value in params.items())
    return ModelSignature(inputs, outputs, declared)


def _schema_of(data: Any, what: str, types: CellTypes) -> Schema:
    if is_object(data) or (isinstance(data, list) and any(map(is_object, data[:1]))):
        data = as_data(data, as_given=what == "model_input")  # a row is what an object holds
    if isinstance(data, pd.DataFrame):
        return _schema_of_frame(data, types)
    if isinstance(data, pd.Series):
        number = _whole_number(data.name)
        name: Any = data.name if data.name is None or number is None else number
        name = name if name is None or number is not None else str(name)
        return Schema([_column_spec(array_of(data), name, types)])
    if isinstance(data, np.ndarray) or is_sparse(data):
        return Schema([_tensor_spec(data, None)])
    if isinstance(data, dict):
        return _schema_of_mapping(data, what, types)
    if isinstance(data, list) and data:
        return _schema_of_list(data, what, types)
    return _schema_of_others(data, what, types)


def _schema_of_others(data: Any, what: str, types: CellTypes) -> Schema:
    # A date is a scalar too; NaT and NA are none, for they have no type.
    if isinstance(data, (*_SCALARS, pd.Timestamp)) or type(data).__module__ == "datetime":
        return Schema([_column_spec(_array_of_cells([data]), None, types)])
    columns = arrow.columns_of(data)
    if columns is not None:
        return _schema_of_columns(*columns, types)
    schema = spark_schema(data)
    if schema is None:
        raise _unsupported(data, what)
    return schema


def _unsupported(data: Any, what: str) -> InvalidArgument:
    found = f"{type(data).__module__}.{type(data).__qualname__}"
    if isinstance(data, list | dict):
        found = f"an empty {type(data).__name__}"
    return InvalidArgument(
        f"No signature can be inferred from {what}, which is {found}; supported are {_SUPPORTED} "
        f"(SIG-010).{_advice_for(data)}"
    )


def _advice_for(data: Any) -> str:
    if data is Any or isinstance(data, type | FunctionType) or typing.get_origin(data) is not None:
        return (
            " For type hints, call infer_signature_from_type_hints with the predict function "
            "that has them."
        )
    if hasattr(data, "collect_schema"):
        return " Collect the frame first: only then is it known which values are missing."
    if hasattr(data, "model_dump"):
        return (
            " Declare the model class as type hint of predict, or give what model_dump() returns."
        )
    if hasattr(data, "__array__"):
        return " numpy.asarray makes an array of it."
    return " If a model predicts something else, infer from its python_function's output."


# -- columns ------------------------------------------------------------------------------------


def _schema_of_frame(frame: pd.DataFrame, types: CellTypes) -> Schema:
    names = _column_names(frame.columns.tolist())
    known = {
        place: found
        for places, block in blocks_of(frame)
        for place, found in zip(places, number_types(block), strict=False)
    }
    return _schema_of_columns(names, arrays_of(frame), types, known)


def _schema_of_columns(
    names: Sequence[str | None],
    columns: Sequence[Any],
    types: CellTypes,
    known: Mapping[int, Found] | None = None,
) -> Schema:
    """Return the schema of columns; ``known`` is what was found already, by position."""
    if not columns:
        raise InvalidArgument("No signature can be inferred from a frame without columns (SIG-002)")
    specs = []
    for place, (column, name) in enumerate(zip(columns, names, strict=True)):
        found = known.get(place) if known else None
        if found is None:
            specs.append(_column_spec(column, name, types, place))
        else:
            specs.append(ColSpec(found[0], name, not found[1]))
    return Schema(specs)


def _column_names(labels: Sequence[Hashable]) -> list[Any]:
    """Return the column names: texts, and whole numbers as MLflow writes them (SIG-063).

    Numbers 0, 1, 2 … are pandas' way to say that there are none.
    """
    if labels == list(range(len(labels))) or set(labels) == {None}:
        return [None] * len(labels)
    names = [label if isinstance(label, str) else _whole_number(label) for label in labels]
    for label, name in zip(labels, names, strict=True):
        if name is None:
            raise InvalidArgument(
                f"The column name {label!r:.60} is {type(label).__name__}, not text and not a "
                "whole number (SIG-012): name the columns by text, or number them"
            )
    texts = {str(name): name for name in names}
    for name in names:
        if texts[str(name)] != name:
            raise InvalidArgument(
                f"The columns have the name {str(name)!r} as a text and as a number, which are one "
                "in JSON and CSV (SIG-064): rename one of them"
            )
    return names


def _whole_number(label: Hashable) -> int | None:
    is_number = isinstance(label, int | np.integer) and not isinstance(label, bool)
    return int(label) if is_number else None  # type: ignore[call-overload]


def _is_tensor(value: Any) -> bool:
    return is_sparse(value) or _is_array(value)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or _is_array(value)


def _array_of_cells(values: Sequence[Any]) -> Any:
    kinds = {type(value) for value in values}
    # A float of a list or mapping is a number, NaN too: objects of NaN alone say nothing (SIG-015).
    if len(kinds) == 1 and issubclass(next(iter(kinds)), np.generic | float):
        return np.array(values)
    return object_array(values)


def _column_spec(values: Any, name: Any, types: CellTypes, place: int = 0) -> ColSpec:
    label = place if name is None else name
    kind, has_missing = column_type(values, f"column {label!r}", types)
    spec = ColSpec(kind, name, not has_missing)
    if kind is not DataType.string and _may_not_fit(values.dtype):
        _check_fits(values, spec, label)
    return spec


def _may_not_fit(dtype: Any) -> bool:
    """Return whether values of a dtype may be outside of what their type takes."""
    if isinstance(dtype, np.dtype):
        return dtype.kind == "O" or (dtype.kind == "M" and np.datetime_data(dtype)[0] != "ns")
    return isinstance(dtype, pd.ArrowDtype | pd.DatetimeTZDtype | pd.CategoricalDtype)


def _check_fits(values: Any, spec: ColSpec, label: str | int) -> None:
    """Check that a column passes the enforcement of what was inferred from it (SIG-018)."""
    found = Findings()
    convert(Column(values, None, label), spec, found)
    if found:
        raise InvalidArgument(
            f"Column {label!r} looks like {spec.type.value}, but one of its values cannot be "
            f"read as that (SIG-014, SIG-018): {found[0]}"
        )


def _check_gaps(schema: Schema) -> None:
    """Check that no column without a name needs ``required: false`` for its missing values."""
    for place, spec in enumerate(schema):
        if isinstance(spec, TensorSpec) or spec.required or spec.name is not None:
            continue
        if spec.type not in _TAKE_MISSING:
            raise InvalidArgument(
                f"Column {place} is {spec.type.value} with missing values, so it must be "
                "optional, and only a column with a name can be optional (SIG-015): name the "
                "columns"
            )


def _required_without_names(schema: Schema) -> Schema:
    """Return the schema, in which no column without a name is optional (SIG-015)."""
    return Schema(
        [
            ColSpec(spec.type, None) if spec.name is None and isinstance(spec, ColSpec) else spec
            for spec in schema
        ]
    )


def _schema_of_mapping(data: Mapping[Any, Any], what: str, types: CellTypes) -> Schema:
    names, values = _names(data, what), list(data.values())
    if all(_is_tensor(value) for value in values):
        return Schema([_tensor_spec(v, name) for v, name in zip(values, names, strict=True)])
    match stands_for(data):
        # What else has axes is a column for enforcement; here it is a cell of no type (SIG-014).
        case ByColumn() if _are_columns(values):
            row = _schema_of_row(data, types) if any(map(_holds_nested, values)) else None
            return _schema_of_named(data, what, types) if row is None else row
        case _:
            return _schema_of_columns(names, [_array_of_cell(value) for value in values], types)


def _schema_of_row(data: Mapping[str, Any], types: CellTypes) -> Schema | None:
    """Return the schema of lists that are cells of one row (SIG-073); None where they are not.

    They are, if enforcement takes them for that row: of ``any`` it cannot tell how deep it is.
    """
    held = CellTypes()
    try:
        cells = [_array_of_cell(value) for value in data.values()]
        schema = _schema_of_columns(list(data), cells, held)
    except InvalidArgument:
        return None
    if not isinstance(stands_for(data, tuple(schema)), OneRow):
        return None
    types.conflicts += held.conflicts
    return schema


def _names(data: Mapping[Any, Any], what: str) -> list[str]:
    if not data:
        raise _unsupported(data, what)
    if not all(isinstance(name, str) for name in data):
        raise InvalidArgument(f"The names of {what} are texts, not {list(data)!r:.60} (SIG-012)")
    return list(data)


def _schema_of_named(columns: Mapping[Any, Any], what: str, types: CellTypes) -> Schema:
    """Return the schema of columns by name, whatever their cells are."""
    if len({len(values) for values in columns.values()}) > 1:
        raise InvalidArgument(f"The columns of {what} are of different lengths (SIG-010)")
    cells = [_array_of_column(values, what) for values in columns.values()]
    return _schema_of_columns(_names(columns, what), cells, types)


def _are_columns(values: Sequence[Any]) -> bool:
    """Return whether these are columns of one length; lists of several are cells (SIG-067)."""
    listed = all(isinstance(value, pd.Series) or _is_list(value) for value in values)
    are_series = any(isinstance(value, pd.Series) for value in values)
    return listed and (are_series or len({len(value) for value in values}) == 1)


def _holds_nested(value: Any) -> bool:
    """Return whether this is a list of mappings or of lists, such as the messages of a chat."""
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(isinstance(item, dict) for item in value) or all(map(_is_list, value))


def _array_of_cell(value: Any) -> Any:
    is_scalar = isinstance(value, np.ndarray) and not value.ndim
    return value.reshape(1) if is_scalar else _array_of_cells([value])


def _array_of_column(value: Any, what: str) -> Any:
    if isinstance(value, pd.Series):
        return array_of(value)
    if not isinstance(value, np.ndarray):
        return _array_of_cells(value)
    if value.ndim > 1:
        raise InvalidArgument(
            f"A column of {what} is an array of {value.ndim} axes (SIG-010): give arrays for all "
            "names, or a data frame whose cells are arrays"
        )
    return value


def _schema_of_list(data: list[Any], what: str, types: CellTypes) -> Schema:
    match stands_for(data):
        case Records(records):
            names = list(dict.fromkeys(name for record in records for name in record))
            columns = {name: [record.get(name) for record in records] for name in names}
            return _schema_of_named(columns, what, types)
        case Rows(rows) if all(map(_is_list, rows)):
            return _schema_of_rows(rows, what, types)
        # What else has axes is a row for enforcement; here it is a cell of no type (SIG-014).
        case Rows() | None if any(isinstance(item, dict) or _is_list(item) for item in data):
            raise InvalidArgument(
                f"The list {what} mixes records, rows and values (SIG-010); give only one kind"
            )
        case _:
            return Schema([_column_spec(_array_of_cells(data), None, types)])


def _schema_of_rows(rows: Sequence[Sequence[Any]], what: str, types: CellTypes) -> Schema:
    width = {len(row) for row in rows}
    if len(width) > 1 or width == {0}:
        raise InvalidArgument(
            f"The rows of {what} are empty or of different lengths (SIG-010); a data frame "
            "with one column holds lists of any lengths"
        )
    columns = [_array_of_cells(cells) for cells in zip(*rows, strict=True)]
    return _schema_of_columns([None] * len(columns), columns, types)


# -- tensors --------------------------------------------------------------------------------------


def _tensor_spec(array: Any, name: str | None) -> TensorSpec:
    if array.ndim == 0:
        raise InvalidArgument("A tensor has at least one axis, which is the batch (SIG-013)")
    if array.dtype.names is not None:
        raise InvalidArgument(
            "A structured array has columns, and no dtype of a tensor; pandas.DataFrame(array) "
            "makes a data frame of it (SIG-013)"
        )
    return TensorSpec(array.dtype, (_ANY_LENGTH, *array.shape[1:]), name)


# -- warnings -------------------------------------------------------------------------------------


def _warn_of_integers(schema: Schema) -> None:
    names = [
        str(position if spec.name is None else spec.name)
        for position, spec in enumerate(schema)
        if spec.type in INTEGERS
    ]
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004 - enough to see
        warn_caller(
            f"SIG-016: the integer columns {', '.join(names[:5])}{more} will not accept missing "
            "values: with missing values, a data frame stores integers as floating point. "
            "Declare columns that may have missing values as double."
        )


def _warn_of_conflicts(types: CellTypes) -> None:
    if types.conflicts:
        warn_caller(
            f"SIG-041: values of different types were found at {'; '.join(types.conflicts[:5])}: "
            "they are declared as any, for which nothing is checked."
        )
