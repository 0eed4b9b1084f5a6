"""score-v2: one request of the Open Inference Protocol, without a server."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from conformance.harnesses.python import data
from conformance.harnesses.python.ops.score import MODELS
from mlmodel.errors import InvalidModel
from mlmodel.pyfunc import PyFuncModel
from mlmodel.scoring.v2 import Models, handle

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["fill", "result_of", "run", "whole_body"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return status, content type and body, or the parts of an error."""
    models = Models()
    fill(models, case_input)
    repository = case_input.get("repository", False)
    for before in case_input.get("before", ()):
        _ask(models, before, repository=repository)
    return result_of(*_ask(models, case_input["request"], repository=repository))


def fill(models: Models, case_input: dict[str, Any]) -> None:
    """Add the models of a case to a registry."""
    for described in case_input["models"]:
        _add(models, described)


def whole_body(request: dict[str, Any]) -> bytes:
    """Return the body of a request: text, and the binary data behind it."""
    binary = base64.b64decode(request.get("binary_base64", ""))
    return bytes(request.get("body", "").encode() + binary)


def result_of(status: int, given: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """Return what an answer is to a case."""
    headers = {name.lower(): value for name, value in given}
    result = {"status": status, "content_type": headers["content-type"]}
    length = headers.get("inference-header-content-length")
    rest = b"" if length is None else body[int(length) :]
    answer = json.loads(body if length is None else body[: int(length)])
    if "error_code" in answer:
        if not answer["error"]:
            raise ValueError("the error says nothing")
        parts = {key: answer[key] for key in ("error_code", "details")}
        return {**result, **parts, "allow": headers.get("allow")}
    binary = {} if length is None else {"binary_base64": base64.b64encode(rest).decode()}
    return {**result, "body": answer, **binary, "warns": "mlmodel-warning" in headers}


def _ask(models: Models, request: dict[str, Any], *, repository: bool) -> Any:
    return handle(
        request["method"],
        request["path"],
        request["headers"],
        whole_body(request),
        models,
        repository=repository,
    )


def _add(models: Models, described: dict[str, Any]) -> None:
    """Add a model that a vector describes."""
    description = data.model(described["signature"])

    def load() -> Any:
        if described["model"] == "broken":
            raise InvalidModel("The model is broken.")
        return PyFuncModel(description, _predict_of(described)).engine

    name = described.get("name", "m")
    models.add(name, load, described.get("version"))
    if described.get("ready", True):
        models.load(name)


def _predict_of(described: dict[str, Any]) -> Any:
    if described["model"] == "answer":
        return lambda _given, _params: data.decode(described["answer"])
    if described["model"] == "failing":
        return _fail
    return MODELS[described["model"]]


def _fail(_given: Any, _params: Any) -> Any:
    raise ValueError("what the model says, which no client sees")
