"""The harness behind a pipe: ``python -m conformance.harnesses.mlserver``, in its environment."""

from __future__ import annotations

import re
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from conformance.harnesses.mlserver.server import Server
from conformance.harnesses.pipe import NotAskedError, answer_all
from conformance.harnesses.refusals import refusal, refusal_of_call
from conformance.runner.cases import Case
from conformance.runner.grpc_messages import STREAMS, V2, encoded, result, service_of
from conformance.runner.http_answers import score_result, v2_result
from conformance.runner.served import Served, served_by
from conformance.runner.server import UnsentError

_ERRORS = 400


def _asking(server: Server) -> Any:
    """Return what asks a server one case."""

    def run(operation: str, case_input: dict[str, Any]) -> dict[str, Any]:
        served = served_by(Case("", "", operation, "", (), "", case_input, {}))
        if isinstance(served, str):
            raise NotAskedError(served)
        ask = _call if operation == "score-grpc" else partial(_send, operation)
        return ask(server, served, case_input)

    return run


def _send(
    operation: str, server: Server, served: Served, case_input: dict[str, Any]
) -> dict[str, Any]:
    """Ask over HTTP."""
    if _is_binary(case_input["request"]):
        raise NotAskedError("MLServer has no binary tensor data over HTTP")
    try:
        status, given, body = server.ask(served, case_input["request"])
    except UnsentError as error:
        raise NotAskedError(str(error)) from None
    headers = {name.lower(): value for name, value in given}
    if status >= _ERRORS:
        return refusal(status, headers, body)
    if operation == "score":
        return score_result(status, given, body, {})
    result = v2_result(status, given, body)
    if not re.search(r'"id": ?(?!null)', case_input["request"].get("body", "")):
        _without_made_id(result["body"])
    return result


def _call(server: Server, served: Served, case_input: dict[str, Any]) -> dict[str, Any]:
    """Ask over gRPC."""
    service, method = service_of(case_input), case_input["method"]
    if service != V2:
        raise NotAskedError("MLServer has not the service for data frames")
    if method in STREAMS:
        raise NotAskedError("MLServer's stream is one request's, and its MLflow runtime has none")
    bodies = [encoded(case_input, request) for request in case_input["requests"]]
    reply = server.call(served, service, method, bodies)
    if reply.code != "OK":
        return refusal_of_call(reply.code, reply.message)
    found = result(case_input, reply.answers, warned=False)
    for output in (one for answer in found["answers"] for one in answer.get("outputs", ())):
        if output.get("contents") == {}:  # nothing, which is as good as none
            del output["contents"]
    if not any("id" in request.get("message", {}) for request in case_input["requests"]):
        for answer in found["answers"]:
            _without_made_id(answer)
    return found


def _is_binary(request: dict[str, Any]) -> bool:
    """Return whether a request has binary tensor data, or asks for them."""
    named = {name.lower() for name in request["headers"]}
    asks = re.search(r'"binary_data(_output)?": ?true', request.get("body", ""))
    return "inference-header-content-length" in named or asks is not None


def _without_made_id(answer: Any) -> None:
    """Take an id out that MLServer made: the protocol lets it, and it is another each time."""
    if isinstance(answer, dict):
        answer.pop("id", None)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="conformance-") as work, Server(Path(work)) as asked:
        answer_all(
            _asking(asked),
            implementation="MLServer",
            version=f"{version('mlserver')} with MLflow {version('mlflow')}",
            operations=("score", "score-v2", "score-grpc"),
            profiles=("scoring", "v2", "grpc"),
        )
