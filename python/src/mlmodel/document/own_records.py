"""What this format records in the user's ``metadata``, under a key of its own (ENF-091, FID-009).

Other readers pass over ``metadata`` → ``mlmodel``. It has records side by side: the delivery of the
inputs (``columns`` and ``form``), how the model answered when it was saved (``fidelity``), and what
it was converted to (``conversions``).
Where the user keeps anything but a mapping under that key, it stays as it is and nothing is
recorded. Mappings of the user are never changed in place. Nothing here needs numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import shown

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlmodel.signature.types.delivery import Delivery
    from mlmodel.signature.types.schema import Schema

__all__ = [
    "KEY",
    "add_conversion",
    "delivery_in",
    "fidelity_in",
    "is_row_wise",
    "record_delivery",
    "record_fidelity",
]

#: The key of the records under ``metadata``.
KEY = "mlmodel"

_DELIVERY = ("columns", "form")
_FIDELITY = "fidelity"
_ROW_WISE = "row_wise"
_CONVERSIONS = "conversions"


def delivery_in(document: Mapping[str, Any]) -> Delivery | None:
    """Return the record of delivery in an MLmodel file's mapping, or None where there is none.

    Raises:
        InvalidArgument: it breaks ENF-091.

    """
    held = _held(document.get("metadata"))
    if not held:
        return None
    from mlmodel.signature.types.delivery import Delivery  # few files have a record

    return Delivery.from_dict(held) or None


def record_delivery(document: dict[str, Any], inputs: Schema, delivery: Delivery | None) -> None:
    """Write the delivery of a signature's inputs into an MLmodel file's mapping (ENF-091).

    ``delivery`` is None where the signature was not made of data: then what the file records
    already stays, as far as it fits the inputs.

    Raises:
        InvalidArgument: what the file records already breaks ENF-091.

    Warns:
        UserWarning: there is something to record, and the user keeps something else in its place.

    """
    before = delivery_in(document)
    if delivery is None and before is not None:
        delivery = before.fitting(inputs)
    if not _put(document, _DELIVERY, delivery.to_dict() if delivery else {}) and delivery:
        warn_caller(
            f"metadata holds {shown(document['metadata'][KEY])} under {KEY!r}, which stays as it "
            "is. So it is not recorded in which form the model gets its columns (such as times of "
            "a zone, categories, lists), and the loaded model may answer otherwise; give your "
            "value another name (ENF-091)"
        )


def fidelity_in(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what an MLmodel file's mapping says of FID-009; None without a record of its form."""
    found = (_held(document.get("metadata")) or {}).get(_FIDELITY)
    ways = found.get("ways") if isinstance(found, dict) else None
    if not isinstance(ways, dict) or not ways:
        return None
    return found if all(isinstance(what, str) for what in ways.values()) else None


def is_row_wise(document: Mapping[str, Any]) -> bool:
    """Return whether an MLmodel file's mapping declares the model row-wise (RST-170)."""
    return (_held(document.get("metadata")) or {}).get(_ROW_WISE) is True


def record_fidelity(document: dict[str, Any], record: Mapping[str, Any] | None) -> None:
    """Write what differed at save into an MLmodel file's mapping (FID-009).

    None takes a record out, such as that of another folder.
    """
    _put(document, (_FIDELITY,), {} if record is None else {_FIDELITY: dict(record)})


def add_conversion(document: dict[str, Any], record: Mapping[str, Any]) -> None:
    """Add what a conversion compared to an MLmodel file's mapping (CNV-005)."""
    before = (_held(document.get("metadata")) or {}).get(_CONVERSIONS)
    others = [one for one in before if isinstance(one, dict)] if isinstance(before, list) else []
    kept = [one for one in others if one.get("to") != record["to"]]
    _put(document, (_CONVERSIONS,), {_CONVERSIONS: [*kept, dict(record)]})


def _held(metadata: Any) -> Mapping[str, Any] | None:
    """Return the mapping of all records; None where the user keeps something else there."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        return None  # not what the format takes; that is said elsewhere
    held = metadata.get(KEY)
    return {} if held is None else held if isinstance(held, Mapping) else None


def _put(document: dict[str, Any], names: Collection[str], record: Mapping[str, Any]) -> bool:
    """Put a record in the place of what stands under its names; return whether there is room."""
    metadata = document.get("metadata")
    held = _held(metadata)
    if held is None:
        return not isinstance(metadata, Mapping)
    written = {**{key: one for key, one in held.items() if key not in names}, **record}
    if written == held:
        return True
    kept = {**(metadata or {}), KEY: written}
    if not written:
        del kept[KEY]
    if kept:
        document["metadata"] = kept
    else:
        document.pop("metadata", None)
    return True
