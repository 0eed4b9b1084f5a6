"""Binary cells of untyped forms: base64 as RFC 4648 has it (ENF-052)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

__all__ = ["bytes_of_base64"]


def bytes_of_base64(cell: Any) -> bytes:
    """Return the bytes that a cell stands for.

    Raises:
        ValueError: it is not such a text.

    """
    if type(cell) is not str:
        raise ValueError
    if "\n" in cell:
        cell = cell.replace("\r\n", "\n").replace("\n", "")
    read = b64decode(cell, validate=True)
    # Python skips bits that stand in the padding; what was written must come back (ENF-052).
    if b64encode(read).decode("ascii") != cell:
        raise ValueError
    return read
