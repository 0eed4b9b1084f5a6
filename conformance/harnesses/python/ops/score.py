"""score: one request through the server, in process: form, signature, model, answer."""

from __future__ import annotations

import base64
import io
import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet as pq

from conformance.harnesses.python import data
from mlmodel.pyfunc import PyFuncModel
from mlmodel.serving import wsgi

#: Ten names of sixty characters, each of which may be escaped, and the words around them.
_LONGEST_WARNING = 6000


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return status, content type and body, or the parts of an error."""
    described = data.model(case_input["signature"])
    application = wsgi(PyFuncModel(described, MODELS[case_input["model"]]))
    status: list[str] = []
    headers: dict[str, str] = {}

    def start_response(line: str, given: list[tuple[str, str]], _: Any = None) -> Any:
        status.append(line)
        headers.update({name.lower(): value for name, value in given})

    body = b"".join(application(_environ(case_input["request"]), start_response))
    result = {"status": int(status[0].split()[0]), "content_type": headers["content-type"]}
    if result["content_type"] != "application/json":
        read = _TABLES.get(result["content_type"], bytes.decode)
        return {**result, "body": read(body)}
    answer = json.loads(body)
    if "error_code" in answer:
        return {**result, "error_code": answer["error_code"], "details": answer["details"]}
    return {**result, "body": answer, "warns": _warns(headers)}


def _table(read: Any) -> Any:
    return lambda body: data.encode(read(body).to_pandas())


_TABLES = {
    "application/vnd.apache.arrow.stream": _table(lambda body: pa.ipc.open_stream(body).read_all()),
    "application/vnd.apache.arrow.file": _table(lambda body: pa.ipc.open_file(body).read_all()),
    "application/vnd.apache.parquet": _table(lambda body: pq.read_table(pa.BufferReader(body))),
    "application/x-parquet": _table(lambda body: pq.read_table(pa.BufferReader(body))),
}


def _warns(headers: dict[str, str]) -> bool:
    """Return whether there is a header of RST-089, and stop where it is not as that rule says."""
    warning = headers.get("mlmodel-warning")
    if warning is None:
        return False
    if not (warning.isascii() and warning.isprintable() and "ENF-080" in warning):
        raise ValueError(f"the header is not printable ASCII with the rule: {warning!r}")
    return len(warning) <= _LONGEST_WARNING


def _environ(request: dict[str, Any]) -> dict[str, Any]:
    if "body_base64" in request:
        body = base64.b64decode(request["body_base64"])
    else:
        body = request.get("body", "").encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request["method"],
        "PATH_INFO": request["path"],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in request["headers"].items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    setup_testing_defaults(environ)
    return environ


def _echo(given: Any, _params: Any) -> Any:
    return given


def _params(_given: Any, params: Any) -> Any:
    return params


def _first_column(given: Any, _params: Any) -> Any:
    if isinstance(given, pd.DataFrame):
        return given.iloc[:, 0].to_numpy()
    first = next(iter(given.values())) if isinstance(given, dict) else given
    return np.asarray(first)[:, 0] if np.ndim(first) > 1 else first


MODELS = {"echo": _echo, "params": _params, "first-column": _first_column}
