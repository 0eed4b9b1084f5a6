"""Folders of transformers' form: what in them is not known to be data (TRF-006)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.texts import cut_name
from mlmodel.trust import hugging_face
from mlmodel.trust.kinds._kind import FolderKind, Said

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["KIND"]


def _below(root: Path, named: Collection[str]) -> dict[str, Said]:
    return {
        file: Said(f"of a model of Hugging Face: it {cut_name(reason)}")
        for file, reason in hugging_face.refused_below(root, named).items()
    }


KIND = FolderKind(_below)
