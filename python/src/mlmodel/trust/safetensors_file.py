"""Files of safetensors: what their headers say of the tensors, held against their bytes.

A file is eight bytes, a header of JSON that long, and the tensors' bytes. The library that reads it
checks the same; here it is read to know how much a file holds before anything is built for it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.errors import InvalidModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Tensor", "tensors_of"]

#: The longest header that the library reads.
_LONGEST_HEADER = 100_000_000
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("BOOL", "I8", "U8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 8),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a file: its dtype and shape, as the header says."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


def tensors_of(path: Path, file: str, rule: str) -> dict[str, Tensor]:
    """Return the tensors of a file by their names.

    Raises:
        InvalidModel: the file is cut off, or the header is not that of its bytes; ``rule`` is that
            of the page of whoever reads it.

    """
    with files.open_regular(path) as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        start = stream.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > min(size - 8, _LONGEST_HEADER):  # noqa: PLR2004
            raise InvalidModel.of_file(file, rule, "is cut off: its header is not whole")
        raw = stream.read(length)
    try:
        held = json.loads(raw)
        return {
            name: _tensor(name, one, size - 8 - length)
            for name, one in held.items()
            if name != "__metadata__"
        }
    except (AttributeError, ValueError, TypeError, KeyError, RecursionError) as error:
        why = f"has a header that cannot be read ({error!s:.120})"
        raise InvalidModel.of_file(file, rule, why) from None


def _tensor(name: str, said: Mapping[str, Any], size: int) -> Tensor:
    dtype, shape, (start, end) = said["dtype"], tuple(said["shape"]), said["data_offsets"]
    if not all(type(one) is int and one >= 0 for one in (*shape, start, end)):
        raise ValueError(f"{name:.60} has a size that is no number")
    if dtype not in _BITS:
        raise ValueError(f"{name:.60} is of {dtype!s:.20}")
    if not start <= end <= size or (end - start) * 8 != math.prod(shape) * _BITS[dtype]:
        raise ValueError(f"{name:.60} does not have the bytes of its shape")
    return Tensor(dtype, shape)
