"""Models of CatBoost with parts that its compiled reader would believe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust import catboost_model
from mlmodel.trust.kinds._kind import Kind, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]


def _look(file: File) -> Iterator[Said]:
    others = catboost_model.unchecked(file.data)
    if others:
        yield Said(f"a model of CatBoost, whose compiled reader would believe it: {others}")


KIND = Kind(lambda file: file.start.startswith(catboost_model.BEGIN), _look)
