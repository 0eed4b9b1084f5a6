"""score: one request through the server, in process: form, signature, model, answer."""

from __future__ import annotations

import io
from typing import Any
from wsgiref.util import setup_testing_defaults

import pyarrow as pa
from pyarrow import parquet as pq

from conformance.harnesses.python import data
from conformance.runner.http_answers import body_of, score_result
from conformance.runner.served_model import NAMES, Answers
from mlmodel.pyfunc import PyFuncModel
from mlmodel.serving import wsgi


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
    return score_result(int(status[0].split()[0]), headers.items(), body, _TABLES)


def _table(read: Any) -> Any:
    return lambda body: data.encode(read(body).to_pandas())


_TABLES = {
    "application/vnd.apache.arrow.stream": _table(lambda body: pa.ipc.open_stream(body).read_all()),
    "application/vnd.apache.arrow.file": _table(lambda body: pa.ipc.open_file(body).read_all()),
    "application/vnd.apache.parquet": _table(lambda body: pq.read_table(pa.BufferReader(body))),
    "application/x-parquet": _table(lambda body: pq.read_table(pa.BufferReader(body))),
}


def _environ(request: dict[str, Any]) -> dict[str, Any]:
    body = body_of(request)
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


#: The models of the vectors as functions, of data and parameters.
MODELS = {name: Answers(name).predict for name in NAMES}
