"""The paths of the Open Inference Protocol (OIP-050), as parts of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.scoring.media import JSON
from mlmodel.scoring.openapi.answers import error_responses
from mlmodel.scoring.openapi.types import Json, listed, ref
from mlmodel.scoring.v2.datatypes import DATATYPES
from mlmodel.scoring.v2.http_answers import LENGTH, OCTETS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["paths", "schemas"]

_TAG = "Open Inference Protocol"
_FREE: Json = {"type": "object"}


def schemas() -> dict[str, Json]:
    """Return the protocol's objects by their names in the document."""
    shape = listed({"type": "integer", "minimum": 0})
    datatype: Json = {"enum": list(DATATYPES)}
    tensor: Json = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "datatype": datatype,
            "shape": shape,
            "parameters": _FREE,
            "data": {
                "description": "The elements, flat or nested by the shape.",
                **listed({}),
            },
        },
        "required": ["name", "datatype", "shape"],
    }
    described = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "datatype": datatype,
            "shape": listed({"type": "integer", "minimum": -1}),
            "parameters": _FREE,
        },
        "required": ["name", "datatype", "shape"],
    }
    name = {"type": "object", "properties": {"name": {"type": "string"}, "parameters": _FREE}}
    request = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "parameters": {"description": "Parameters of the model (OIP-037).", **_FREE},
            "inputs": {**listed({**tensor, "required": [*tensor["required"], "data"]})},
            "outputs": listed({**name, "required": ["name"]}),
        },
        "required": ["inputs"],
    }
    request["properties"]["inputs"]["minItems"] = 1  # type: ignore[index]
    response = {
        "type": "object",
        "properties": {
            "model_name": {"type": "string"},
            "model_version": {"type": "string"},
            "id": {"type": "string"},
            "parameters": _FREE,
            "outputs": listed(ref("V2Tensor")),
        },
        "required": ["model_name", "outputs"],
    }
    return {
        "V2Tensor": tensor,
        "V2Described": described,
        "V2Request": request,
        "V2Response": response,
        **_metadata(),
    }


def _metadata() -> dict[str, Json]:
    return {
        "V2Server": _object(
            name={"type": "string"},
            version={"type": "string"},
            extensions=listed({"type": "string"}),
        ),
        "V2Model": {
            **_object(
                name={"type": "string"},
                versions=listed({"type": "string"}),
                platform={"type": "string"},
                inputs=listed(ref("V2Described")),
                outputs=listed(ref("V2Described")),
            ),
        },
    }


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def paths(models: Sequence[str]) -> dict[str, Json]:
    """Return the paths for models of these names."""
    name: Json = {
        "name": "model_name",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": list(models)},
    }
    one = "/v2/models/{model_name}"
    return {
        "/v2": _get("v2", "What the server is", ref("V2Server")),
        "/v2/health/live": _get("v2_live", "The server is alive", _FREE),
        "/v2/health/ready": _get("v2_ready", "All models are ready", _FREE, 503),
        one: {
            "parameters": [name],
            **_get("v2_model", "The metadata of a model", ref("V2Model"), 404, 501, 503),
        },
        f"{one}/ready": {
            "parameters": [name],
            **_get("v2_model_ready", "The model is ready", _FREE, 404, 503),
        },
        f"{one}/infer": {"parameters": [name], "post": _infer()},
    }


def _get(operation: str, summary: str, schema: Json, *statuses: int) -> Json:
    answers: Json = {
        "200": {"description": f"{summary}.", "content": {JSON: {"schema": schema}}},
        **(error_responses(v2=True, only=statuses) if statuses else {}),
    }
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": [_TAG],
            "responses": answers,
        }
    }


def _infer() -> Json:
    binary: Json = {
        "type": "string",
        "contentMediaType": OCTETS,
        "description": f"JSON and binary data behind it; the header {LENGTH} says where it ends.",
    }
    return {
        "operationId": "v2_infer",
        "summary": "Score tensors",
        "tags": [_TAG],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": ref("V2Request")}, OCTETS: {"schema": binary}},
        },
        "responses": {
            "200": {
                "description": "The predictions as tensors (OIP-040).",
                "content": {JSON: {"schema": ref("V2Response")}, OCTETS: {"schema": binary}},
            },
            **error_responses(v2=True),
        },
    }
