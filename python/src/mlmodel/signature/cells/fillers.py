"""What stands in the place of a cell that is missing, and breaks no rule itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.signature.types.nested import Array, Map, NestedType, Object

if TYPE_CHECKING:
    from mlmodel.signature.types.scalars import DataType

__all__ = ["filler"]

#: What stands for a missing cell of a tensor, by the kind of its dtype; the others take None.
_FLAT_FILLERS: dict[str, Any] = {"b": False, "i": 0, "u": 0, "U": "", "S": ""}


def filler(kind: DataType | NestedType | np.dtype[Any]) -> Any:
    """Return a cell that every column or tensor of a type takes, for one that is missing."""
    if isinstance(kind, np.dtype):
        return _FLAT_FILLERS.get(kind.kind)
    if isinstance(kind, Array):
        return []
    if isinstance(kind, Map):
        return {}
    if isinstance(kind, Object):
        return {one.name: filler(one.dtype) for one in kind.properties if one.required}
    return None if isinstance(kind, NestedType) else kind.traits.filler
