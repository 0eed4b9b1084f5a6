"""How MLflow is asked each operation, by its public names.

An exception is a refusal, whatever its class: a user gets no more from either. MLflow names no
rule and no column apart from its message, so a refusal has no ``details``; ``said`` is what it
says, for those who read a report.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow.pyfunc
from mlflow.models import Model, ModelSignature, infer_signature

from conformance.harnesses import model_folders
from conformance.harnesses.data import decode, encode
from conformance.harnesses.mlflow.models import model_of
from conformance.harnesses.mlflow.scoring import score
from conformance.harnesses.pipe import NotAskedError
from conformance.harnesses.words import said_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["OPERATIONS", "PROFILES", "run"]


def run(operation: str, case_input: dict[str, Any]) -> dict[str, Any]:
    """Ask MLflow one case."""
    return OPERATIONS[operation](case_input)


def _check_model(case_input: dict[str, Any]) -> dict[str, Any]:
    """``Model.load`` of a folder; it tells of no more than one fault, and not where it is."""
    with _folder() as root:
        model_folders.write(case_input, root)
        try:
            Model.load(str(root))
        except Exception as error:  # noqa: BLE001 - refused
            return {"valid": False, "violations": [], "said": said_by(error)}
    return {"valid": True, "violations": []}


def _infer_signature(case_input: dict[str, Any]) -> dict[str, Any]:
    """``infer_signature``; MLflow keeps no record of delivery."""
    outputs = case_input.get("outputs")
    given = decode(case_input["data"]), None if outputs is None else decode(outputs)
    try:
        texts = infer_signature(*given).to_dict()
    except Exception as error:  # noqa: BLE001 - refused
        return _refusal("INVALID_ARGUMENT", error)
    lists = {part: json.loads(text) for part, text in texts.items() if text is not None}
    return {**lists, "delivery": {}}


def _enforce(case_input: dict[str, Any]) -> dict[str, Any]:
    """``PyFuncModel.predict`` of a model that answers with what reaches it."""
    if case_input.get("delivery"):
        raise NotAskedError("MLflow keeps no record of delivery")
    model = model_of(case_input["signature"], "echo")
    given = decode(case_input["data"])
    try:
        return {"data": encode(model.predict(given))}
    except Exception as error:  # noqa: BLE001 - refused
        return _refusal("INVALID_INPUT", error)


def _read_example(case_input: dict[str, Any]) -> dict[str, Any]:
    """``load_input_example`` and ``load_input_example_params`` of ``Model``."""
    info = {"artifact_path": "input_example.json", **case_input["info"]}
    with _folder() as root:
        (root / info["artifact_path"]).write_text(case_input["text"], encoding="utf-8")
        model = Model(saved_input_example_info=info, signature=_signature(case_input["signature"]))
        try:
            read = model.load_input_example(str(root))
            params = model.load_input_example_params(str(root))
        except Exception as error:  # noqa: BLE001 - refused
            return _refusal("INVALID_MODEL", error)
    return {"data": encode(read.toarray() if hasattr(read, "toarray") else read), "params": params}


def _write_example(case_input: dict[str, Any]) -> dict[str, Any]:
    """``mlflow.pyfunc.save_model`` with an ``input_example``."""
    example = decode(case_input["data"])
    if "params" in case_input:
        example = (example, case_input["params"])
    with _folder() as root:
        folder = root / "model"
        try:
            mlflow.pyfunc.save_model(
                folder,
                loader_module="never_loaded",
                signature=_signature(case_input["signature"]),
                input_example=example,
                pip_requirements=["numpy"],
            )
        except Exception as error:  # noqa: BLE001 - refused
            return _refusal("INVALID_ARGUMENT", error)
        info = Model.load(str(folder)).saved_input_example_info
        document, request = (
            json.loads((folder / info[key]).read_text(encoding="utf-8")) if key in info else None
            for key in ("artifact_path", "serving_input_path")
        )
    return {"info": info, "document": document, "request": request}


#: Operation -> how MLflow is asked it. It compares no signatures, checks no pickles, has no
#: messages of protocol buffers for models and signatures, and does not speak the Open Inference
#: Protocol.
OPERATIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "check-model": _check_model,
    "infer-signature": _infer_signature,
    "enforce": _enforce,
    "read-example": _read_example,
    "write-example": _write_example,
    "score": score,
}

PROFILES = (
    *("checker", "typed-frames", "tensors", "signature", "untyped"),
    *("columnar", "scoring", "examples"),
)


def _signature(lists: dict[str, Any] | None) -> ModelSignature | None:
    if lists is None:
        return None
    return ModelSignature.from_dict({part: json.dumps(specs) for part, specs in lists.items()})


def _refusal(code: str, error: Exception) -> dict[str, Any]:
    return {"error": code, "said": said_by(error)}


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        yield Path(name)
