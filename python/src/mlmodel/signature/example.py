"""Input examples: an instance of valid input, beside the model as JSON (spec/input-example.md)."""

from __future__ import annotations

import base64
import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel._extras import require
from mlmodel.errors import InvalidArgument, InvalidModel, UnreadableModel, Violation, shown
from mlmodel.signature.infer import infer_signature
from mlmodel.signature.plan import Plan
from mlmodel.signature.types import ColSpec, DataType, ModelSignature, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["as_model_input", "read_example", "write_example"]

FILE_NAME = "input_example.json"
#: Larger examples are refused: an example is a record or a small batch.
_MOST_BYTES = 64 * 2**20


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


def read_example(root: Path, info: Mapping[str, Any], signature: ModelSignature | None) -> Any:
    """Return a saved example in the form in which the model gets it.

    Args:
        root: the model folder.
        info: the ``saved_input_example_info`` of its MLmodel file.
        signature: the model's, which says the dtypes and shapes that JSON does not; or None.

    Raises:
        InvalidModel: the file is named outside the folder, is no JSON, or of no known form.
        UnreadableModel: it is not there or cannot be read.
        InvalidInput: it does not fit the signature.

    """
    document = _load(root, str(info.get("artifact_path", FILE_NAME)))
    if info.get("params") and isinstance(document, dict) and "inputs" in document:
        document = document["inputs"]
    plan = Plan(None) if signature is None else signature.plan
    kind = info.get("type")
    if kind == "dataframe":
        return _read_frame(document, plan)
    if kind == "ndarray":
        return _read_tensors(document, info, plan)
    if kind == "json_object":
        return document if plan.schema is None else _read_object(document, plan)
    raise _malformed(f"type {shown(kind)} is none of dataframe, ndarray and json_object", "EXA-007")


# -- writing ------------------------------------------------------------------------------------


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


# -- reading ------------------------------------------------------------------------------------


def _load(root: Path, relative: str) -> Any:
    from mlmodel.document.paths import resolve_inside

    path = resolve_inside(root, relative)
    try:
        too_large = path.stat().st_size > _MOST_BYTES
        text = "" if too_large else path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"{relative} is not UTF-8 text", "EXA-007") from error
    except OSError as error:
        reason = error.strerror or "is not readable"
        raise UnreadableModel(f"The input example {relative} cannot be read: {reason}") from error
    if too_large:
        raise UnreadableModel(f"{relative} is larger than {_MOST_BYTES} bytes (EXA-008)")
    try:
        # The standard library reads NaN, which MLflow writes and JSON has not.
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"{relative} is not JSON", "EXA-007") from error


def _malformed(reason: str, rule: str) -> InvalidModel:
    message = f"The input example cannot be read: {reason}."
    return InvalidModel(message, [Violation(rule, message, file=FILE_NAME)])


def _read_frame(document: Any, plan: Plan) -> Any:
    if isinstance(document, list) and document and isinstance(document[0], dict):
        return _read_object(document, plan)
    data = document.get("data") if isinstance(document, dict) else document
    names = document.get("columns") if isinstance(document, dict) else None
    if not isinstance(data, list) or not all(isinstance(row, list) for row in data):
        raise _malformed("a dataframe example is an object with columns and data", "EXA-007")
    widths = {len(row) for row in data} | ({len(names)} if isinstance(names, list) else set())
    if len(widths) != 1:
        raise _malformed("its rows have different lengths", "EXA-007")
    return _read_rows(data, None if names is None else tuple(names), widths.pop(), plan)


def _read_rows(data: list[Any], names: tuple[Any, ...] | None, width: int, plan: Plan) -> Any:
    from mlmodel.scoring.codecs import tables
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.cells import Reader

    if plan.schema is not None and plan.schema.is_tensor_spec():
        return _read_tensors(data, {}, plan)
    columns = [list(cells) for cells in zip(*data, strict=True)] or [[] for _ in range(width)]
    for spec, position in zip(plan.schema or (), plan.select(names, width), strict=False):
        if position is not None and isinstance(spec, ColSpec):
            columns[position] = [_as_written(cell, spec.type) for cell in columns[position]]
    payload = Payload(columns, Reader(exact=True))
    return plan.enforce(tables.from_columns(payload, plan, names, columns))


def _as_written(cell: Any, kind: Any) -> Any:
    """Undo what MLflow's writers do to cells (EXA-009)."""
    if isinstance(cell, float) and cell != cell:  # noqa: PLR0124 - NaN alone differs from itself
        return None
    if kind is DataType.datetime and cell == "NaT":
        return None
    if kind is DataType.binary and isinstance(cell, str):
        return cell.replace("\n", "")
    return cell


def _read_object(document: Any, plan: Plan) -> Any:
    """Read a mapping or a list as MLflow 3 keeps it: as rows (EXA-002)."""
    if plan.schema is not None and plan.schema.is_tensor_spec():
        return _read_tensors(document, {}, plan)
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        names = tuple(dict.fromkeys(name for record in document for name in record))
        rows = [[record.get(name) for name in names] for record in document]
        return _read_rows(rows, names, len(names), plan)
    if not isinstance(document, dict):
        cells = document if isinstance(document, list) else [document]
        rows = [cell if isinstance(cell, list) else [cell] for cell in cells]
        return _read_frame({"data": rows}, plan)
    if any(not isinstance(value, list) for value in document.values()):
        return _read_rows([list(document.values())], tuple(document), len(document), plan)
    if len({len(value) for value in document.values()}) > 1:
        raise _malformed("its columns have different lengths", "EXA-007")
    rows = [list(row) for row in zip(*document.values(), strict=True)]
    return _read_rows(rows, tuple(document), len(document), plan)


def _read_tensors(document: Any, info: Mapping[str, Any], plan: Plan) -> Any:
    from mlmodel.scoring.codecs import tensors
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.cells import Reader

    wrapped = isinstance(document, dict) and set(document) == {"inputs"}
    if wrapped and (info.get("format") == "tf-serving" or not _declares(plan, "inputs")):
        document = document["inputs"]
    payload = Payload(document, Reader(exact=True))
    return plan.enforce(tensors.from_inputs(payload, plan))


def _declares(plan: Plan, name: str) -> bool:
    return plan.schema is None or name in plan.schema.input_names()
