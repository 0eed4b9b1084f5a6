"""score-grpc: one call over gRPC of either service, without a server."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from conformance.harnesses.python import data
from conformance.harnesses.python.ops.score_v2 import fill
from conformance.runner import grpc_messages
from mlmodel.errors import MlmodelError
from mlmodel.scoring.v1 import rpc as v1
from mlmodel.scoring.v2 import Models
from mlmodel.scoring.v2 import rpc as v2

__all__ = ["run"]

_SERVICES: dict[str, Any] = {one.SERVICE: one for one in (v2, v1)}


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return the code and the message of the answer (of a stream all of them), or an error."""
    models, told = Models(), list[str]()
    fill(models, case_input)
    method, rpc = case_input["method"], _SERVICES[grpc_messages.service_of(case_input)]
    given = [grpc_messages.encoded(case_input, request) for request in case_input["requests"]]
    if method == rpc.STREAM:
        answers = [rpc.handle_in_stream(body, models) for body in given]
    else:
        try:
            answers = [rpc.handle(method, body, models, warn=told.append) for body in given]
        except MlmodelError as error:
            return grpc_messages.failure(*v2.failure(error))
    return grpc_messages.result(case_input, answers, warned=bool(told), arrow=_table)


def _table(stream: bytes) -> dict[str, Any]:
    return data.encode(pa.ipc.open_stream(stream).read_all().to_pandas())
