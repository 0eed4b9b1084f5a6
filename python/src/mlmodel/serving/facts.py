"""What the folder of a model says of it, for the page and the description for tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlmodel.store.description import Model

__all__ = ["Facts", "facts_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What the folder of a model says of it, beside its signature.

    Attributes:
        flavors: names of its flavors.
        created: when it was saved, in UTC; empty where that is not known.
        example: its own example as the JSON body of a request (RST-177), or None.

    """

    flavors: tuple[str, ...] = ()
    created: str = ""
    example: Any = None


def facts_of(metadata: Model) -> Facts:
    """Return what a model's MLmodel file and its example say; never raises."""
    try:
        example = metadata.example_as_request()
    except Exception:  # noqa: BLE001 - a model is served whatever its example is
        example = None
    created = metadata.utc_time_created
    return Facts(
        tuple(map(str, metadata.flavors)), created if isinstance(created, str) else "", example
    )
