"""The common request in protocol buffers, read in few steps: columns of numbers, by their names.

What is anything else, or wrong in any way, is left to the reading that knows all rules and says
what is wrong. Answers are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel._base.collections import remember
from mlmodel.signature.data.columns import Block, Columns
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["plain_columns"]

#: Datatype -> the field that holds its elements at their own width, and their dtype.
_PLAIN: dict[str, tuple[str, Any]] = {
    "FP64": ("fp64_contents", np.dtype(np.float64)),
    "FP32": ("fp32_contents", np.dtype(np.float32)),
    "INT64": ("int64_contents", np.dtype(np.int64)),
    "INT32": ("int_contents", np.dtype(np.int32)),
}
#: Under which the names of a model's scalar columns are remembered.
_SCALAR = "columns of V2 that are scalar"


def plain_columns(given: Any, matching: Matching) -> Columns | None:
    """Return the table of a message ``ModelInferRequest``; None where it is not a plain one.

    A plain one has no parameters, asks for no outputs, and has inputs of numbers alone, each of the
    name of a column that is declared and not nested, and of the shape ``[n]`` or ``[n, 1]``, with
    as many elements in their field.
    """
    inputs = given.inputs
    if (
        not matching.has_names
        or given.parameters
        or given.outputs
        or given.raw_input_contents
        or not inputs
    ):
        return None
    declared = _scalar_columns(matching)
    names: list[str] = []
    places: dict[str, tuple[list[int], list[Any]]] = {}
    rows = inputs[0].shape[0] if inputs[0].shape else 0
    for place, entry in enumerate(inputs):
        name, datatype, shape = entry.name, entry.datatype, entry.shape
        plain = _PLAIN.get(datatype)
        filled = entry.contents.ListFields()
        if plain is None or len(filled) != 1 or name not in declared or entry.parameters:
            return None
        elements = filled[0][1]
        if filled[0][0].name != plain[0] or len(elements) != rows:
            return None
        if shape[:1] != [rows] or shape[1:] not in ([], [1]):
            return None
        names.append(name)
        held = places.get(datatype)
        if held is None:
            held = places[datatype] = ([], [])
        held[0].append(place)
        held[1].extend(elements)
    if len(set(names)) < len(names):
        return None
    blocks = [
        Block(np.array(cells, _PLAIN[kind][1]).reshape(len(at), rows).T, tuple(at))
        for kind, (at, cells) in places.items()
    ]
    return Columns(tuple(names), blocks, rows)


def _scalar_columns(matching: Matching) -> frozenset[str]:
    """Return the names of the declared columns that hold no lists or objects."""
    found = matching.memory.get(_SCALAR)
    if not isinstance(found, frozenset):
        specs = matching.schema or ()
        found = frozenset(str(spec.name) for spec in specs if isinstance(spec.type, DataType))
        remember(matching.memory, _SCALAR, found)
    return found
