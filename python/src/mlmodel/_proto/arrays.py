"""Numpy arrays as the message ``mlmodel.v1.Array``, both ways, bit by bit (PRO-040 ff).

Numbers go as their bytes: a packed field would make a Python object of each. What comes in is
checked before numpy sees it; nothing of a message raises an exception of numpy's.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel._proto import BadMessage, values
from mlmodel.errors import InvalidArgument, shown

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["fill", "fill_value", "read", "read_value"]

_NUMBERS = frozenset(
    {"bool", "float16", "float32", "float64", "complex64", "complex128"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_TIME = re.compile(r"(datetime64|timedelta64)\[(Y|M|W|D|h|m|s|ms|us|ns)\]")
_BY_KIND = {"U": "str", "S": "bytes", "O": "object"}
#: What numpy can have, in all its versions.
_MOST_AXES = 32
_MOST_BYTES = 2**62
#: Characters that texts at one width may take at most: so many, and so many times their own.
_MOST_WIDE, _MOST_TIMES = 2**20, 64
_NONE = type(None)


@cache
def _dtype(name: str) -> np.dtype[Any] | None:
    """Return the dtype in the byte order of the wire; None if there is none of this name."""
    if name in _NUMBERS or _TIME.fullmatch(name):
        return np.dtype(name).newbyteorder("<")
    return np.dtype(name) if name in ("str", "bytes", "object") else None


# -- arrays -> messages -----------------------------------------------------------------------


def fill(target: Any, array: npt.NDArray[Any], mask: Any = None) -> None:
    """Write an array into a message ``Array``.

    Args:
        target: the message.
        array: of any shape; in object arrays, whatever :mod:`mlmodel._proto.values` has a form for.
        mask: of the same shape, True where a value is missing, or None.

    Raises:
        InvalidArgument: a dtype, a cell or a text without a form.

    """
    kind = array.dtype.kind
    name = _BY_KIND.get(kind) or array.dtype.name
    wire = _dtype(name)
    if wire is None:
        raise InvalidArgument(f"Arrays of dtype {name} have no form in protocol buffers (PRO-040)")
    target.dtype = name
    target.shape.extend(array.shape)
    if kind == "O":
        mask = _fill_objects(target, array.ravel().tolist(), mask)
    elif kind in "US":
        _extend(target, "texts" if kind == "U" else "binaries", array.ravel().tolist())
    else:
        target.raw = array.astype(wire, copy=False).tobytes()
    if mask is not None and mask.any():
        target.missing = np.packbits(mask.ravel(), bitorder="little").tobytes()


def _fill_objects(target: Any, cells: list[Any], mask: Any) -> Any:
    """Write cells of any types; return the mask of those that are missing."""
    if mask is not None:
        gone = mask.ravel().tolist()
        cells = [None if out else cell for cell, out in zip(cells, gone, strict=True)]
    kinds = set(map(type, cells))
    for kind, field, empty in ((str, "texts", ""), (bytes, "binaries", b"")):
        if kinds <= {kind, _NONE}:
            _extend(target, field, [empty if c is None else c for c in cells])
            return np.array([c is None for c in cells], bool) if _NONE in kinds else None
    target.values.SetInParent()
    for cell in cells:
        values.fill(target.values.values.add(), cell, fill_value)
    return None


def _extend(target: Any, field: str, cells: list[Any]) -> None:
    held = getattr(target, field)
    held.SetInParent()
    try:
        held.values.extend(cells)
    except ValueError:
        raise InvalidArgument("A cell is not text in Unicode (PRO-010)") from None


def fill_value(target: Any, value: Any) -> bool:
    """Write a scalar or array of numpy's into a message ``Value``; False for anything else."""
    if not isinstance(value, np.generic | np.ndarray):
        return False
    fill(target.array, np.asarray(value))
    return True


# -- messages -> arrays -----------------------------------------------------------------------


def read(message: Any) -> tuple[npt.NDArray[Any], Any]:
    """Return the array of a message ``Array``, which may be written to, and its mask or None.

    Missing objects are None, and have no mask.

    Raises:
        BadMessage: the message breaks a rule.

    """
    dtype = _dtype(message.dtype)
    if dtype is None:
        raise BadMessage(f"{shown(message.dtype)} is not a dtype of arrays (PRO-040).")
    shape = tuple(message.shape)
    _check_shape(shape, dtype)
    count = math.prod(shape)
    mask = _mask(message.missing, count)
    field = message.WhichOneof("content")
    if field == "raw":
        return _raw(message.raw, dtype, count).reshape(shape), _shaped(mask, shape)
    takes = _TAKES.get(field, "")
    if dtype.kind not in takes:
        raise BadMessage(
            f"An array of {message.dtype} has no content, or content of the wrong kind: "
            f"{field or 'none'} (PRO-041)."
        )
    held = getattr(message, field).values
    if len(held) != count:
        raise BadMessage(f"An array has {len(held)} values for {count} places (PRO-042).")
    if dtype.kind == "O":
        return _objects(held, field, mask).reshape(shape), None
    return _typed(list(held), dtype).reshape(shape), _shaped(mask, shape)


#: Which kinds of dtypes each content is for, beside the raw bytes.
_TAKES = {
    "booleans": "b",
    "integers": "iuMm",
    "unsigned_integers": "u",
    "numbers": "f",
    "texts": "UO",
    "binaries": "SO",
    "values": "O",
}


def _check_shape(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    size = math.prod(max(axis, 1) for axis in shape) * max(dtype.itemsize, 1)
    if len(shape) > _MOST_AXES or min(shape, default=0) < 0 or size > _MOST_BYTES:
        raise BadMessage(f"An array has the impossible shape {shown(list(shape))} (PRO-042).")


def _shaped(mask: Any, shape: tuple[int, ...]) -> Any:
    return None if mask is None else mask.reshape(shape)


def _mask(bits: bytes, count: int) -> Any:
    if not bits:
        return None
    if len(bits) != (count + 7) // 8:
        raise BadMessage(
            f"The bits for missing values are {len(bits)} bytes for {count} places (PRO-043)."
        )
    flags = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little").view(bool)
    if flags[count:].any():
        raise BadMessage("A bit beyond the last place is set (PRO-043).")
    return flags[:count]


def _raw(raw: bytes, dtype: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    if dtype.kind in _BY_KIND:
        raise BadMessage(f"An array of {_BY_KIND[dtype.kind]} has no raw content (PRO-041).")
    if len(raw) != count * dtype.itemsize:
        raise BadMessage(
            f"An array of {dtype.name} has {len(raw)} bytes for {count} places (PRO-042)."
        )
    if dtype.kind == "b" and raw.translate(None, b"\0\1"):
        raise BadMessage("A boolean is neither 0 nor 1 (PRO-042).")
    # Copied: a model may write to what it is given.
    return np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="))


def _typed(cells: list[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    kind = dtype.kind
    native = dtype.newbyteorder("=")
    if kind in "US":
        return np.array(cells, dtype) if _have_a_width(cells) else _as_objects(cells)
    if kind in "Mm":
        return np.array(cells, np.int64).view(native)
    if kind in "iu":
        limits = np.iinfo(native)
        if cells and not (limits.min <= min(cells) and max(cells) <= limits.max):
            raise BadMessage(f"An integer does not fit into {dtype.name} (PRO-042).")
    with np.errstate(over="ignore"):
        made = np.array(cells, native)
    if kind == "f" and not np.array_equal(made, np.array(cells, np.float64), equal_nan=True):
        raise BadMessage(f"A number is not a value of {dtype.name} (PRO-042).")
    return made


def _have_a_width(cells: list[Any]) -> bool:
    """Return whether numpy can hold texts or bytes at one width (PRO-044).

    It drops null characters at their end, and a single long one makes all of them long.
    """
    if any(cell[-1:] in ("\0", b"\0") for cell in cells):
        return False
    lengths = list(map(len, cells))
    return max(lengths, default=0) * len(cells) <= _MOST_WIDE + _MOST_TIMES * sum(lengths)


def _objects(held: Any, field: str, mask: Any) -> npt.NDArray[Any]:
    cells = [values.read(one, read_value) for one in held] if field == "values" else list(held)
    made = _as_objects(cells)
    if mask is not None:
        made[mask] = None
    return made


def _as_objects(cells: list[Any]) -> npt.NDArray[Any]:
    made = np.empty(len(cells), object)
    for place, cell in enumerate(cells):  # numpy would unpack lists
        made[place] = cell
    return made


def read_value(message: Any) -> Any:
    """Return the array of a message ``Array`` in a value, or the scalar of an empty shape.

    Raises:
        BadMessage: the message breaks a rule, or a value of numpy's is missing.

    """
    array, mask = read(message)
    if mask is not None:
        raise BadMessage("A value is missing where none may be (PRO-043).")
    return array if array.ndim else array[()]
