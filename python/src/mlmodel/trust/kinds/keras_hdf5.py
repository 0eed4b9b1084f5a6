"""HDF5 files, as Keras writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust import hdf5
from mlmodel.trust.kinds._keras import said_of_keras
from mlmodel.trust.kinds._kind import Kind
from mlmodel.trust.pickles.containers import foreign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File, Said

__all__ = ["KIND"]


def _look(file: File) -> Iterator[Said]:
    yield said_of_keras(file, foreign(file.start), "an HDF5 file")


KIND = Kind(lambda file: file.start.startswith(hdf5.MAGIC), _look, of="foreign")
