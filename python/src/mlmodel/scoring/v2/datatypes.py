"""The protocol's datatypes, and the dtypes of numpy that they are (OIP-001)."""

from __future__ import annotations

import numpy as np

__all__ = ["BF16", "BYTES", "DATATYPES", "datatype_of"]

BYTES = "BYTES"
#: The upper half of FP32, for which numpy has no dtype (OIP-006).
BF16 = "BF16"

#: What the elements of a tensor are held in; those of BYTES are objects (bytes, texts, None).
DATATYPES: dict[str, np.dtype[np.generic]] = {
    "BOOL": np.dtype(np.bool_),
    **{f"UINT{bits}": np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": np.dtype(f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"float{bits}") for bits in (16, 32, 64)},
    BF16: np.dtype(np.float32),
    BYTES: np.dtype(object),
}
_OF_DTYPES = {dtype: name for name, dtype in DATATYPES.items() if name not in (BF16, BYTES)}


def datatype_of(dtype: np.dtype[np.generic]) -> str | None:
    """Return the datatype of numbers and booleans of a dtype, None for any other dtype."""
    return _OF_DTYPES.get(dtype.newbyteorder("="))
