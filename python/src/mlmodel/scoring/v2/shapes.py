"""What a tensor may be, by its name, datatype and shape, before its elements are read (OIP-001)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest, shown
from mlmodel.scoring.v2.datatypes import DATATYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST_AXES", "check_names", "checked_datatype", "checked_shape"]

#: What numpy can hold in every supported version.
MOST_AXES = 32
#: A tensor without elements is as long as it says, so it may not say much: before the axis of
#: which there is nothing there may be rows of nothing, behind it nothing at all.
_MOST_EMPTY_ROWS = 1_000
_LONGEST = 2**31


def checked_datatype(datatype: Any, name: str) -> str:
    """Return the datatype.

    Raises:
        MalformedRequest: it is not one of the table (OIP-001).

    """
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        raise MalformedRequest(
            f"The tensor {shown(name)} has the datatype {shown(datatype)}; it is one of "
            f"{', '.join(DATATYPES)} (OIP-001)."
        )
    return datatype


def checked_shape(shape: Any, name: str) -> tuple[int, ...]:
    """Return the shape as a tuple.

    Raises:
        MalformedRequest: it is not a list of whole numbers (OIP-001), or there is no such tensor
            (OIP-002).

    """
    axes = tuple(shape) if isinstance(shape, list | tuple) else (None,)
    if len(axes) == 1 and type(axes[0]) is int and 0 < axes[0] < _LONGEST:
        return axes  # of a column, as most are
    if not all(type(axis) is int and axis >= 0 for axis in axes):
        raise MalformedRequest(
            f"The shape of the tensor {shown(name)} is a list of whole numbers that are not "
            f"negative, not {shown(shape)} (OIP-001)."
        )
    if len(axes) > MOST_AXES:
        raise MalformedRequest(
            f"The tensor {shown(name)} has {len(axes)} axes, and at most {MOST_AXES} are read "
            "(OIP-002)."
        )
    empty_rows = math.prod(axes[: axes.index(0)]) if 0 in axes else 0
    if empty_rows > _MOST_EMPTY_ROWS or math.prod(axis for axis in axes if axis) >= _LONGEST:
        raise MalformedRequest(
            f"The tensor {shown(name)} has the shape {shown(shape)}; no tensor has 2^31 elements, "
            f"nor more than {_MOST_EMPTY_ROWS:,} rows without elements (OIP-002)."
        )
    return axes


def check_names(names: Iterable[str], what: str, rule: str) -> None:
    """Check that no name stands twice among those of ``what``.

    Raises:
        MalformedRequest: one does; the message cites ``rule``.

    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise MalformedRequest(
                f"The name {shown(name)} stands twice among the {what}; give each once ({rule})."
            )
        seen.add(name)
