"""score-v2: one request of the Open Inference Protocol, without a server."""

from __future__ import annotations

from typing import Any

from conformance.harnesses.python import data
from conformance.harnesses.python.ops.score import MODELS
from conformance.runner.http_answers import body_of, v2_result
from mlmodel.errors import InvalidModel
from mlmodel.pyfunc import PyFuncModel
from mlmodel.scoring.v2 import Models, handle

__all__ = ["fill", "run"]


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return status, content type and body, or the parts of an error."""
    models = Models()
    fill(models, case_input)
    repository = case_input.get("repository", False)
    for before in case_input.get("before", ()):
        _ask(models, before, repository=repository)
    return v2_result(*_ask(models, case_input["request"], repository=repository))


def fill(models: Models, case_input: dict[str, Any]) -> None:
    """Add the models of a case to a registry."""
    for described in case_input["models"]:
        _add(models, described)


def _ask(models: Models, request: dict[str, Any], *, repository: bool) -> Any:
    return handle(
        request["method"],
        request["path"],
        request["headers"],
        body_of(request),
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
