"""Texts that Arrow keeps, rebuilt with every number checked (TRU-074).

``pyarrow`` takes the numbers of a pickled array on trust, ends the process on some and reads
memory by others. What a pickle names is replaced by the functions here.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["REPLACED"]

_LARGEST = 2**48
#: The width of the numbers that say where a text begins.
_WIDTHS = {"string": 4, "large_string": 8}
_BUFFERS = 3


def _buffer(data: bytes) -> Any:
    """Return the bytes as a buffer of Arrow that nothing else holds or can change."""
    if not isinstance(data, bytes | bytearray):
        raise TypeError("a buffer of Arrow is not made from bytes")
    return importlib.import_module("pyarrow").py_buffer(bytes(data))


def _type(name: str) -> Any:
    if name not in _WIDTHS:
        raise ValueError("an array of Arrow holds something else than texts")
    return importlib.import_module("pyarrow").type_for_alias(name)


def _array(data: tuple[Any, ...]) -> Any:
    """Return the array, or raise ValueError: a number leads out of its buffers."""
    lib = importlib.import_module("pyarrow.lib")
    kind, length, nulls, offset, buffers, children, dictionary = data
    if str(kind) not in _WIDTHS or not isinstance(kind, lib.DataType):
        raise ValueError("an array of Arrow holds something else than texts")
    numbers = type(length) is type(nulls) is type(offset) is int
    if not numbers or not (0 <= length < _LARGEST and 0 <= offset < _LARGEST):
        raise ValueError("an array of Arrow has an odd length")
    if children or dictionary is not None or len(buffers) != _BUFFERS or not -1 <= nulls <= length:
        raise ValueError("an array of texts of Arrow has odd parts")
    if not all(one is None or isinstance(one, lib.Buffer) for one in buffers):
        raise ValueError("an array of Arrow has parts that are not buffers")
    valid, starts, texts = (None if one is None else one.size for one in buffers)
    width = _WIDTHS[str(kind)]
    empty = length == 0 and not starts
    if not empty and (starts is None or starts < (length + offset + 1) * width):
        raise ValueError("an array of Arrow is longer than its buffers")
    if (valid is not None and valid * 8 < length + offset) or (texts is None and not empty):
        raise ValueError("an array of Arrow is longer than its buffers")
    if valid is None and nulls > 0:
        raise ValueError("an array of Arrow counts missing texts that it does not mark")
    array = lib._restore_array(data)  # noqa: SLF001 - what its pickles call
    array.validate(full=True)
    return array


#: (module, name) of a pickle -> what is called in its place.
REPLACED: dict[tuple[str, str], Callable[..., Any]] = {
    ("pyarrow.lib", "_restore_array"): _array,
    ("pyarrow.lib", "py_buffer"): _buffer,
    ("pyarrow.lib", "type_for_alias"): _type,
}
