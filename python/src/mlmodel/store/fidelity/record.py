"""What the MLmodel file says of how a model answered when it was saved (FID-009)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["recorded", "with_record"]

#: The key of the format's own under ``metadata``, and that of the record under it.
_OURS, _RECORD = "mlmodel", "fidelity"


def with_record(metadata: Any, record: Mapping[str, Any] | None) -> Any:
    """Return a model's metadata with the record; without one, no other folder's record either.

    What the user keeps under ``mlmodel`` and is not a mapping stays as it is.
    """
    if not isinstance(metadata, dict | None):
        return metadata  # not what the format takes; that is said elsewhere
    ours = (metadata or {}).get(_OURS, {})
    if not isinstance(ours, dict) or (record is None and _RECORD not in ours):
        return metadata
    ours = {key: value for key, value in ours.items() if key != _RECORD}
    if record is not None:
        ours[_RECORD] = dict(record)
    others = {key: value for key, value in (metadata or {}).items() if key != _OURS}
    return {**others, _OURS: ours} if ours else others


def recorded(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the record in the mapping of an MLmodel file; None without one of its form."""
    found: Any = data.get("metadata")
    for key in (_OURS, _RECORD):
        found = found.get(key) if isinstance(found, dict) else None
    ways = found.get("ways") if isinstance(found, dict) else None
    if not isinstance(ways, dict) or not ways:
        return None
    return found if all(isinstance(what, str) for what in ways.values()) else None
