"""check-model: the text of an MLmodel file, alone or in a folder with other files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel.document.document import compose_document
from mlmodel.document.rules.checks import check
from mlmodel.reports.validation import validate

if TYPE_CHECKING:
    from mlmodel.errors import Violation


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return whether the model is valid, and its violations in document order."""
    text = case_input["mlmodel"]
    if "files" not in case_input:
        return _result(check(compose_document(text, "MLmodel"), None))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for relative, content in {**case_input["files"], "MLmodel": text}.items():
            path = root / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode())
        return _result(validate(root).violations, f"{root}/")


def _result(violations: Any, prefix: str = "") -> dict[str, Any]:
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
