"""The files of skops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust import skops_file
from mlmodel.trust.kinds._archive import with_pickles
from mlmodel.trust.kinds._kind import Kind
from mlmodel.trust.kinds._scans import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File, Said

__all__ = ["KIND"]


def _look(file: File) -> Iterator[Said]:
    found = skops_file.check(file.data, allow=file.allow)
    yield with_pickles(file, verdict("a skops file", found))


KIND = Kind(lambda file: file.is_zip and "schema.json" in file.members, _look, of="zip_archive")
