"""The scalar types of columns and parameters (SIG-003), and what is true of each."""

from __future__ import annotations

import datetime as dt
import re
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Never

from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FLOATS", "INTEGERS", "DataType", "Literals", "Traits", "literals_of"]

_DTYPE = re.compile(r"(u?int|float)(\d+)")
#: Bits of the integers that a floating-point dtype holds without a gap.
_EXACT_BITS = {16: 11, 32: 24, 64: 53}


class Literals(NamedTuple):
    """What a type takes in forms that have no types (ENF-040 ff), such as JSON.

    ``form`` is what a person calls such a literal; integers are taken from ``low`` to ``high``;
    ``null`` says that one may be missing.
    """

    form: str
    low: int = 0
    high: int = 0
    null: bool = False


class Traits(NamedTuple):
    """What is true of one scalar type, whoever asks.

    ``dtype`` is numpy's name of the dtype in which a column is delivered (ENF-002), ``accepted``
    names those that it may be given in (ENF-020; none where more than the dtype decides).
    ``python`` is Python's own type of one value; ``as_given`` says that such a value is delivered
    as it is (a float is rounded, a date becomes numpy's).
    """

    dtype: str
    python: type
    literals: Literals
    accepted: tuple[str, ...] = ()
    as_given: bool = True

    @property
    def takes_missing(self) -> bool:
        """Whether a cell may be missing without ``required: false`` (ENF-023)."""
        return self.literals.null

    @property
    def filler(self) -> Any:
        """What stands in the place of a missing cell beside a mask; None where none is needed."""
        return None if self.takes_missing else self.python()


def literals_of(dtype: str) -> Literals | None:
    """Return what a tensor of a dtype takes, by numpy's name of it; None for any other dtype."""
    found = _DTYPE.fullmatch(dtype)
    if found is None:
        return _MOMENTS if dtype.startswith("datetime64") else _OTHERS.get(dtype)
    kind, bits = found[1], int(found[2])
    if kind == "float":
        exact = 2 ** _EXACT_BITS.get(bits, 0)
        return Literals("number", -exact, exact, null=True)
    if kind == "uint":
        return Literals("integer", 0, 2**bits - 1)
    return Literals("integer", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


_MOMENTS = Literals("date and time", null=True)
_OTHERS = {
    "bool": Literals("boolean"),
    "str": Literals("text"),
    "object": Literals("text", null=True),
    "bytes": Literals("base64"),
}


def _traits(dtype: str, python: type, accepted: str = "", *, as_given: bool = True) -> Traits:
    """Return the traits of a type whose literals are those of tensors of its dtype."""
    literals = literals_of(dtype)
    assert literals is not None  # noqa: S101 - of the dtypes below there are some
    return Traits(dtype, python, literals, tuple(accepted.split()), as_given)


_TRAITS = {
    "boolean": _traits("bool", bool, "bool"),
    "integer": _traits("int32", int, "int8 int16 int32 uint8 uint16"),
    "long": _traits("int64", int, "int8 int16 int32 int64 uint8 uint16 uint32"),
    "float": _traits("float32", float, "float16 float32 int8 int16 uint8 uint16", as_given=False),
    "double": _traits(
        "float64", float, "float16 float32 float64 int8 int16 int32 uint8 uint16 uint32"
    ),
    "string": _traits("object", str),
    "binary": Traits("object", bytes, Literals("base64", null=True)),
    "datetime": Traits("datetime64[ns]", dt.date, _MOMENTS, as_given=False),
}


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

    #: Of the member itself, in C: Python's own is a function that asks for the name's.
    __hash__ = object.__hash__

    @classmethod
    def _missing_(cls, value: object) -> Never:
        """Say what the types are, in an error that is a ValueError as Enum's own."""
        names = ", ".join(one.value for one in cls)
        raise InvalidArgument(
            f"{value!r:.60} is not a column type (SIG-003); the types are {names}"
        )

    @property
    def traits(self) -> Traits:
        """What is true of the type."""
        return _TRAITS[self._value_]

    def __repr__(self) -> str:
        return self.value

    def __str__(self) -> str:
        return self.value

    def to_numpy(self) -> np.dtype[Any]:
        """Return the numpy dtype of arrays of such values: texts and bytes at their own width."""
        import numpy as np

        traits = self.traits
        return np.dtype(traits.python if traits.dtype == "object" else traits.dtype)

    def to_pandas(self) -> np.dtype[Any]:
        """Return the dtype in which a column of this type is delivered (ENF-002)."""
        import numpy as np

        return np.dtype(self.traits.dtype)

    def to_python(self) -> type:
        """Return Python's own type of one value; a datetime is a date, too."""
        return self.traits.python


INTEGERS = frozenset(kind for kind in DataType if kind.traits.literals.form == "integer")
FLOATS = frozenset(kind for kind in DataType if kind.traits.literals.form == "number")
