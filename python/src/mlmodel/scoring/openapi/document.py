"""The whole document: OpenAPI 3.1 of a server and its models (RST-175, RST-176)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel._base.version import __version__
from mlmodel.errors import Unauthenticated
from mlmodel.scoring.openapi import answers, types, v2
from mlmodel.scoring.openapi.forms import Forms
from mlmodel.scoring.openapi.samples import plain
from mlmodel.scoring.openapi.types import Json, ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.schema import Schema

__all__ = ["Described", "document"]

#: Of the OpenAPI Initiative.
_VERSION = "3.1.0"
#: What is asked without a token, where tokens are wanted of all else.
_OPEN = frozenset({"/ping", "/health", "/livez", "/readyz", "/v2/health/live", "/v2/health/ready"})


@dataclass(frozen=True, slots=True)
class Described:
    """What the document says of one model.

    Attributes:
        name: what it is called (RST-130).
        inputs: what its data are held against; None declares nothing.
        signature: the outputs and parameters, or None.
        example: the JSON body of a request, or None.

    """

    name: str
    inputs: Schema | None
    signature: ModelSignature | None
    example: Any = None


def document(models: Sequence[Described], *, metrics: bool = False, tokens: bool = False) -> bytes:
    """Return the document as JSON; a single model is scored at ``/invocations``, too.

    Args:
        models: those of the server.
        metrics: the server has ``/metrics`` (RST-153).
        tokens: it wants a token of most requests (RST-165).

    """
    schemas: dict[str, Json] = {**types.scalars(), **v2.schemas()}
    paths: dict[str, Json] = {}
    for model in models:
        forms = Forms(model.name, model.inputs, _params(model))
        schemas |= forms.components
        outputs = None if model.signature is None else model.signature.outputs
        schemas[f"{model.name}.predictions"] = answers.predictions(outputs)
        at = [f"/models/{model.name}/invocations"]
        if len(models) == 1:
            at.insert(0, "/invocations")
        for path in at:
            paths[path] = {"post": _scoring(model, forms, path)}
    found = answers.error_components()
    whole: dict[str, Any] = {
        "openapi": _VERSION,
        "info": {
            "title": "mlmodel",
            "version": __version__,
            "description": "Scoring of " + ", ".join(model.name for model in models),
        },
        # Relative to the place of this document, so it holds behind a root path, too.
        "servers": [{"url": "./"}],
        "paths": {**paths, **v2.paths([model.name for model in models]), **_small(metrics=metrics)},
        "components": {
            "schemas": {**schemas, **found["schemas"]},
            "responses": found["responses"],
        },
    }
    if tokens:
        _want_a_token(whole)
    return json.dumps(plain(whole), allow_nan=False, separators=(",", ":")).encode()


def _want_a_token(whole: dict[str, Any]) -> None:
    """Say of every path whether it is open to all (RST-165)."""
    refused = answers.error_components((Unauthenticated,))["responses"]
    whole["components"]["responses"] |= refused
    whole["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    whole["security"] = [{"token": []}]
    for path, described in whole["paths"].items():
        for operation in (described[method] for method in ("get", "post") if method in described):
            if path in _OPEN:
                operation["security"] = []
            else:
                is_v2 = path.startswith("/v2")
                operation["responses"] |= answers.error_responses(
                    v2=is_v2, only=[Unauthenticated.http_status]
                )


def _params(model: Described) -> Iterable[Any]:
    return () if model.signature is None else model.signature.params or ()


def _scoring(model: Described, forms: Forms, path: str) -> Json:
    content = forms.content()
    if model.example is not None:
        content[next(iter(content))]["example"] = model.example
    of_several = path != "/invocations"
    return {
        "operationId": f"score_{model.name}" if of_several else "score",
        "summary": f"Score {model.name}",
        "description": "The rows in one of these forms: of JSON it is told by the key "
        "(`dataframe_split`, `instances`, …), else by the content type (RST-001).",
        "tags": [model.name],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": answers.scored(ref(f"{model.name}.predictions")),
            **answers.error_responses(),
        },
    }


def _small(*, metrics: bool) -> dict[str, Json]:
    """Return what is answered with text: how the server is, and which one it is."""
    loaded = "The models are loaded"
    paths = {
        "/ping": _text("ping", loaded),
        "/health": _text("health", loaded),
        "/livez": _text("livez", "The server answers"),
        "/readyz": _text("readyz", "Requests can be sent here", 503),
        "/version": _text("version", "The version of the server"),
    }
    if metrics:
        counts = "What the server has counted"
        forms = ("text/plain", "application/openmetrics-text")
        paths["/metrics"] = _text("metrics", counts, forms=forms)
    return paths


def _text(
    name: str, summary: str, *refused: int, forms: Sequence[str] = ("text/plain",)
) -> dict[str, Json]:
    content = {media: {"schema": {"type": "string"}} for media in forms}
    responses = {"200": {"description": f"{summary}.", "content": content}}
    if refused:
        responses |= answers.error_responses(only=refused)
    told = {"operationId": name, "summary": summary, "tags": ["Server"], "responses": responses}
    return {"get": told}
