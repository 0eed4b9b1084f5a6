"""The MLmodel file and the folder around it.

Nothing here executes anything of a model, and nothing imports more than PyYAML,
jsonschema and packaging, each only when it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlmodel.document.document import Document, folder_of, model_file, nothing_at, parse, read
    from mlmodel.document.editing.formatting import format_text
    from mlmodel.document.paths import resolve_inside
    from mlmodel.document.rules.checks import check, require_valid
    from mlmodel.document.writer import dumps, write
    from mlmodel.document.yaml.events import Limits

__all__ = [
    "Document",
    "Limits",
    "check",
    "dumps",
    "folder_of",
    "format_text",
    "model_file",
    "nothing_at",
    "parse",
    "read",
    "require_valid",
    "resolve_inside",
    "write",
]

#: Public name -> module of this package that defines it.
_NAMES = {
    "Document": "document",
    "Limits": "yaml.events",
    "check": "rules.checks",
    "dumps": "writer",
    "folder_of": "document",
    "format_text": "editing.formatting",
    "model_file": "document",
    "nothing_at": "document",
    "parse": "document",
    "read": "document",
    "require_valid": "rules.checks",
    "resolve_inside": "paths",
    "write": "writer",
}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
