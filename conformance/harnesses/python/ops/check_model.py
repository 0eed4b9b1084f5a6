"""check-model: the text of an MLmodel file, alone or in a folder with other files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlmodel
from conformance.harnesses import model_folders
from conformance.harnesses.python.folders import own_folder
from mlmodel import document
from mlmodel.errors import InvalidModel, Violation

if TYPE_CHECKING:
    from collections.abc import Iterable


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return whether the model is valid, and its violations in document order."""
    content = model_folders.content(case_input)
    if "files" not in case_input and isinstance(content, str):
        return _result(_of_text(content))
    with own_folder() as root:
        model_folders.write(case_input, root)
        return _result(mlmodel.validate(root).violations, f"{root}/")


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
