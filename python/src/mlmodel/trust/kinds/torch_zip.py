"""The zip archives of torch: state dicts, modules, programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust import torch_archive
from mlmodel.trust.kinds._kind import Kind, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _look(file: File) -> Iterator[Said]:
    found = torch_archive.described(file.data, file.allow)
    if found is not None:
        yield Said(*found)


KIND = Kind(
    lambda file: file.is_zip and bool(torch_archive.kind_of(file.data)), _look, of="zip_archive"
)
