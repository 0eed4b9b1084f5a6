"""What ``check-model`` is given, as files of a folder; it knows no implementation."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["content", "write"]


def content(case_input: dict[str, Any]) -> str | bytes:
    """Return the MLmodel file: its text, or its bytes where they are none."""
    if "mlmodel_base64" in case_input:
        return base64.b64decode(case_input["mlmodel_base64"])
    if "mlmodel_parts" in case_input:
        return "".join(text * times for text, times in case_input["mlmodel_parts"])
    text: str = case_input["mlmodel"]
    return text


def write(case_input: dict[str, Any], root: Path) -> None:
    """Write the MLmodel file of a case, and the other files of its folder."""
    held = content(case_input)
    files = {name: text.encode() for name, text in case_input.get("files", {}).items()}
    files["MLmodel"] = held.encode() if isinstance(held, str) else held
    for relative, given in files.items():
        path = root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(given)
