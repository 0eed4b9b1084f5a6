"""Zip archives of no form that is known: who opens one may run what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust.kinds._archive import ANY, with_pickles
from mlmodel.trust.kinds._kind import Kind, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _look(file: File) -> Iterator[Said]:
    if not file.is_zip:
        yield Said("a zip archive that cannot be read")
    elif file.damage:
        yield Said(f"a zip archive that cannot be read ({file.damage})")
    else:
        yield with_pickles(file, Said(ANY))


KIND = Kind(lambda file: file.is_zip or file.container == "zip", _look)
