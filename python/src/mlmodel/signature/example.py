"""Input examples: an instance of valid input, beside the model as JSON (spec/input-example.md)."""

from __future__ import annotations

import base64
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel._extras import require
from mlmodel.errors import InvalidArgument
from mlmodel.signature.infer import infer_signature
from mlmodel.signature.types import ModelSignature, Schema, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE_NAME", "MOST_BYTES", "as_model_input", "write_example"]

FILE_NAME = "input_example.json"
#: Larger examples are refused: an example is a record or a small batch.
MOST_BYTES = 64 * 2**20


def as_model_input(example: Any) -> Any:
    """Return an example in the form in which a model gets it.

    Arrays and mappings of arrays stay; everything else becomes a DataFrame (EXA-001, EXA-002).

    Raises:
        InvalidArgument: it is neither, or empty (EXA-004).

    """
    if isinstance(example, pd.DataFrame):
        return example
    return _schema_of(example).enforce(example)


def write_example(example: Any, root: Path, signature: ModelSignature | None) -> dict[str, Any]:
    """Write ``input_example.json`` into the folder; return the ``saved_input_example_info``.

    Args:
        example: a DataFrame, a mapping of scalars (one row) or of lists, a list of records, rows
            or values, an array, or a mapping of arrays.
        root: the model folder.
        signature: what the example must fit, or None.

    Raises:
        InvalidInput: it does not fit the signature's inputs (EXA-003).
        InvalidArgument: it is no example, is empty (EXA-004), has no batch axis (EXA-005) or
            holds what JSON cannot (EXA-006).

    """
    if signature is None or signature.inputs is None:
        signature = _schema_of(example)
    schema = signature.inputs
    assert schema is not None  # noqa: S101 - inference from an example gives inputs
    if schema.is_tensor_spec():
        _check_batch(example, schema)
    model_input = signature.enforce(example)
    if isinstance(model_input, pd.DataFrame):
        document, info = _of_frame(model_input, schema)
    else:
        document, info = _of_tensors(model_input), {"type": "ndarray"}
    orjson = require("orjson", "predict")
    (root / FILE_NAME).write_bytes(orjson.dumps(document) + b"\n")
    return {"artifact_path": FILE_NAME, **info}


def _schema_of(example: Any) -> ModelSignature:
    if isinstance(example, tuple):
        raise InvalidArgument("An example is not a tuple; give the data alone (EXA-001)")
    with warnings.catch_warnings():
        # The advice on integers belongs to the signature that the user infers.
        warnings.simplefilter("ignore")
        return infer_signature(example)


def _check_batch(example: Any, schema: Schema) -> None:
    for spec in schema:
        array = example.get(spec.name) if isinstance(example, dict) else example
        if not isinstance(array, np.ndarray) or not isinstance(spec, TensorSpec):
            continue
        if array.ndim == len(spec.shape) - 1:
            axis = spec.shape.index(-1) if -1 in spec.shape else 0
            raise InvalidArgument(
                f"The example's tensor of shape {list(array.shape)} has no batch axis: the "
                f"signature declares {list(spec.shape)}; numpy.expand_dims(example, {axis}) makes "
                "it a batch of one (EXA-005)"
            )
        if array.size == 0:
            raise InvalidArgument("An example holds at least one row (EXA-004)")


def _of_frame(frame: pd.DataFrame, schema: Schema) -> tuple[dict[str, Any], dict[str, Any]]:
    if not len(frame):
        raise InvalidArgument("An example holds at least one row (EXA-004)")
    columns = [_cells(frame.iloc[:, place]) for place in range(len(frame.columns))]
    rows = [list(row) for row in zip(*columns, strict=True)]
    if not schema.has_input_names():
        return {"data": rows}, {"type": "dataframe", "pandas_orient": "values"}
    names = frame.columns.tolist()
    return {"columns": names, "data": rows}, {"type": "dataframe", "pandas_orient": "split"}


def _cells(column: pd.Series[Any]) -> list[Any]:
    if not isinstance(column.dtype, np.dtype):
        return [None if cell is pd.NA else cell for cell in column.tolist()]
    cells: list[Any] = _listed(column.to_numpy(), repr(column.name))
    return cells


def _of_tensors(model_input: Any) -> Any:
    if isinstance(model_input, dict):
        return {name: _listed(array, repr(name)) for name, array in model_input.items()}
    return _listed(model_input, "the tensor")


def _listed(array: Any, label: str) -> Any:
    """Return an array as nested lists of what JSON holds."""
    if not isinstance(array, np.ndarray):
        raise InvalidArgument(f"{label} is sparse, which an example cannot hold (EXA-006)")
    kind = array.dtype.kind
    if kind in "biuU":
        return array.tolist()
    if kind == "f" and array.dtype.itemsize <= np.dtype(np.float64).itemsize:
        if np.isinf(array).any():
            raise InvalidArgument(f"{label} holds an infinite value, JSON has none (EXA-006)")
        return _with_gaps(array.astype(object), np.isnan(array))
    if kind == "M":
        # Units coarser than a second have no text of a whole date and time.
        fine = "s" if np.datetime_data(array.dtype)[0] in ("Y", "M", "W", "h", "m") else None
        texts = np.datetime_as_string(array if fine is None else array.astype("datetime64[s]"))
        return _with_gaps(texts.astype(object), np.isnat(array))
    if kind in "SO":
        return _plain(array.tolist(), label)
    raise InvalidArgument(f"{label} is of dtype {array.dtype}, which JSON cannot hold (EXA-006)")


def _with_gaps(cells: Any, gaps: Any) -> Any:
    cells[gaps] = None
    return cells.tolist()


def _plain(cell: Any, label: str) -> Any:
    if isinstance(cell, list):
        return [_plain(item, label) for item in cell]
    if isinstance(cell, dict) and all(isinstance(key, str) for key in cell):
        return {key: _plain(item, label) for key, item in cell.items()}
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode("ascii")
    if isinstance(cell, np.ndarray):
        return _listed(cell, label)
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or isinstance(cell, str | bool | int):
        return cell
    if isinstance(cell, float):
        return _listed(np.array(cell), label)
    raise InvalidArgument(f"{label} holds {type(cell).__name__}, which JSON cannot hold (EXA-006)")
