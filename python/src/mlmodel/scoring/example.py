"""Input examples read back: a file of a model folder, as a body of its form (EXA-007 to EXA-009).

They are written by :mod:`mlmodel.signature.example`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel import _files
from mlmodel.errors import InvalidModel, UnreadableModel, Violation, shown
from mlmodel.scoring.codecs import tables, tensors
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.signature.cells import Reader
from mlmodel.signature.example import FILE_NAME, MOST_BYTES
from mlmodel.signature.plan import Plan
from mlmodel.signature.types import ColSpec, DataType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.signature.types import ModelSignature

__all__ = ["read_example"]


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


def _load(root: Path, relative: str) -> Any:
    from mlmodel.document.paths import resolve_inside

    path = resolve_inside(root, relative)
    try:
        text = _files.read(path, MOST_BYTES).decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"{relative} is not UTF-8 text", "EXA-007") from error
    except _files.TooLarge:
        raise UnreadableModel(f"{relative} is larger than {MOST_BYTES} bytes (EXA-008)") from None
    except OSError as error:
        reason = error.strerror or "is not readable"
        raise UnreadableModel(f"The input example {relative} cannot be read: {reason}") from error
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
    wrapped = isinstance(document, dict) and set(document) == {"inputs"}
    if wrapped and (info.get("format") == "tf-serving" or not _declares(plan, "inputs")):
        document = document["inputs"]
    payload = Payload(document, Reader(exact=True))
    return plan.enforce(tensors.from_inputs(payload, plan))


def _declares(plan: Plan, name: str) -> bool:
    return plan.schema is None or name in plan.schema.input_names()
