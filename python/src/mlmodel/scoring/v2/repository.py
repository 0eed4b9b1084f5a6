"""The repository extension: which models a server has, and in which state (OIP-059)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlmodel.scoring.v2.registry import Registry

__all__ = ["index"]


def index(registry: Registry, *, ready: bool = False) -> list[dict[str, str]]:
    """Return the models with their states; with ``ready`` those that are ready alone."""
    return [
        {
            "name": model.name,
            "version": model.version or "",
            "state": "UNAVAILABLE" if model.engine is None else "READY",
            "reason": model.reason,
        }
        for model in registry.served()
        if model.engine is not None or not ready
    ]
