"""The zip archives that Keras writes (``.keras``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust import keras_models
from mlmodel.trust.kinds._archive import ANY
from mlmodel.trust.kinds._keras import said_of_keras
from mlmodel.trust.kinds._kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File, Said

__all__ = ["KIND"]


def _look(file: File) -> Iterator[Said]:
    yield said_of_keras(file, ANY, "a Keras file")


KIND = Kind(
    lambda file: file.is_zip and keras_models.is_archive(file.members), _look, of="zip_archive"
)
