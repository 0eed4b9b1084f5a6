"""The harness behind a pipe: ``python -m conformance.harnesses.mlserver``, in its environment."""

from __future__ import annotations

import re
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from conformance.harnesses.mlserver.server import Server
from conformance.harnesses.pipe import NotAskedError, answer_all
from conformance.harnesses.refusals import refusal
from conformance.runner.cases import Case
from conformance.runner.http_answers import score_result, v2_result
from conformance.runner.served import served_by
from conformance.runner.server import UnsentError

_ERRORS = 400


def _asking(server: Server) -> Any:
    """Return what asks a server one case."""

    def run(operation: str, case_input: dict[str, Any]) -> dict[str, Any]:
        served = served_by(Case("", "", operation, "", (), "", case_input, {}))
        if isinstance(served, str):
            raise NotAskedError(served)
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
        _without_made_id(result["body"], case_input["request"])
        return result

    return run


def _is_binary(request: dict[str, Any]) -> bool:
    """Return whether a request has binary tensor data, or asks for them."""
    named = {name.lower() for name in request["headers"]}
    asks = re.search(r'"binary_data(_output)?": ?true', request.get("body", ""))
    return "inference-header-content-length" in named or asks is not None


def _without_made_id(answer: Any, request: dict[str, Any]) -> None:
    """Take an id out that MLServer made: the protocol lets it, and it is another each time."""
    if isinstance(answer, dict) and '"id"' not in request.get("body", ""):
        answer.pop("id", None)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="conformance-") as work, Server(Path(work)) as asked:
        answer_all(
            _asking(asked),
            implementation="MLServer",
            version=f"{version('mlserver')} with MLflow {version('mlflow')}",
            operations=("score", "score-v2"),
            profiles=("scoring", "v2"),
        )
