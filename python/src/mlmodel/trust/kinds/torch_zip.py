"""The zip archives of torch: state dicts, modules, programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base import files
from mlmodel.trust import torch_archive
from mlmodel.trust.kinds._kind import Kind, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _takes(file: File) -> bool:
    if not file.is_zip:
        return False
    with files.open_regular(file.path) as stream:
        return bool(torch_archive.kind_of(stream))


def _look(file: File) -> Iterator[Said]:
    with files.open_regular(file.path) as stream:
        found = torch_archive.described(stream, file.allow)
    if found is not None:
        yield Said(*found)


KIND = Kind(_takes, _look, of="zip_archive")
