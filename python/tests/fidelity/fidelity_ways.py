"""The ways into a model of the fidelity matrix: one line each. Adding a way is adding a line.

A way hands rows to a loaded model as a user of it would, and returns what it answers.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
from typing import TYPE_CHECKING, Any

import fidelity_grpc
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.pyfunc import PyFuncModel

    Way = Callable[[PyFuncModel, Any], Any]

_JSON = "application/json"
_NESTED = (list, dict)
#: The way that starts Spark, and the library that it needs.
SPARK = "Spark UDF"


def as_frame(rows: Any) -> pd.DataFrame:
    """Return rows as a table: a series of texts is its only column."""
    return rows.to_frame() if isinstance(rows, pd.Series) else rows


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it: missing as null, times as ISO text, decimals as numbers."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if pd.isna(value):
        return None
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _cells(rows: Any) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns as JSON has them, and the rows."""
    if hasattr(rows, "toarray"):
        return [], rows.toarray().tolist()
    if isinstance(rows, np.ndarray):
        return [], rows.tolist()
    frame = as_frame(rows)
    columns = [[_plain(cell) for cell in frame.iloc[:, n]] for n in range(frame.shape[1])]
    return [str(name) for name in frame.columns], [list(row) for row in zip(*columns, strict=True)]


def _asked(model: PyFuncModel, body: Any, content_type: str = _JSON) -> Any:
    from asking import posted  # the matrix, written by itself, needs the names of the ways alone

    told = posted(model, body, content_type)
    # A table is answered as records.
    is_table = isinstance(told, list) and told and isinstance(told[0], dict)
    return pd.DataFrame(told) if is_table else told


def _records(rows: Any) -> list[dict[str, Any]]:
    names, cells = _cells(rows)
    return [dict(zip(names, row, strict=True)) for row in cells]


def _split(rows: Any) -> dict[str, Any]:
    names, cells = _cells(rows)
    return {"columns": names, "data": cells}


def _frame(model: PyFuncModel, rows: Any) -> Any:
    return model.predict(as_frame(rows))


def _as_trained(model: PyFuncModel, rows: Any) -> Any:
    return model.predict(rows)


def _arrow(model: PyFuncModel, rows: Any) -> Any:
    return model.predict(_table(rows))


def _left_out(model: PyFuncModel, rows: Any) -> Any:
    """Leave out missing cells of optional columns, as writers do that drop nulls."""
    optional = {str(spec.name) for spec in model.signature.inputs if not spec.required}
    records = [
        {name: cell for name, cell in record.items() if cell is not None or name not in optional}
        for record in _records(rows)
    ]
    return _asked(model, {"dataframe_records": records})


def _instances(model: PyFuncModel, rows: Any) -> Any:
    if isinstance(rows, pd.Series):
        return _asked(model, {"instances": rows.tolist()})
    return _asked(
        model, {"instances": _records(rows) if isinstance(rows, pd.DataFrame) else _cells(rows)[1]}
    )


def _inputs(model: PyFuncModel, rows: Any) -> Any:
    names, cells = _cells(rows)
    if not names:
        return _asked(model, {"inputs": cells})
    columns = [list(column) for column in zip(*cells, strict=True)]
    return _asked(model, {"inputs": dict(zip(names, columns, strict=True))})


def _csv(model: PyFuncModel, rows: Any) -> Any:
    return _asked(model, as_frame(rows).to_csv(index=False), "text/csv")


def _table(rows: Any) -> pa.Table:
    frame = as_frame(rows)
    named = frame.set_axis([str(name) for name in frame.columns], axis=1)
    return pa.Table.from_pandas(named, preserve_index=False)


def _arrow_stream(model: PyFuncModel, rows: Any) -> Any:
    sink, table = pa.BufferOutputStream(), _table(rows)
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table, max_chunksize=5)
    return _asked(model, sink.getvalue().to_pybytes(), "application/vnd.apache.arrow.stream")


def _parquet(model: PyFuncModel, rows: Any) -> Any:
    sink = pa.BufferOutputStream()
    pq.write_table(_table(rows), sink, row_group_size=5)
    return _asked(model, sink.getvalue().to_pybytes(), "application/vnd.apache.parquet")


def _v2(model: PyFuncModel, rows: Any) -> Any:
    """Ask by the Open Inference Protocol, with the tensors that the model's metadata declare."""
    from mlmodel.scoring import v2

    models = v2.Models()
    models.add("m", lambda: model.engine)
    models.load("m")
    told = v2.handle("GET", "/v2/models/m", {}, b"", models)
    names, cells = _cells(rows)
    columns = dict(zip(names, map(list, zip(*cells, strict=True)), strict=False))
    tensors = [
        {
            "name": one["name"],
            "datatype": one["datatype"],
            "shape": [len(cells), *one["shape"][1:]],
            # Lists and objects are texts of JSON there (pd_json); a matrix is one tensor.
            "data": [
                json.dumps(cell)
                if one["datatype"] == "BYTES" and isinstance(cell, _NESTED)
                else cell
                for cell in columns.get(one["name"], cells)
            ],
        }
        for one in json.loads(told.body)["inputs"]
    ]
    body = json.dumps({"inputs": tensors}).encode()
    answer = v2.handle("POST", "/v2/models/m/infer", {}, body, models)
    assert answer.status == 200, answer.body
    return _table_of(json.loads(answer.body)["outputs"])


def _client(protocol: str, send: Callable[[Any, Any], Any]) -> Way:
    """Return what asks by the client, whose calls are answered in this process."""

    def asked(model: PyFuncModel, rows: Any) -> Any:
        from mlmodel.client.dialogue import Dialogue
        from mlmodel.client.options import options_of
        from mlmodel.client.wire import converse
        from mlmodel.scoring import v2

        models = v2.Models()
        models.add("m", lambda: model.engine)
        models.load("m")
        dialogue = Dialogue(options_of("127.0.0.1", {"model": "m", "protocol": protocol}))
        return converse(dialogue.predict(rows, None, None), lambda call: send(call, models))

    return asked


def _over_http(call: Any, models: Any) -> Any:
    from mlmodel.client.wire import Reply
    from mlmodel.scoring import v2

    headers = dict(call.headers)
    answer = v2.handle(call.method, call.path, headers, call.body, models)
    told = {name.lower(): value for name, value in answer.headers}
    return Reply(answer.status, told, answer.body)


def _over_grpc(call: Any, models: Any) -> Any:
    from mlmodel.client.wire import Reply
    from mlmodel.scoring.v1 import rpc as frames
    from mlmodel.scoring.v2 import rpc

    service = frames if call.service == frames.SERVICE else rpc
    return Reply(200, body=service.handle(call.method, call.body, models))


def _over_invocations(call: Any, models: Any) -> Any:
    from mlmodel.client.wire import Reply
    from mlmodel.scoring.invocations import handle

    if call.path.startswith("/v2"):
        return _over_http(call, models)
    sent = dict(call.headers)["Content-Type"]
    answer = handle(sent, call.body, models.find("m").ready())
    return Reply(answer.status, body=answer.body)


def _cells_of(output: dict[str, Any]) -> Any:
    if output.get("parameters", {}).get("content_type") == "pd_json":
        return [json.loads(cell) for cell in output["data"]]
    return np.array(output["data"], dtype=object).reshape(output["shape"]).tolist()


def _table_of(outputs: list[dict[str, Any]]) -> Any:
    held = {one["name"]: _cells_of(one) for one in outputs}
    return pd.DataFrame(held) if len(held) > 1 else next(iter(held.values()))


def _data(model: PyFuncModel, rows: Any) -> Any:
    if hasattr(rows, "toarray"):
        rows = rows.toarray()
    return fidelity_grpc.data(model, rows if isinstance(rows, np.ndarray) else as_frame(rows))


def _batched(model: PyFuncModel, rows: Any) -> Any:
    """Ask by one request for each row, all of them at once, which are predicted together."""
    from asking import together

    split = _split(rows)
    bodies = [{"dataframe_split": {**split, "data": [row]}} for row in split["data"]]
    told = [one for part in together(model, bodies) for one in part]
    return pd.DataFrame(told) if told and isinstance(told[0], dict) else told


#: Where the models stand that are asked by their folders.
FOLDERS: dict[int, Any] = {}


def _spark_udf(model: PyFuncModel, rows: Any) -> Any:
    """Ask as a function of Spark, with the result type that a user of the model would name.

    Where an answer has other rows than the question, as that of a forecast has, the model is
    called within Spark's own ``mapInPandas``.
    """
    import mlmodel
    from specimens.spark import lists, session, table

    spark = session()
    # Spark has a process of Python for each environment. Not all libraries bear each other.
    flavors = "-".join(sorted(model.metadata.flavors))
    spark.sparkContext.environment["MLMODEL_TESTED_FLAVORS"] = flavors
    frame = as_frame(rows)
    answer = model.predict(frame)
    predict = mlmodel.pyfunc.spark_udf(
        spark, FOLDERS[id(model)], _result(model, answer), trust=True
    )
    asked = (lists if isinstance(frame, np.ndarray) else table)(frame).coalesce(1)
    if len(answer) != len(frame):
        return _map_in_pandas(predict.shipped, asked, model.signature.outputs)
    told = [row.p for row in asked.select(predict(*_unnamed(model, asked)).alias("p")).collect()]
    return pd.DataFrame([row.asDict() for row in told]) if hasattr(told[0], "asDict") else told


def _result(model: PyFuncModel, answer: Any) -> str | None:
    """Return the result type that a user of the model would name: moments are none, but texts."""
    outputs = model.signature.outputs
    if outputs is not None and not outputs.is_tensor_spec() and outputs.has_input_names():
        kinds = [_ddl(one.type, datetime="string") for one in outputs]
        if "datetime" not in map(str, (one.type for one in outputs)):
            return None
        return ", ".join(f"`{one.name}` {kind}" for one, kind in zip(outputs, kinds, strict=True))
    if isinstance(answer, pd.DataFrame):
        return ", ".join(f"`{name}` {_of_dtype(answer[name].dtype)}" for name in answer)
    array = np.asarray(answer)
    kind = _of_dtype(array.dtype)
    return f"array<{kind}>" if array.ndim > 1 and array.shape[1] > 1 else kind


def _of_dtype(dtype: Any) -> str:
    return {"i": "long", "u": "long", "f": "double", "b": "boolean"}.get(dtype.kind, "string")


def _ddl(kind: Any, **named: str) -> str:
    """Return what Spark calls a declared type."""
    inner = re.fullmatch(r"Array\((\w+)\)", str(kind))
    if inner is not None:
        return f"array<{_ddl(inner[1], **named)}>"
    return {"integer": "int", "long": "long", **named}.get(str(kind), str(kind))


def _map_in_pandas(shipped: Any, asked: Any, outputs: Any) -> Any:
    fields = [f"`{one.name}` {_ddl(one.type, datetime='timestamp')}" for one in outputs]

    def score(frames: Any) -> Any:
        for frame in frames:
            yield pd.DataFrame(shipped.load().predict(frame)).reset_index(drop=True)

    return asked.mapInPandas(score, ", ".join(fields)).toPandas()


def _unnamed(model: PyFuncModel, asked: Any) -> list[Any]:
    """Return the columns, where the signature does not name them."""
    from pyspark.sql.functions import struct

    return [] if model.signature.inputs.has_input_names() else [struct(*asked.columns)]


WAYS: dict[str, Way] = {
    "as trained": _as_trained,
    "frame": _frame,
    "Arrow": _arrow,
    "split": lambda model, rows: _asked(model, {"dataframe_split": _split(rows)}),
    "records": lambda model, rows: _asked(model, {"dataframe_records": _records(rows)}),
    "records, gaps left out": _left_out,
    "instances": _instances,
    "inputs": _inputs,
    "CSV": _csv,
    "Arrow stream": _arrow_stream,
    "Parquet": _parquet,
    "V2": _v2,
    "batched": _batched,
    "V2 over gRPC": lambda model, rows: fidelity_grpc.infer(model, *_cells(rows), raw=False),
    "V2 over gRPC, raw": lambda model, rows: fidelity_grpc.infer(model, *_cells(rows), raw=True),
    "gRPC, table": lambda model, rows: fidelity_grpc.table(model, *_cells(rows)),
    "gRPC, Arrow": lambda model, rows: fidelity_grpc.arrow(model, _table(rows)),
    "gRPC, data": _data,
    "client": _client("v2", _over_http),
    "client, gRPC": _client("grpc", _over_grpc),
    "client, gRPC frames": _client("grpc-frames", _over_grpc),
    "client, invocations": _client("invocations", _over_invocations),
    SPARK: _spark_udf,
    "1.x split": lambda model, rows: _asked(model, _split(rows), f"{_JSON}; format=pandas-split"),
    "1.x records": lambda model, rows: _asked(
        model, _records(rows), f"{_JSON}; format=pandas-records"
    ),
}  # fmt: skip
