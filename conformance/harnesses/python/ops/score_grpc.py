"""score-grpc: one call over gRPC of either service, without a server."""

from __future__ import annotations

import base64
import json
from typing import Any

import pyarrow as pa
from google.protobuf import json_format

from conformance.harnesses.python import data
from conformance.harnesses.python.ops.score_v2 import fill
from mlmodel.errors import MlmodelError
from mlmodel.scoring.v1 import rpc as v1
from mlmodel.scoring.v2 import Models
from mlmodel.scoring.v2 import rpc as v2

__all__ = ["run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return the code and the message of the answer (of a stream all of them), or an error."""
    models, told = Models(), list[str]()
    fill(models, case_input)
    method, rpc = case_input["method"], _SERVICES[case_input.get("service", v2.SERVICE)]
    given = [_encoded(rpc, method, request) for request in case_input["requests"]]
    if method == rpc.STREAM:
        answers = [rpc.handle_in_stream(body, models) for body in given]
    else:
        try:
            answers = [rpc.handle(method, body, models, warn=told.append) for body in given]
        except MlmodelError as error:
            said = v2.failure(error)
            if not said.message:
                raise ValueError("the error says nothing") from None
            return {"code": said.code, **json.loads(said.details)}
    kind = rpc.message(_ANSWERS.get(method, f"{method}Response"))
    read = [json_format.MessageToDict(kind.FromString(answer)) for answer in answers]
    warned = [bool(answer.pop("warnings", None)) for answer in read]
    return {"code": "OK", "answers": list(map(_shown, read)), "warns": bool(told) or any(warned)}


def _shown(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without the words for people, and without what no vector can foretell."""
    if "errorMessage" in answer:
        answer["errorMessage"] = answer["errorMessage"].partition(":")[0]
    if "error" in answer and not answer["error"].pop("message"):
        raise ValueError("the error says nothing")
    for detail in answer.get("error", {}).get("details", ()):
        detail.pop("got", None)
    if "arrow" in answer:
        table = pa.ipc.open_stream(base64.b64decode(answer["arrow"])).read_all()
        answer["arrow"] = data.encode(table.to_pandas())
    answer.pop("serverVersion", None)
    return answer


#: Methods that are asked, and answered, by messages of others.
_REQUESTS = {"ModelStreamInfer": "ModelInferRequest", "ScoreStream": "ScoreRequest"}
_ANSWERS = {"ScoreStream": "ScoreResponse"}
_SERVICES: dict[str, Any] = {v2.SERVICE: v2, v1.SERVICE: v1}


def _encoded(rpc: Any, method: str, request: dict[str, Any]) -> bytes:
    if "base64" in request:
        return base64.b64decode(request["base64"])
    name = _REQUESTS.get(method, f"{method}Request")
    encoded: bytes = json_format.ParseDict(
        request["message"], rpc.message(name)()
    ).SerializeToString()
    return encoded
