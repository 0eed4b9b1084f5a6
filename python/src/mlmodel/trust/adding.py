"""Trusting a folder for what somebody saw of it, and for nothing else (TRU-067)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.digest import manifest_of, steady
from mlmodel.trust import describe, records

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.trust.describe import Look
    from mlmodel.trust.records import Record

__all__ = ["add_after_look"]


def add_after_look(root: Path, reason: str) -> tuple[Record, list[Look]]:
    """Trust a folder as it was looked at; return its record, and what loading it could run.

    Raises:
        UnreadableModel: it was changed meanwhile, and is not trusted (TRU-067), or cannot be read.
        InvalidModel, WriteFailed: as for :func:`mlmodel.trust.records.add`.

    """
    with steady(root):
        looks, manifest = describe.look_into(root), manifest_of(root)
    return records.add(root, reason, manifest), looks
