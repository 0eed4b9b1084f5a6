"""What a model is and what loading it would need, read without running any of its code."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from mlmodel._base.files import regular_files
from mlmodel._base.secrets import masked
from mlmodel.document.document import folder_of, model_file, read
from mlmodel.document.environment_files import recorded_environment
from mlmodel.document.example_info import example_info
from mlmodel.document.own_records import fidelity_in
from mlmodel.document.paths import Folder, resolve_inside
from mlmodel.document.rules.named_files import needed_files
from mlmodel.document.schema import schemas
from mlmodel.document.schema.described import walk
from mlmodel.errors import InvalidModel
from mlmodel.reports.validation import validate_document

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.document.paths import PathLike

__all__ = ["environment_of", "inspect_model", "is_present", "plain"]

_MAX_FILES = 10_000


def inspect_model(path: PathLike) -> dict[str, Any]:
    """Return what ``mlmodel inspect --json`` prints for the model at ``path``.

    Raises:
        InvalidModel: the file holds no mapping.
        ModelNotFound, UnreadableModel: there is none, or it cannot be read.

    """
    document = read(path)
    root = folder_of(model_file(path))
    report = validate_document(document, str(path))
    data = document.data
    known = ("utc_time_created", "time_created", "mlflow_version", "run_id", "model_id",
             "model_uuid", "artifact_path", "databricks_runtime")  # fmt: skip
    files = list(islice(regular_files(root), _MAX_FILES + 1))
    found: dict[str, Any] = {
        "path": str(path),
        "valid": report.valid,
        "errors": report.count("error"),
        "warnings": report.count("warning"),
        **{key: data[key] for key in known if data.get(key) is not None},
        "flavors": data.get("flavors", {}),
        "signature": _parsed_signature(document),
        "example": _described_example(root, data),
        "environment": environment_of(root, document),
        **_size(files),
        "loading": _needs_of_loading(root, document),
    }
    fidelity = fidelity_in(data)
    if fidelity is not None:
        found["fidelity"] = fidelity
    if data.get("metadata") is not None:
        found["metadata"] = data["metadata"]
    return {key: plain(value) for key, value in found.items()}


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: keys as texts, and whatever JSON has no form for."""
    if isinstance(value, dict):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _size(files: list[tuple[str, int]]) -> dict[str, Any]:
    """Return number and size of the files, of the first 10,000 where there are more (DIR-010)."""
    counted = files[:_MAX_FILES]
    more = {"more_files": True} if len(files) > len(counted) else {}
    return {"files": len(counted), "size_bytes": sum(size for _, size in counted), **more}


def _parsed_signature(document: Document) -> dict[str, Any] | None:
    if document.signature is None:
        return None
    return {str(key): _as_value(held) for key, held in document.signature.items()}


def _as_value(held: Any) -> Any:
    """Return a part of the signature, parsed if a check, whose limits are narrower, did not."""
    try:
        return json.loads(held) if isinstance(held, str) else held
    except (ValueError, RecursionError):
        return held


def _described_example(root: Path, data: dict[str, Any]) -> dict[str, Any] | None:
    info = example_info(data)
    if info is None:
        return None
    return {**info, "present": is_present(root, info.get("artifact_path"))}


def is_present(root: Path, name: Any) -> bool:
    """Return whether a path that an MLmodel file names is in the folder."""
    try:
        return isinstance(name, str) and os.path.exists(resolve_inside(root, name))  # noqa: PTH110 - Path's raises for a name too long
    except InvalidModel:
        return False


def environment_of(root: Path, document: Document) -> dict[str, Any]:
    """Return the Python version and the requirements, from whichever files there are.

    Passwords in addresses are masked (ENV-023).
    """
    recorded = recorded_environment(Folder(root), document)
    found: dict[str, Any] = {"python": recorded.python}
    for key, lines in (("requirements", recorded.requirements), ("conda", recorded.conda)):
        found[key] = None if lines is None else [masked(line) for line in lines]
    return {key: value for key, value in found.items() if value is not None}


def _needs_of_loading(root: Path, document: Document) -> dict[str, Any]:
    from mlmodel.trust.describe import look_into

    described = walk(document.data, schemas.load("mlmodel"))
    needed = [item.value for item in needed_files(described, document.data)]
    found: dict[str, Any] = {
        "missing": sorted({name for name in needed if not is_present(root, name)}),
        "files": [asdict(look) for look in look_into(root, document)],
    }
    modules = [item.value for item in described if "x-module" in item.schema]
    if modules:
        found["loader_module"] = modules[0]
    return found
