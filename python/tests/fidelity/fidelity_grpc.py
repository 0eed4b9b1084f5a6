"""The ways over gRPC of the fidelity matrix, message to message, without a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.pyfunc import PyFuncModel

_FIELDS = {"BOOL": "bool_contents", "INT32": "int_contents", "INT64": "int64_contents",
           "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents"}  # fmt: skip
_DTYPES = {"BOOL": "?", "INT32": "<i4", "INT64": "<i8", "FP32": "<f4", "FP64": "<f8"}
#: Type of a column -> the field of a table for it.
_OF_TYPES = {"boolean": "booleans", "integer": "integers", "long": "longs", "float": "floats",
             "double": "doubles", "string": "strings"}  # fmt: skip
_FILLERS = {"strings": "", "booleans": False, "json": "null"}


def _served(model: PyFuncModel) -> Any:
    from mlmodel.scoring.v2 import Models

    models = Models()
    models.add("m", lambda: model.engine)
    models.load("m")
    return models


# -- the Open Inference Protocol ---------------------------------------------------------------


def infer(model: PyFuncModel, names: list[str], cells: list[list[Any]], *, raw: bool) -> Any:
    """Ask by ``ModelInfer``, with the tensors that the model's metadata declare."""
    from mlmodel.scoring.v2 import rpc

    models = _served(model)
    asked = rpc.message("ModelMetadataRequest")(name="m")
    told = rpc.handle("ModelMetadata", asked.SerializeToString(), models)
    request = rpc.message("ModelInferRequest")(model_name="m")
    columns = dict(zip(names, map(list, zip(*cells, strict=True)), strict=False))
    for one in rpc.message("ModelMetadataResponse").FromString(told).inputs:
        shape = [len(cells), *list(one.shape)[1:]]
        _add(request, one, shape, columns.get(one.name, cells), raw=raw)
    answer = rpc.handle("ModelInfer", request.SerializeToString(), models)
    return _answered(rpc.message("ModelInferResponse").FromString(answer))


def _add(request: Any, declared: Any, shape: list[int], cells: list[Any], *, raw: bool) -> None:
    made = request.inputs.add(name=declared.name, datatype=declared.datatype, shape=shape)
    nested = any(isinstance(cell, list | dict) for cell in cells) and len(shape) == 1
    if None in cells and declared.datatype in ("FP32", "FP64"):
        cells = [np.nan if cell is None else cell for cell in cells]
    elif None in cells or nested:
        # No other element of a message says that a value is missing.
        made.datatype = "BYTES"
        made.parameters["content_type"].string_param = "pd_json"
        cells = [json.dumps(cell) for cell in cells]
    if made.datatype == "BYTES":
        encoded = [cell.encode() for cell in cells]
        lengths = [len(cell).to_bytes(4, "little") + cell for cell in encoded]
        elements, data = encoded, b"".join(lengths)
    else:
        array = np.array(cells, _DTYPES[made.datatype])
        elements, data = array.ravel().tolist(), array.tobytes()
    if raw:
        request.raw_input_contents.append(data)
    else:
        getattr(made.contents, _FIELDS[made.datatype]).extend(elements)


def _answered(answer: Any) -> Any:
    held = {}
    for place, one in enumerate(answer.outputs):
        if answer.raw_output_contents:
            read = _of_raw(one.datatype, answer.raw_output_contents[place])
        else:
            read = list(getattr(one.contents, _FIELDS[one.datatype]))
        if one.datatype == "BYTES":
            read = [cell.decode() for cell in read]
        if one.parameters["content_type"].string_param == "pd_json":
            held[one.name] = [json.loads(cell) for cell in read]
            continue
        held[one.name] = np.array(read, object).reshape(list(one.shape)).tolist()
    return _only(held)


def _of_raw(datatype: str, data: bytes) -> list[Any]:
    if datatype != "BYTES":
        return list(np.frombuffer(data, _DTYPES[datatype]).tolist())
    cells = []
    while data:
        end = 4 + int.from_bytes(data[:4], "little")
        cells.append(data[4:end])
        data = data[end:]
    return cells


def _only(held: dict[str, Any]) -> Any:
    return pd.DataFrame(held) if len(held) > 1 else next(iter(held.values()))


# -- the service for data frames ---------------------------------------------------------------


def table(model: PyFuncModel, names: list[Any], cells: list[list[Any]]) -> Any:
    """Ask by ``Score`` with a table, each column in the field for its declared type."""
    request = _message("ScoreRequest")
    columns = dict(zip(names, map(list, zip(*cells, strict=True)), strict=True))
    for spec in model.signature.inputs:
        made = request.table.columns.add()
        if isinstance(spec.name, int):
            made.number = spec.name
        else:
            made.name = spec.name
        _fill(made, str(getattr(spec.type, "value", "")), columns[str(spec.name)])
    return _scored(model, request)


def _fill(made: Any, kind: str, cells: list[Any]) -> None:
    field = _OF_TYPES.get(kind, "json")
    made.missing.extend(place for place, cell in enumerate(cells) if cell is None)
    if kind == "datetime":
        field = "datetimes"
        cells = [None if cell is None else _nanoseconds(cell) for cell in cells]
    elif field == "json":
        cells = [json.dumps(cell) for cell in cells]
    filler = _FILLERS.get(field, 0)
    target = getattr(made, field)
    target.values.extend([filler if cell is None else cell for cell in cells])


def _nanoseconds(text: str) -> int:
    moment = pd.Timestamp(text)
    return moment.as_unit("ns").value


def arrow(model: PyFuncModel, rows: pa.Table) -> Any:
    """Ask by ``Score`` with a stream of Arrow, and be answered by one."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as out:
        out.write_table(rows, max_chunksize=5)
    return _scored(model, _message("ScoreRequest", arrow=sink.getvalue().to_pybytes()))


def data(model: PyFuncModel, rows: Any) -> Any:
    """Ask by ``Score`` with the arrays of a data frame, or a matrix, bit by bit."""
    from mlmodel.scoring.protobuf import write_request

    request = _message("ScoreRequest")
    request.ParseFromString(write_request(rows))
    return _scored(model, request)


def _message(name: str, **fields: Any) -> Any:
    from mlmodel.scoring.v1 import rpc

    return rpc.message(name)(**fields)


def _scored(model: PyFuncModel, request: Any) -> Any:
    from mlmodel.scoring.protobuf import data_from_proto
    from mlmodel.scoring.v1 import rpc
    from mlmodel.signature.data.columns import Tensors
    from mlmodel.signature.data.frames import to_frame

    body = rpc.handle("Score", request.SerializeToString(), _served(model))
    answer = rpc.message("ScoreResponse").FromString(body)
    kind = answer.WhichOneof("answer")
    if kind == "arrow":
        return _only(pa.ipc.open_stream(answer.arrow).read_all().to_pydict())
    if kind == "table":
        return _only({one.name: list(_cells(one)) for one in answer.table.columns})
    if kind == "value":
        return [_plain(item) for item in answer.value.items]
    read = data_from_proto(answer.predictions)
    return next(iter(read.arrays.values())) if isinstance(read, Tensors) else to_frame(read)


def _cells(column: Any) -> Iterator[Any]:
    gone, field = set(column.missing), column.WhichOneof("cells")
    for place, cell in enumerate(getattr(column, field).values):
        if place in gone:
            yield None
        else:
            yield pd.Timestamp(cell) if field == "datetimes" else _plain(cell)


def _plain(cell: Any) -> Any:
    """Return what a cell stands for that is a message: a scalar, an array, a list, a mapping."""
    if not hasattr(cell, "WhichOneof"):
        return cell
    field = cell.WhichOneof("kind")
    if field == "array":
        return np.frombuffer(cell.array.raw, cell.array.dtype).reshape(cell.array.shape)
    if field != "form":
        return getattr(cell, field)
    items = [_plain(one) for one in cell.items]
    if cell.keys:
        return dict(zip(map(_plain, cell.keys), items, strict=True))
    return items or None
