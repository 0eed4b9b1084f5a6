"""Read, write and validate the MLmodel file and the folder around it.

Nothing here executes anything of a model, and nothing imports more than PyYAML,
jsonschema and packaging, each only when it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlmodel.document.checks import check
    from mlmodel.document.document import (
        Document,
        folder_of,
        model_file,
        nothing_at,
        parse,
        read,
        require_valid,
    )
    from mlmodel.document.events import Limits
    from mlmodel.document.formatting import format_text
    from mlmodel.document.paths import resolve_inside
    from mlmodel.document.report import Report
    from mlmodel.document.validation import find_models, fix, validate
    from mlmodel.document.writer import dumps, write

__all__ = [
    "Document",
    "Limits",
    "Report",
    "check",
    "dumps",
    "find_models",
    "fix",
    "folder_of",
    "format_text",
    "model_file",
    "nothing_at",
    "parse",
    "read",
    "require_valid",
    "resolve_inside",
    "validate",
    "write",
]

#: Public name -> module of this package that defines it.
_NAMES = {
    "Document": "document",
    "Limits": "events",
    "Report": "report",
    "check": "checks",
    "dumps": "writer",
    "find_models": "validation",
    "fix": "validation",
    "folder_of": "document",
    "format_text": "formatting",
    "model_file": "document",
    "nothing_at": "document",
    "parse": "document",
    "read": "document",
    "require_valid": "document",
    "resolve_inside": "paths",
    "validate": "validation",
    "write": "writer",
}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
