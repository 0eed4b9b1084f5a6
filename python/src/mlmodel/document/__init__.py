"""Read, check and write the MLmodel file and the folder around it.

Nothing here executes anything of a model, and nothing imports more than PyYAML,
jsonschema and packaging, each only when it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

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

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Document": "mlmodel.document.document",
        "Limits": "mlmodel.document.yaml.events",
        "check": "mlmodel.document.rules.checks",
        "dumps": "mlmodel.document.writer",
        "folder_of": "mlmodel.document.document",
        "format_text": "mlmodel.document.editing.formatting",
        "model_file": "mlmodel.document.document",
        "nothing_at": "mlmodel.document.document",
        "parse": "mlmodel.document.document",
        "read": "mlmodel.document.document",
        "require_valid": "mlmodel.document.rules.checks",
        "resolve_inside": "mlmodel.document.paths",
        "write": "mlmodel.document.writer",
    },
)
