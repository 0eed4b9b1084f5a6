"""The common request in protocol buffers, read in few steps: columns of numbers, by their names.

What is anything else, or wrong in any way, is left to the reading that knows all rules and says
what is wrong. Answers are the same.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel._base.collections import remember
from mlmodel.signature.data.columns import Block, Columns
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    import numpy.typing as npt

    from mlmodel.signature.enforce.matching import Matching

__all__ = ["plain_columns"]

#: Datatype -> the field that holds its elements at their own width, and their dtype.
_PLAIN: dict[str, tuple[str, Any]] = {
    "FP64": ("fp64_contents", np.dtype(np.float64)),
    "FP32": ("fp32_contents", np.dtype(np.float32)),
    "INT64": ("int64_contents", np.dtype(np.int64)),
    "INT32": ("int_contents", np.dtype(np.int32)),
}
#: Whether this machine's own order of bytes is that of raw contents.
_LITTLE = sys.byteorder == "little"
#: Under which the names of a model's scalar columns are remembered.
_SCALAR = "columns of V2 that are scalar"


def plain_columns(given: Any, matching: Matching) -> Columns | None:
    """Return the table of a message ``ModelInferRequest``; None where it is not a plain one.

    A plain one has no parameters, asks for no outputs, and has inputs of numbers alone, each of the
    name of a column that is declared and not nested, and of the shape ``[n]`` or ``[n, 1]``, with
    as many elements in their field, or as raw contents for all. The arrays are the table's own.
    """
    inputs, raw = given.inputs, given.raw_input_contents
    if not matching.has_names or given.parameters or given.outputs or not inputs:
        return None
    rows = inputs[0].shape[0] if inputs[0].shape else 0
    if rows < 1 or (raw and (len(raw) != len(inputs) or not _LITTLE)):
        return None
    declared = _scalar_columns(matching)
    shapes = ([rows], [rows, 1])
    names: list[str] = []
    places: dict[str, tuple[list[int], list[Any]]] = {}
    for place, entry in enumerate(inputs):
        name, datatype = entry.name, entry.datatype
        if name not in declared or entry.parameters or entry.shape not in shapes:
            return None
        cells = _raw_cells(entry, raw[place], rows) if raw else _cells(entry, rows)
        if cells is None:
            return None
        names.append(name)
        held = places.get(datatype)
        if held is None:
            held = places[datatype] = ([], [])
        held[0].append(place)
        held[1].extend(cells)
    if len(set(names)) < len(names):
        return None
    read = _from_bytes if raw else np.array
    blocks = [
        Block(read(cells, _PLAIN[kind][1]).reshape(len(at), rows).T, tuple(at))
        for kind, (at, cells) in places.items()
    ]
    return Columns(tuple(names), blocks, rows)


def _cells(entry: Any, rows: int) -> Any:
    """Return the elements of an input, if they are so many numbers in their own field."""
    plain, filled = _PLAIN.get(entry.datatype), entry.contents.ListFields()
    if plain is None or len(filled) != 1 or filled[0][0].name != plain[0]:
        return None
    cells = filled[0][1]
    return cells if len(cells) == rows else None


def _raw_cells(entry: Any, raw: bytes, rows: int) -> tuple[bytes] | None:
    """Return the bytes of an input, if they are so many numbers and nothing stands beside them."""
    plain = _PLAIN.get(entry.datatype)
    if plain is None or len(raw) != rows * plain[1].itemsize or entry.HasField("contents"):
        return None
    return (raw,)


def _from_bytes(parts: list[bytes], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the numbers that some bytes hold, in an array that can be written into."""
    return np.frombuffer(bytearray().join(parts), dtype)


def _scalar_columns(matching: Matching) -> frozenset[str]:
    """Return the names of the declared columns that hold no lists or objects."""
    found = matching.memory.get(_SCALAR)
    if not isinstance(found, frozenset):
        specs = matching.schema or ()
        found = frozenset(str(spec.name) for spec in specs if isinstance(spec.type, DataType))
        remember(matching.memory, _SCALAR, found)
    return found
