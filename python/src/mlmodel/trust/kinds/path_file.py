"""Path files of Python, which may hold code; a model of torch of this name is something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust.kinds._kind import Kind, Rank, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _look(file: File) -> Iterator[Said]:  # noqa: ARG001 - the table's
    yield Said("a path file of Python, which may hold code")


KIND = Kind(lambda file: file.relative.lower().endswith(".pth"), _look, Rank.LAST)
