"""check-model: the text of an MLmodel file, alone or in a folder with other files."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import mlmodel
from conformance.harnesses.python.folders import own_folder
from mlmodel import document
from mlmodel.errors import InvalidModel, Violation

if TYPE_CHECKING:
    from collections.abc import Iterable


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return whether the model is valid, and its violations in document order."""
    content = _content(case_input)
    if "files" not in case_input and isinstance(content, str):
        return _result(_of_text(content))
    files = {name: text.encode() for name, text in case_input.get("files", {}).items()}
    files["MLmodel"] = content.encode() if isinstance(content, str) else content
    with own_folder() as root:
        for relative, held in files.items():
            path = root / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(held)
        return _result(mlmodel.validate(root).violations, f"{root}/")


def _content(case_input: dict[str, Any]) -> str | bytes:
    """Return the file: its text, or its bytes where they are none."""
    if "mlmodel_base64" in case_input:
        return base64.b64decode(case_input["mlmodel_base64"])
    if "mlmodel_parts" in case_input:
        return "".join(text * times for text, times in case_input["mlmodel_parts"])
    text: str = case_input["mlmodel"]
    return text


def _of_text(text: str) -> Iterable[Violation]:
    try:
        return document.check(document.parse(text), None)
    except InvalidModel as error:
        return [detail for detail in error.details if isinstance(detail, Violation)]


def _result(violations: Iterable[Violation], prefix: str = "") -> dict[str, Any]:
    found = list(violations)
    return {
        "valid": all(violation.severity != "error" for violation in found),
        "violations": [_violation(violation, prefix) for violation in found],
    }


def _violation(violation: Violation, prefix: str) -> dict[str, Any]:
    return {
        "rule": violation.rule,
        "severity": violation.severity,
        "pointer": violation.pointer,
        "file": violation.file and violation.file.removeprefix(prefix),
        "line": violation.line,
        "column": violation.column,
    }
