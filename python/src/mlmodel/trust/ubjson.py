"""Universal Binary JSON, read whole and strictly (ubjson.org, draft 12, without high precision).

What a compiled reader could take in another way than this one is refused: no-ops, a key twice,
counted objects, text with a length of another type than the file's own libraries write.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

__all__ = ["MalformedUbjson", "loads", "members"]

_DEEPEST = 64
#: Marker of a number -> its form; all are big-endian.
_NUMBERS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"}
_READ = {marker: struct.Struct(form) for marker, form in _NUMBERS.items()}
_DTYPES = {
    marker: np.dtype({"b": "i1", "B": "u1", "h": ">i2", "i": ">i4", "q": ">i8", "f": ">f4"}.get(
        form[1], ">f8"
    ))
    for marker, form in _NUMBERS.items()
}  # fmt: skip
_CONSTANTS: dict[bytes, Any] = {b"Z": None, b"T": True, b"F": False}


class MalformedUbjson(ValueError):
    """The bytes are not a whole value of the format; the message says what is wrong where."""


def loads(data: bytes) -> Any:
    """Return the value: dict, list, text, number, truth value, None, or a 1-D numpy array.

    Arrays of one numeric type come as numpy arrays of that dtype (big-endian), which share the
    memory of ``data``.

    Raises:
        MalformedUbjson: cut off, nested deeper than 64, a key twice, or another marker.

    """
    reader = _Reader(data)
    try:
        value = reader.value(reader.take(1), 0)
    except (struct.error, UnicodeDecodeError) as error:
        raise MalformedUbjson(f"{error} near byte {reader.at}") from None
    if reader.at != len(data):
        raise MalformedUbjson(f"{len(data) - reader.at} bytes follow its end")
    return value


def members(data: bytes) -> dict[str, bytes]:
    """Return the members of an object, each as the bytes that it is written in.

    Raises:
        MalformedUbjson: as :func:`loads`, or it is something else than an object.

    """
    reader = _Reader(data)
    found: dict[str, bytes] = {}
    try:
        if reader.take(1) != b"{":
            raise MalformedUbjson("it is not an object")
        for key in reader.keys(found):
            start = reader.at
            reader.value(reader.take(1), 1)
            found[key] = data[start : reader.at]
    except (struct.error, UnicodeDecodeError) as error:
        raise MalformedUbjson(f"{error} near byte {reader.at}") from None
    if reader.at != len(data):
        raise MalformedUbjson(f"{len(data) - reader.at} bytes follow its end")
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        start, self.at = self.at, self.at + count
        if count < 0 or self.at > len(self.data):
            raise MalformedUbjson(f"it is cut off at byte {len(self.data)}")
        return self.data[start : self.at]

    def value(self, marker: bytes, depth: int) -> Any:
        """Return the value behind a marker."""
        if marker in _READ:
            return self.number(marker)
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker == b"S":
            return self.text(self.take(1))
        if marker not in (b"{", b"["):
            raise MalformedUbjson(f"marker {marker!r} at byte {self.at - 1}")
        if depth == _DEEPEST:
            raise MalformedUbjson(f"it is nested deeper than {_DEEPEST}")
        return self.mapping(depth + 1) if marker == b"{" else self.array(depth + 1)

    def number(self, marker: bytes) -> Any:
        form = _READ[marker]
        return form.unpack(self.take(form.size))[0]

    def count(self, marker: bytes) -> int:
        """Return a length; those who write such files write all lengths in 64 bits."""
        if marker != b"L":
            raise MalformedUbjson(f"a length of type {marker!r} at byte {self.at - 1}")
        return int(self.number(marker))

    def text(self, marker: bytes) -> str:
        return self.take(self.count(marker)).decode()

    def keys(self, found: Container[str]) -> Iterator[str]:
        """Yield the keys of an object, up to its end; none may be ``found`` before."""
        while (marker := self.take(1)) != b"}":
            key = self.text(marker)
            if key in found:
                raise MalformedUbjson(f"the key {key[:60]!r} appears twice before byte {self.at}")
            yield key

    def mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in self.keys(found):
            found[key] = self.value(self.take(1), depth)
        return found

    def array(self, depth: int) -> Any:
        marker = self.take(1)
        if marker == b"$":
            kind = self.take(1)
            if kind not in _DTYPES or self.take(1) != b"#":
                raise MalformedUbjson(f"an array of type {kind!r} before byte {self.at}")
            dtype = _DTYPES[kind]
            count = self.count(self.take(1))
            return np.frombuffer(self.take(count * dtype.itemsize), dtype)
        if marker == b"#":
            # Every element takes a byte at least, so that a short file cannot ask for a long list.
            count = self.count(self.take(1))
            return [self.value(self.take(1), depth) for _ in range(count)]
        items = []
        while marker != b"]":
            items.append(self.value(marker, depth))
            marker = self.take(1)
        return items
