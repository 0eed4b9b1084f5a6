"""R's own form of data on disk and on wires: its serialization, version 2, in the machine's bytes.

R reads and writes it in C, numbers as they lie in memory and every attribute with them, so that
nothing of R is written again in R. "R Internals", 1.8, describes it. What holds data alone is read
here; functions, environments and their like are refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "MISSING_INTEGER",
    "NULL",
    "Kind",
    "NotData",
    "NotWhole",
    "Vector",
    "read",
    "texts",
    "written",
]

#: What R has in the place of an integer or a truth value that is missing.
MISSING_INTEGER = -(2**31)

_HEAD = b"B\n" + struct.pack("=iii", 2, 0x00030500, 0x00020300)
_INT = struct.Struct("=i")
_TWO = struct.Struct("=ii")
_NULL, _SYMBOL, _PAIRS, _CHARACTERS, _REFERENCE = 254, 1, 2, 9, 255
_IS_OBJECT, _HAS_ATTRIBUTES, _HAS_TAG = 0x100, 0x200, 0x400
_BYTES, _LATIN1, _UTF8, _ASCII = 2, 4, 8, 64
_MISSING_TEXT = _TWO.pack(_CHARACTERS, -1)
_LARGEST_SHORT = 2**31 - 1
#: How deep lists may lie in lists.
_DEEPEST = 200


class NotData(Exception):
    """What R sent is not data; the text says what it is."""


class NotWhole(NotData):
    """What R sent is no serialization, or not a whole one; nothing after it can be believed."""


class Kind(IntEnum):
    """The types of R's vectors, by the numbers that R gives them."""

    LOGICAL = 10
    INTEGER = 13
    DOUBLE = 14
    COMPLEX = 15
    TEXT = 16
    LIST = 19
    RAW = 24
    NULL = 254


_DTYPES: dict[Kind, np.dtype[Any]] = {
    Kind.LOGICAL: np.dtype("int32"),
    Kind.INTEGER: np.dtype("int32"),
    Kind.DOUBLE: np.dtype("float64"),
    Kind.COMPLEX: np.dtype("complex128"),
    Kind.RAW: np.dtype("uint8"),
}
#: A piece of a serialization: bytes, or numbers as they lie in memory.
_Piece: TypeAlias = "bytes | np.ndarray[Any, Any]"


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector of R, with its attributes in R's order.

    ``values`` are an array for numbers, of R's own dtypes (truth values are integers); for texts a
    list of these and None; for lists a list of vectors.
    """

    kind: Kind
    values: Any
    attributes: Mapping[str, Vector] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def classes(self) -> tuple[str, ...]:
        """Its S3 classes."""
        said = self.attributes.get("class")
        return () if said is None else tuple(said.values)

    def strings(self, name: str) -> list[str | None] | None:
        """Return an attribute that is of texts (``names``, ``levels``), None where it has none."""
        said = self.attributes.get(name)
        return None if said is None or said.kind is not Kind.TEXT else said.values


NULL = Vector(Kind.NULL, ())


def texts(values: Iterable[str | None]) -> Vector:
    """Return a vector of texts."""
    return Vector(Kind.TEXT, list(values))


# -- writing --------------------------------------------------------------------------------------


def written(vector: Vector) -> list[_Piece]:
    """Return the pieces of a vector's serialization; numbers are not copied.

    Raises:
        UnicodeEncodeError: a text is not one of Unicode.

    """
    pieces: list[_Piece] = [_HEAD]
    _write(vector, pieces)
    return pieces


def _write(vector: Vector, pieces: list[_Piece]) -> None:
    if vector.kind is Kind.NULL:
        pieces.append(_INT.pack(_NULL))
        return
    flags = int(vector.kind)
    if vector.attributes:
        flags |= _HAS_ATTRIBUTES | (_IS_OBJECT * ("class" in vector.attributes))
    pieces.append(_INT.pack(flags) + _length(len(vector)))
    if vector.kind is Kind.LIST:
        for one in vector.values:
            _write(one, pieces)
    elif vector.kind is Kind.TEXT:
        pieces.append(_characters(vector.values))
    else:
        pieces.append(vector.values)
    if vector.attributes:
        for name, value in vector.attributes.items():
            pieces.append(_INT.pack(_PAIRS | _HAS_TAG) + _INT.pack(_SYMBOL) + _character(name))
            _write(value, pieces)
        pieces.append(_INT.pack(_NULL))


def _length(count: int) -> bytes:
    if count <= _LARGEST_SHORT:
        return _INT.pack(count)
    return struct.pack("=iII", -1, count >> 32, count & 0xFFFFFFFF)


def _characters(values: Iterable[str | None]) -> bytes:
    known: dict[str | None, bytes] = {None: _MISSING_TEXT}
    pieces = []
    for text in values:
        made = known.get(text)
        if made is None:
            made = known[text] = _character(text)  # type: ignore[arg-type]  # None is known
        pieces.append(made)
    return b"".join(pieces)


def _character(text: str) -> bytes:
    encoding = _ASCII if text.isascii() else _UTF8
    encoded = text.encode()
    return _TWO.pack(_CHARACTERS | (encoding << 12), len(encoded)) + encoded


# -- reading --------------------------------------------------------------------------------------


def read(data: bytes | bytearray) -> Vector:
    """Return the vector that R wrote, as version 2 in the machine's bytes.

    Raises:
        NotWhole: it is none.
        NotData: it holds what is not data.

    """
    try:
        return _Reader(data).whole()
    except (struct.error, ValueError, IndexError) as error:
        raise NotWhole(f"what R sent is cut off or damaged ({error})") from error


class _Reader:
    def __init__(self, data: bytes | bytearray) -> None:
        self._data = data
        self._at = 0
        self._symbols: list[str] = []

    def whole(self) -> Vector:
        if self._data[:2] != _HEAD[:2]:
            raise NotWhole("what R sent is not in the form that it was asked for")
        self._at = len(_HEAD)
        return self._vector(0)

    def _int(self) -> int:
        (value,) = _INT.unpack_from(self._data, self._at)
        self._at += 4
        return int(value)

    def _vector(self, depth: int) -> Vector:
        flags = self._int()
        number = flags & 0xFF
        if number == _NULL:
            return NULL
        if depth > _DEEPEST:
            raise NotData(f"lists lie deeper in each other than {_DEEPEST}")
        try:
            kind = Kind(number)
        except ValueError:
            raise NotData(f"an object of R's type {number} is not data") from None
        values = self._values(kind, self._count(), depth)
        attributes = dict(self._attributes(depth)) if flags & _HAS_ATTRIBUTES else {}
        return Vector(kind, values, attributes)

    def _count(self) -> int:
        count = self._int()
        if count >= 0:
            return count
        upper, lower = struct.unpack_from("=II", self._data, self._at)
        self._at += 8
        return int(upper << 32 | lower)

    def _values(self, kind: Kind, count: int, depth: int) -> Any:
        # An element takes a byte at least, so no wrong count makes more than there is.
        if count > len(self._data) - self._at:
            raise NotWhole("what R sent is cut off")
        if kind is Kind.LIST:
            return [self._vector(depth + 1) for _ in range(count)]
        if kind is Kind.TEXT:
            return self._texts(count)
        dtype = _DTYPES[kind]
        # A copy lies where its numbers may lie, and the answer's bytes can go.
        values = np.frombuffer(self._data, dtype, count, self._at).copy()
        self._at += values.nbytes
        return values

    def _texts(self, count: int) -> list[str | None]:
        data, at, unpack = self._data, self._at, _TWO.unpack_from
        found: list[str | None] = []
        for _ in range(count):
            flags, length = unpack(data, at)
            at += 8
            if flags & 0xFF != _CHARACTERS:
                raise NotWhole("what R sent has something else in the place of a text")
            if length < 0:
                found.append(None)
                continue
            if flags >> 12 & _BYTES:
                raise NotData('a text is of the encoding "bytes"; give it as raw')
            end = at + length
            if end > len(data):
                raise NotWhole("what R sent is cut off")
            encoding = "latin-1" if flags >> 12 & _LATIN1 else "utf-8"
            try:
                found.append(data[at:end].decode(encoding))
            except UnicodeDecodeError:
                raise NotData("a text is not of the encoding that R says; give it as raw") from None
            at = end
        self._at = at
        return found

    def _attributes(self, depth: int) -> Iterator[tuple[str, Vector]]:
        while True:
            flags = self._int()
            if flags & 0xFF == _NULL:
                return
            if flags & 0xFF != _PAIRS or not flags & _HAS_TAG:
                raise NotWhole("what R sent has attributes without names")
            name = self._symbol()
            yield name, self._vector(depth + 1)

    def _symbol(self) -> str:
        flags = self._int()
        if flags & 0xFF == _REFERENCE:
            return self._symbols[(flags >> 8) - 1]
        if flags & 0xFF != _SYMBOL:
            raise NotWhole("what R sent has attributes without names")
        (name,) = self._texts(1)
        self._symbols.append(name or "")
        return self._symbols[-1]
