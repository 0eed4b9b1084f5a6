"""score-grpc: one call of the Open Inference Protocol over gRPC, without a server."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf import json_format

from conformance.harnesses.python.ops.score_v2 import fill
from mlmodel.errors import MlmodelError
from mlmodel.scoring.v2 import Models, rpc

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return the code and the message of the answer (of a stream all of them), or an error."""
    models, told = Models(), list[str]()
    fill(models, case_input)
    method = case_input["method"]
    given = [_encoded(method, request) for request in case_input["requests"]]
    if method == rpc.STREAM:
        answers = [rpc.handle_in_stream(body, models) for body in given]
    else:
        try:
            answers = [rpc.handle(method, body, models, warn=told.append) for body in given]
        except MlmodelError as error:
            said = rpc.failure(error)
            if not said.message:
                raise ValueError("the error says nothing") from None
            return {"code": said.code, **json.loads(said.details)}
    kind = rpc.message(f"{method}Response")
    read = [json_format.MessageToDict(kind.FromString(answer)) for answer in answers]
    for one in read:
        if "errorMessage" in one:
            one["errorMessage"] = one["errorMessage"].partition(":")[0]
    return {"code": "OK", "answers": read, "warns": bool(told)}


def _encoded(method: str, request: dict[str, Any]) -> bytes:
    if "base64" in request:
        return base64.b64decode(request["base64"])
    name = "ModelInferRequest" if method == rpc.STREAM else f"{method}Request"
    encoded: bytes = json_format.ParseDict(
        request["message"], rpc.message(name)()
    ).SerializeToString()
    return encoded
