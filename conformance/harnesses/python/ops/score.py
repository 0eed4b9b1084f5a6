"""score: one request through the application, in process: form, signature, model, answer."""

from __future__ import annotations

import base64
import io
import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import numpy as np
import pandas as pd

from mlmodel.scoring.engine import Engine
from mlmodel.serving.app import Application
from mlmodel.signature.model_signature import ModelSignature


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return status, content type and body, or the parts of an error."""
    model = _MODELS[case_input["model"]]
    application = Application(Engine(model, _signature(case_input["signature"])))
    status: list[str] = []
    headers: dict[str, str] = {}

    def start_response(line: str, given: list[tuple[str, str]], _: Any = None) -> Any:
        status.append(line)
        headers.update({name.lower(): value for name, value in given})

    body = b"".join(application(_environ(case_input["request"]), start_response))
    result = {"status": int(status[0].split()[0]), "content_type": headers["content-type"]}
    if result["content_type"] != "application/json":
        return {**result, "body": body.decode()}
    answer = json.loads(body)
    if "error_code" in answer:
        return {**result, "error_code": answer["error_code"], "details": answer["details"]}
    return {**result, "body": answer}


def _signature(lists: dict[str, Any] | None) -> ModelSignature | None:
    if lists is None:
        return None
    return ModelSignature.from_dict({key: lists.get(key) for key in ("inputs", "params")})


def _environ(request: dict[str, Any]) -> dict[str, Any]:
    if "body_base64" in request:
        body = base64.b64decode(request["body_base64"])
    else:
        body = request.get("body", "").encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request["method"],
        "PATH_INFO": request["path"],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in request["headers"].items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    setup_testing_defaults(environ)
    return environ


def _echo(data: Any, _params: Any) -> Any:
    return data


def _params(_data: Any, params: Any) -> Any:
    return params


def _first_column(data: Any, _params: Any) -> Any:
    if isinstance(data, pd.DataFrame):
        return data.iloc[:, 0].to_numpy()
    first = next(iter(data.values())) if isinstance(data, dict) else data
    return np.asarray(first)[:, 0] if np.ndim(first) > 1 else first


_MODELS = {"echo": _echo, "params": _params, "first-column": _first_column}
