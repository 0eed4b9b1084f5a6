"""Tensors as bytes: the binary tensor data extension, and gRPC's raw contents (OIP-011)."""

from __future__ import annotations

import base64
import math
import struct
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import MalformedRequest, UnserializablePrediction, shown
from mlmodel.scoring.json.plain import dumps
from mlmodel.scoring.v2.datatypes import BF16, BYTES, DATATYPES
from mlmodel.signature.data.arrays import object_array

if TYPE_CHECKING:
    import numpy.typing as npt

    from mlmodel.scoring.v2.messages import Tensor

__all__ = ["from_raw", "raw_form", "to_raw"]

#: Whether this machine's own order of bytes is that of binary data.
_LITTLE = sys.byteorder == "little"
_LENGTH = struct.Struct("<I")
_RAW = {name: dtype.newbyteorder("<") for name, dtype in DATATYPES.items()}
_RAW[BF16] = np.dtype("<u2")
_LONGEST = 2**32 - 1


def from_raw(
    data: bytes | memoryview, datatype: str, shape: tuple[int, ...], name: str
) -> npt.NDArray[Any]:
    """Return the elements that a tensor's bytes hold, as an array of its shape.

    The array may be a view of ``data``, read-only and not aligned. ``datatype`` is one of
    :data:`~mlmodel.scoring.v2.datatypes.DATATYPES`, the shape one that OIP-002 allows; ``name`` is
    for messages.

    Raises:
        MalformedRequest: there are more or fewer bytes than the shape says, a boolean is neither
            0 nor 1, a length leads beyond the end (OIP-011).

    """
    count = math.prod(shape)
    if datatype == BYTES:
        return _elements(memoryview(data), count, name).reshape(shape)
    dtype = _RAW[datatype]
    if len(data) != count * dtype.itemsize:
        raise MalformedRequest(
            f"The tensor {shown(name)} of {datatype} and shape {list(shape)} has "
            f"{count * dtype.itemsize} bytes of binary data, not {len(data)} (OIP-011)."
        )
    values = np.frombuffer(data, np.uint8 if dtype.kind == "b" else dtype, count)
    if datatype == BF16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    if dtype.kind == "b":
        wrong = np.flatnonzero(values > 1)
        if wrong.size:
            raise MalformedRequest(
                f"The tensor {shown(name)} of BOOL has the byte {values[wrong[0]]} at element "
                f"{wrong[0]}; true is 1, and false is 0 (OIP-011)."
            )
        values = values.view(np.bool_)
    if not _LITTLE:  # pragma: no cover - no machine of the tests
        values = values.astype(values.dtype.newbyteorder("="))
    return values.reshape(shape)


def _elements(data: memoryview, count: int, name: str) -> npt.NDArray[Any]:
    cells: list[bytes] = []
    place, end = 0, len(data)
    while len(cells) < count and place + 4 <= end:
        start = place + 4
        place = start + _LENGTH.unpack_from(data, place)[0]
        if place > end:
            break
        cells.append(bytes(data[start:place]))
    if len(cells) != count or place != end:
        what = (
            f"element {len(cells)} leads beyond their end"
            if place > end or len(cells) < count
            else f"{end - place} bytes are left over"
        )
        raise MalformedRequest(
            f"The binary data of the tensor {shown(name)} of BYTES hold {count} elements, each a "
            f"length of 4 bytes and as many bytes; {what} (OIP-011)."
        )
    return object_array(cells)


def to_raw(tensor: Tensor) -> bytes:
    """Return the elements of a tensor that :func:`raw_form` gave, as bytes.

    Raises:
        UnserializablePrediction: an element of BYTES has 4 GiB or more.

    """
    values = tensor.values
    assert values is not None  # noqa: S101 - of an answer
    if tensor.datatype != BYTES:
        return (values if _LITTLE else values.astype(values.dtype.newbyteorder("<"))).tobytes()
    cells: list[bytes] = values.ravel().tolist()
    if any(len(cell) > _LONGEST for cell in cells):
        raise UnserializablePrediction(
            f"An element of the output {shown(tensor.name)} has 4 GiB or more, and its length has "
            "4 bytes (OIP-011)."
        )
    parts: list[bytes] = []
    for cell in cells:
        parts += _LENGTH.pack(len(cell)), cell
    return b"".join(parts)


def raw_form(tensor: Tensor) -> Tensor:
    """Return a tensor of an answer in which all elements of BYTES are bytes, and none is missing.

    Texts and moments of which some are missing become the JSON texts of the elements (OIP-044).

    Raises:
        UnserializablePrediction: a number or boolean is missing (OIP-013), a text is not Unicode.

    """
    if tensor.mask is not None and tensor.mask.any():
        raise UnserializablePrediction(
            f"The output {shown(tensor.name)} of {tensor.datatype} has a missing value, which "
            "only JSON can hold; ask for it without binary data (OIP-013)."
        )
    if tensor.datatype != BYTES or tensor.values is None:
        return tensor
    cells = tensor.values.ravel().tolist()
    if None in cells:
        made = object_array([_json_text(cell) for cell in cells])
        hint = {"content_type": "pd_json"}
        values = made.reshape(tensor.shape)
        return replace(tensor, values=values, parameters={**tensor.parameters, **hint})
    try:
        raw = object_array([c.encode() if isinstance(c, str) else c for c in cells])
    except UnicodeEncodeError:
        raise UnserializablePrediction(
            f"The output {shown(tensor.name)} holds a text with half of a surrogate pair, which "
            "is not valid Unicode (RST-048)."
        ) from None
    return replace(tensor, values=raw.reshape(tensor.shape))


def _json_text(cell: str | bytes | None) -> bytes:
    return dumps(base64.b64encode(cell).decode("ascii") if isinstance(cell, bytes) else cell)
