"""The scalar types of columns and parameters (SIG-003), and what stands for them elsewhere."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ACCEPTED", "DELIVERED_DTYPE", "DataType"]


class DataType(Enum):
    """The column types of the format (SIG-003); the value is the name in the file."""

    boolean = "boolean"
    integer = "integer"
    long = "long"
    float = "float"
    double = "double"
    string = "string"
    binary = "binary"
    datetime = "datetime"

    def __repr__(self) -> str:
        return self.value

    def __str__(self) -> str:
        return self.value

    def to_numpy(self) -> np.dtype[Any]:
        """Return the numpy dtype of arrays of such values: texts and bytes at their own width."""
        import numpy as np

        return np.dtype(_OF_ANY_WIDTH.get(self) or DELIVERED_DTYPE[self])

    def to_pandas(self) -> np.dtype[Any]:
        """Return the dtype in which a column of this type is delivered (ENF-002)."""
        import numpy as np

        return np.dtype(DELIVERED_DTYPE[self])

    def to_python(self) -> type:
        """Return Python's own type of one value; a datetime is a date, too."""
        return _PYTHON[self]


#: The dtype in which each column type reaches the model (ENF-002).
DELIVERED_DTYPE: dict[DataType, str] = {
    DataType.boolean: "bool",
    DataType.integer: "int32",
    DataType.long: "int64",
    DataType.float: "float32",
    DataType.double: "float64",
    DataType.string: "object",
    DataType.binary: "object",
    DataType.datetime: "datetime64[ns]",
}

_OF_ANY_WIDTH: dict[DataType, str] = {DataType.string: "str", DataType.binary: "bytes"}

_PYTHON: dict[DataType, type] = {
    DataType.boolean: bool,
    DataType.integer: int,
    DataType.long: int,
    DataType.float: float,
    DataType.double: float,
    DataType.string: str,
    DataType.binary: bytes,
    DataType.datetime: dt.date,
}


#: The numpy dtypes that a column of numbers takes (ENF-020).
ACCEPTED: dict[DataType, tuple[str, ...]] = {
    DataType.boolean: ("bool",),
    DataType.integer: ("int8", "int16", "int32", "uint8", "uint16"),
    DataType.long: ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
    DataType.float: ("float16", "float32", "int8", "int16", "uint8", "uint16"),
    DataType.double: (
        "float16", "float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32",
    ),
}  # fmt: skip
