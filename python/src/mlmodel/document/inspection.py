"""What a model is and what loading it would need, read without running anything of it."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel.document import schemas
from mlmodel.document.described import walk
from mlmodel.document.document import compose_document, model_file, read, read_text
from mlmodel.document.environments import pip_part
from mlmodel.document.named_files import NEEDED_TO_LOAD, named_files
from mlmodel.document.paths import resolve_inside
from mlmodel.document.validation import folder_of, validate
from mlmodel.errors import InvalidModel, MlmodelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.document import Document

__all__ = ["describe"]

_MAX_FILES = 10_000
_CODE = {".py": "Python code", ".pyc": "Python code", ".so": "a native library", ".r": "R code",
         ".jar": "Java code", ".dll": "a native library"}  # fmt: skip
_PICKLES = {".pkl", ".pickle", ".cloudpickle", ".joblib", ".dill"}
_PICKLE_START = re.compile(rb"\x80[\x02-\x05]")
_ZIP_START = b"PK\x03\x04"
_ZIP_NAME = slice(30, 30 + 64)
_R_STARTS = (b"X\n\0\0\0", b"A\n2\n", b"A\n3\n", b"RDX2", b"RDX3", b"RDA2", b"RDA3")
# gzip, zlib, bzip2, xz, lzma, lz4: what joblib packs a pickle in, and R its objects.
_COMPRESSED_STARTS = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"BZh",
                      b"\xfd7zXZ", b"]\0\0", b"\x04\x22\x4d\x18")  # fmt: skip


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what ``mlmodel inspect --json`` prints for the model at ``path``.

    Raises:
        InvalidModel: the file holds no mapping.
        ModelNotFound, UnreadableModel: there is none, or it cannot be read.

    """
    document = read(path)
    file = model_file(path)
    root = folder_of(file)
    report = validate(path)
    data = document.data
    known = ("utc_time_created", "time_created", "mlflow_version", "run_id", "model_id",
             "model_uuid", "artifact_path", "databricks_runtime")  # fmt: skip
    files = list(_files(root))
    found: dict[str, Any] = {
        "path": str(path),
        "valid": report.valid,
        "errors": len(report.errors),
        "warnings": len(report.warnings),
        **{key: data[key] for key in known if data.get(key) is not None},
        "flavors": data.get("flavors", {}),
        "signature": _signature(data.get("signature")),
        "example": _example(root, data),
        "environment": _environment(root, document),
        "files": len(files),
        "size_bytes": sum(size for _, size in files),
        "loading": _loading(root, document, [name for name, _ in files]),
    }
    if data.get("metadata") is not None:
        found["metadata"] = data["metadata"]
    return {key: _plain(value) for key, value in found.items()}


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it: keys as texts, and whatever JSON has no form for."""
    if isinstance(value, dict):
        return {str(key): _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _files(root: Path) -> Iterator[tuple[str, int]]:
    """Give name and size of every regular file of the folder, sorted; links are not followed."""
    count = 0
    for folder, below, names in os.walk(root):
        below.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > _MAX_FILES:
                return
            yield path.relative_to(root).as_posix(), path.stat().st_size


def _signature(signature: Any) -> dict[str, Any] | None:
    if not isinstance(signature, dict):
        return None
    found = {}
    for key, text in signature.items():
        try:
            found[str(key)] = json.loads(text) if isinstance(text, str) else text
        except (ValueError, RecursionError):
            found[str(key)] = text
    return found


def _example(root: Path, data: dict[str, Any]) -> dict[str, Any] | None:
    info = data.get("saved_input_example_info")
    if not isinstance(info, dict):
        info = {"artifact_path": data["input_example"]} if data.get("input_example") else None
    if info is None:
        return None
    return {**info, "present": _present(root, info.get("artifact_path"))}


def _present(root: Path, name: Any) -> bool:
    try:
        return isinstance(name, str) and os.path.exists(resolve_inside(root, name))  # noqa: PTH110 - Path's raises for a name too long
    except InvalidModel:
        return False


def _environment(root: Path, document: Document) -> dict[str, Any]:
    """Return the Python version and the requirements, from whichever files there are."""
    found: dict[str, Any] = {}
    python = _mapping(root, "python_env.yaml", "python-env")
    conda = _mapping(root, "conda.yaml", "conda-env")
    flavors = document.data.get("flavors")
    for keys in flavors.values() if isinstance(flavors, dict) else ():
        if isinstance(keys, dict) and keys.get("python_version"):
            found["python"] = keys["python_version"]
    if python.get("python"):
        found["python"] = python["python"]
    requirements = _lines(root / "requirements.txt")
    if requirements is None and conda:
        requirements = pip_part(conda)
    if requirements is not None:
        found["requirements"] = requirements
    packages = [item for item in conda.get("dependencies") or () if isinstance(item, str)]
    if packages:
        found["conda"] = packages
    return found


def _text(path: Path) -> str | None:
    try:
        text = read_text(path)
    except MlmodelError:
        return None
    return text if isinstance(text, str) else None


def _mapping(root: Path, name: str, schema: str) -> dict[str, Any]:
    text = _text(root / name)
    return {} if text is None else compose_document(text, name, schema=schema).data


def _lines(path: Path) -> list[str] | None:
    text = _text(path)
    if text is None:
        return None
    return [x.strip() for x in text.splitlines() if x.strip() and not x.strip().startswith("#")]


def _loading(root: Path, document: Document, files: list[str]) -> dict[str, Any]:
    described = walk(document.data, schemas.load("mlmodel"))
    needed = [
        item.value for item in named_files(described) if NEEDED_TO_LOAD[item.schema["x-file"]]
    ]
    found: dict[str, Any] = {
        "missing": sorted({name for name in needed if not _present(root, name)}),
        "runs": [{"file": name, "what": what} for name in files if (what := _runs(root / name))],
    }
    modules = [item.value for item in described if "x-module" in item.schema]
    if modules:
        found["loader_module"] = modules[0]
    return found


def _runs(path: Path) -> str | None:
    """Return what of a file would run when it is loaded, told from its name and first bytes."""
    if path.suffix.lower() in _CODE:
        return _CODE[path.suffix.lower()]
    try:
        with path.open("rb") as stream:
            start = stream.read(128)
    except OSError:
        return None
    kinds = {
        "a pickle": _PICKLE_START.match(start) or path.suffix.lower() in _PICKLES,
        "a pickle in a zip file": start.startswith(_ZIP_START) and b"data.pkl" in start[_ZIP_NAME],
        "a serialized R object": start.startswith(_R_STARTS),
        "compressed, perhaps a pickle": start.startswith(_COMPRESSED_STARTS),
    }
    return next((what for what, is_one in kinds.items() if is_one), None)
