"""Pointers and web pages that stand where a file of the model must be (DIR-009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.document.stand_ins import pointer
from mlmodel.trust.kinds._kind import Kind, Rank, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _takes(file: File) -> bool:
    return bool(file.role) and pointer(file.start) is not None


def _look(file: File) -> Iterator[Said]:
    instead = pointer(file.start)
    if instead is not None:
        what = instead.what.removeprefix("is ")
        yield Said(f"{what}; what would be loaded cannot be told")


KIND = Kind(_takes, _look, Rank.INSTEAD)
