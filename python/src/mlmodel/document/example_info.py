"""What an MLmodel file says of its example (EXA-014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["example_info"]


def example_info(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an MLmodel file says of its example; the edition's ``input_example`` too.

    That key holds the name of the file alone, which then is a table (EXA-014).
    """
    info = data.get("saved_input_example_info")
    if isinstance(info, dict):
        return info
    name = data.get("input_example")
    return {"artifact_path": name, "type": "dataframe"} if isinstance(name, str) else None
