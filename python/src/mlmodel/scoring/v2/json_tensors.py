"""The elements of a tensor as JSON, both ways (OIP-003 to OIP-006, OIP-045)."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import InputViolation, MalformedRequest, shown
from mlmodel.scoring.codecs.tensors import flattened
from mlmodel.scoring.json.body import kind_of
from mlmodel.scoring.json.plain import as_plain
from mlmodel.scoring.v2.datatypes import BF16, BYTES, DATATYPES
from mlmodel.scoring.v2.hints import BASE64, CONTENT_TYPE
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from mlmodel.scoring.json.body import Json
    from mlmodel.scoring.v2.messages import Tensor
    from mlmodel.signature.cells.reader import Reader

__all__ = ["read_data", "write_tensor"]

#: The kinds of dtypes that cannot say themselves that an element is missing.
_WITHOUT_MISSING = "biu"


def read_data(tensor: Tensor, data: Json, reader: Reader) -> None:
    """Put the elements that ``data`` lists into a tensor that has none yet.

    What does not fit the datatype is added to the reader's violations (OIP-004); the tensor then
    holds something else of its shape.

    Raises:
        MalformedRequest: they are not a list, or not as many as the shape says (OIP-002,
            OIP-003), or of BF16 (OIP-006).
        InexactParse: a number may have been rounded by the parse.

    """
    cells = _listed(tensor, data)
    if tensor.datatype == BF16:
        raise MalformedRequest(
            f"The tensor {shown(tensor.name)} of BF16 is given in JSON, which has no such numbers: "
            "send it as binary data, or as FP32 (OIP-006)."
        )
    dtype = DATATYPES[tensor.datatype]
    before = len(reader.violations)
    reader.cells_per_row = max(1, math.prod(tensor.shape[1:]))
    if tensor.datatype == BYTES:
        values = reader.column(cells, DataType.string, tensor.name)
    else:
        if dtype.kind in _WITHOUT_MISSING and None in cells:
            missing = np.array([cell is None for cell in cells], bool)
            tensor.mask = missing.reshape(tensor.shape)
            cells = [dtype.type(0).item() if cell is None else cell for cell in cells]
        values = reader.flat(cells, dtype, tensor.name)
    reader.cells_per_row = 1
    if len(reader.violations) > before:
        values = np.zeros(len(cells), dtype)
        _name_datatype(reader, before, tensor.datatype)
    tensor.values = values.reshape(tensor.shape)


def _name_datatype(reader: Reader, before: int, datatype: str) -> None:
    """Say in what was found the datatype as the protocol calls it."""
    for place, found in enumerate(reader.violations[before:], before):
        if found.expected is None:
            continue
        message = found.message.replace(f"expected {found.expected}", f"expected {datatype}", 1)
        reader.violations[place] = InputViolation(
            found.rule, message, found.column, found.row, datatype, found.got
        )


def _listed(tensor: Tensor, data: Json) -> list[Json]:
    if type(data) is not list:
        what = "has no data" if data is None else f"has {kind_of(data)} as data"
        raise MalformedRequest(
            f"The tensor {shown(tensor.name)} {what}, and not the list of its elements (OIP-003)."
        )
    shape, cells = flattened(data)
    if shape is None:
        raise MalformedRequest(
            f"The data of the tensor {shown(tensor.name)} are nested lists that differ in length "
            "or depth (OIP-003)."
        )
    if len(shape) > 1 and shape != tensor.shape:
        raise MalformedRequest(
            f"The data of the tensor {shown(tensor.name)} are nested as the shape {list(shape)}, "
            f"but its shape is {list(tensor.shape)} (OIP-003)."
        )
    if len(cells) != math.prod(tensor.shape):
        raise MalformedRequest(
            f"The tensor {shown(tensor.name)} has {len(cells)} elements, but its shape "
            f"{list(tensor.shape)} says {math.prod(tensor.shape)} (OIP-002)."
        )
    return cells


def write_tensor(tensor: Tensor) -> dict[str, Any]:
    """Return a tensor of an answer as an object whose numbers are written exactly (OIP-045)."""
    values = tensor.values
    assert values is not None  # noqa: S101 - of an answer
    parameters = dict(tensor.parameters)
    data: Any
    if tensor.datatype == BYTES:
        data = values.ravel().tolist()
        if any(type(cell) is bytes for cell in data):
            data = [_base64(cell) for cell in data]
            parameters.setdefault(CONTENT_TYPE, BASE64)
    elif tensor.mask is None:
        data = as_plain(values.reshape(-1))
    else:
        missing = tensor.mask.ravel().tolist()
        pairs = zip(values.ravel().tolist(), missing, strict=True)
        data = [None if gap else value for value, gap in pairs]
    written = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
    return {**written, **({"parameters": parameters} if parameters else {}), "data": data}


def _base64(cell: str | bytes | None) -> str | None:
    return base64.b64encode(cell).decode("ascii") if isinstance(cell, bytes) else cell
