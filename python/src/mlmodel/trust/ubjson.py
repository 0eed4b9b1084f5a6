"""Universal Binary JSON, read whole and strictly (ubjson.org, draft 12, without high precision).

What a compiled reader could take in another way than this one is refused: no-ops, a key twice,
counted objects, text with a length of another type than the file's own libraries write.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from mlmodel.trust.pickles.budget import Budget

__all__ = ["MalformedUbjson", "loads", "members"]

_DEEPEST = 64
#: After so many values the budget is asked.
_AT_ONCE = 4096
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


def loads(data: bytes, budget: Budget | None = None) -> Any:
    """Return the value: dict, list, text, number, truth value, None, or a 1-D numpy array.

    Arrays of one numeric type come as numpy arrays of that dtype (big-endian), which share the
    memory of ``data``. Each value counts in the ``budget`` (TRU-098).

    Raises:
        MalformedUbjson: cut off, nested deeper than 64, a key twice, or another marker.
        Spent: it has more values than the budget's files are worth.

    """
    reader = _Reader(data, budget)
    try:
        value = reader.value(reader.take(1), 0)
    except (struct.error, UnicodeDecodeError) as error:
        raise MalformedUbjson(f"{error} near byte {reader.at}") from None
    reader.end()
    return value


def members(data: bytes, budget: Budget | None = None) -> dict[str, bytes]:
    """Return the members of an object, each as the bytes that it is written in.

    What is within them is passed over, and not built.

    Raises:
        MalformedUbjson: as :func:`loads`, or it is something else than an object; keys that
            stand twice in an object within are not told.
        Spent: as :func:`loads`.

    """
    reader = _Skipping(data, budget)
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
    reader.end()
    return found


class _Reader:
    def __init__(self, data: bytes, budget: Budget | None) -> None:
        self.data = data
        self.at = 0
        self._budget = budget
        #: Values that the budget was not told of yet, and up to which byte it was told.
        self._values = 0
        self._told = 0

    def end(self) -> None:
        """See to it that nothing follows."""
        self._tell()
        if self.at != len(self.data):
            raise MalformedUbjson(f"{len(self.data) - self.at} bytes follow its end")

    def _tell(self) -> None:
        """Take the values since the last time from the budget."""
        if self._budget is not None:
            self._budget.count(self._values, self.at - self._told)
        self._values, self._told = 0, self.at

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        start, self.at = self.at, self.at + count
        if count < 0 or self.at > len(self.data):
            raise MalformedUbjson(f"it is cut off at byte {len(self.data)}")
        return self.data[start : self.at]

    def value(self, marker: bytes, depth: int) -> Any:
        """Return the value behind a marker."""
        self._values += 1
        if self._values == _AT_ONCE:
            self._tell()
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
        return self.gathered(self.items(marker, depth))

    def gathered(self, items: Iterator[Any]) -> Any:
        return list(items)

    def items(self, marker: bytes, depth: int) -> Iterator[Any]:
        """Yield the elements of an array of several types."""
        if marker == b"#":
            # Every element takes a byte at least, so that a short file cannot ask for a long list.
            for _ in range(self.count(self.take(1))):
                yield self.value(self.take(1), depth)
            return
        while marker != b"]":
            yield self.value(marker, depth)
            marker = self.take(1)


class _Skipping(_Reader):
    """Reads the same, and builds none of what holds others."""

    def mapping(self, depth: int) -> dict[str, Any]:
        for _ in self.keys(()):
            self.value(self.take(1), depth)
        return {}

    def gathered(self, items: Iterator[Any]) -> Any:
        deque(items, maxlen=0)
