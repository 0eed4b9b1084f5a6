"""MLflow's scoring server, in process: the application that ``mlflow models serve`` runs."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from mlflow.pyfunc.scoring_server import init

from conformance.harnesses.mlflow.models import model_of
from conformance.harnesses.pipe import NotAskedError
from conformance.harnesses.refusals import refusal
from conformance.runner.http_answers import body_of, score_result

__all__ = ["score"]


def score(case_input: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the server of a model, and return what it answers."""
    _ask_what_it_has(case_input["request"]["headers"])
    application = _application(json.dumps(case_input["signature"]), case_input["model"])
    status, headers, body = asyncio.run(_asked(application, case_input["request"]))
    if status >= HTTPStatus.BAD_REQUEST:
        return refusal(status, headers, body)
    return score_result(status, headers.items(), body, {})


def _ask_what_it_has(headers: dict[str, str]) -> None:
    """Skip forms of bodies and answers that MLflow's server has never had."""
    named = {name.lower(): value.strip().lower() for name, value in headers.items()}
    if named.get("content-type", "").startswith("application/vnd.apache.arrow."):
        raise NotAskedError("MLflow's server reads no Arrow")
    if named.get("content-type", "").startswith("application/x-parquet"):
        raise NotAskedError("MLflow's server reads Parquet under its registered name alone")
    if named.get("accept", "").startswith(("application/vnd.apache.", "application/x-parquet")):
        raise NotAskedError("MLflow's server answers with JSON alone")


@lru_cache(maxsize=512)
def _application(signature: str, model: str) -> Any:
    return init(model_of(json.loads(signature), model))


async def _asked(application: Any, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Ask an ASGI application; what it raises after it has answered is for its server's log."""
    given = [{"type": "http.request", "body": body_of(request), "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return given.pop() if given else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raised: list[Exception] = []
    try:
        await application(_scope(request), receive, send)
    except Exception as error:  # noqa: BLE001 - the answer is there, or there is none
        raised.append(error)
    if not sent:
        raise raised[0]
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:])


def _scope(request: dict[str, Any]) -> dict[str, Any]:
    length = str(len(body_of(request)))
    named = {**request["headers"], "Host": "127.0.0.1", "Content-Length": length}
    path, _, query = request["path"].partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request["method"],
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in named.items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
