"""Files that no reader here opens: libraries, scripts, objects of R; known by their first bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust.kinds._kind import Kind, Said
from mlmodel.trust.pickles.containers import foreign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _look(file: File) -> Iterator[Said]:
    yield Said(foreign(file.start))


KIND = Kind(lambda file: bool(foreign(file.start)), _look)
