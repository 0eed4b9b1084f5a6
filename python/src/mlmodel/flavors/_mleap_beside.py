"""A bundle of MLeap in the folder of a model of Spark, for who has no Spark (SPK-018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors.mleap import FLAVOR

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["written"]


def written(model: Any, sample: Any, root: Path) -> dict[str, dict[str, Any]]:
    """Write fitted stages as a bundle, too, and return its flavor's name and attributes.

    Raises:
        InvalidArgument: Spark does not answer the sample.
        UnsupportedModel: a stage has no counterpart in MLeap, or answers otherwise.
        MissingDependency: there is no Java that could read the bundle.

    """
    return {FLAVOR.name: FLAVOR.written(FLAVOR.bundle_of(model, sample), root)}
