"""Thrift's compact protocol, as far as Parquet's metadata need it, and no byte more.

It is read to know beforehand what the library will make of the same bytes, so whatever two readers
might take in two ways is refused: a field that stands twice, a number too large for its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.arrow_tables import Buffer

__all__ = ["BINARY", "I32", "I64", "LIST", "STRUCT", "Fields", "Thrift", "WrongThrift", "given"]

#: Thrift's numbers of its types.
_TRUE, _FALSE, _BYTE, _I16, I32, I64, _DOUBLE, BINARY, LIST, _SET, _MAP, STRUCT = range(1, 13)
_INTEGERS = {_I16: 15, I32: 31, I64: 63}
#: Structs and lists within each other; the metadata have ten.
_DEEPEST = 32


class WrongThrift(Exception):
    """The bytes are not a struct of Thrift that has one meaning."""


class _Value(NamedTuple):
    kind: int
    value: Any


#: The fields of a struct by their numbers.
Fields = dict[int, _Value]


def given(fields: Fields, number: int, kind: int) -> Any:
    """Return the value of a field, None where it is not given.

    Raises:
        WrongThrift: it is of another type.

    """
    found = fields.get(number)
    if found is None:
        return None
    if found.kind != kind:
        raise WrongThrift
    return found.value


class Thrift:
    """Reads structs of a body.

    Args:
        data: the body; a place beyond its end is an IndexError.
        most: how many values are read; one more is a MemoryError.

    """

    def __init__(self, data: Buffer, most: int) -> None:
        self._data = data
        self._left = most

    def struct(self, place: int, depth: int = 0) -> tuple[Fields, int]:
        """Return the fields of the struct at a place, and where it ends.

        Numbers, structs and lists have their values; of texts and bytes there is None.

        Raises:
            WrongThrift, IndexError: it is not one.
            MemoryError: it has too many values.

        """
        if depth > _DEEPEST or place < 0:
            raise WrongThrift
        data, fields, number = self._data, {}, 0
        while head := data[place]:
            place += 1
            if head >> 4:
                number += head >> 4
            else:
                number, place = self._integer(place, _I16)
            if number in fields or not 0 <= number < 2**15:
                raise WrongThrift
            kind = head & 15
            value, place = self._value(place, kind, depth, is_item=False)
            fields[number] = _Value(kind, value)
        return fields, place + 1

    def _value(self, place: int, kind: int, depth: int, *, is_item: bool) -> tuple[Any, int]:
        self._left -= 1
        if self._left < 0:
            raise MemoryError
        if kind in _INTEGERS:
            return self._integer(place, kind)
        if kind == BINARY:
            size, place = self._varint(place)
            if place + size > len(self._data):
                raise WrongThrift
            return None, place + size
        if kind == STRUCT:
            return self.struct(place, depth + 1)
        if kind == LIST:
            return self._list(place, depth + 1)
        if kind in {_TRUE, _FALSE}:
            return None, place + is_item
        if kind in {_BYTE, _DOUBLE}:
            end = place + (1 if kind == _BYTE else 8)
            if end > len(self._data):
                raise WrongThrift
            return None, end
        raise WrongThrift  # Parquet has no sets and maps

    def _list(self, place: int, depth: int) -> tuple[tuple[int, list[Any]], int]:
        if depth > _DEEPEST:
            raise WrongThrift
        head = self._data[place]
        place += 1
        count, kind = head >> 4, head & 15
        if count == 15:  # noqa: PLR2004 - the number follows
            count, place = self._varint(place)
        if count > len(self._data) - place:  # each has a byte at least
            raise WrongThrift
        items = []
        for _ in range(count):
            item, place = self._value(place, kind, depth, is_item=True)
            items.append(item)
        return (kind, items), place

    def _integer(self, place: int, kind: int) -> tuple[int, int]:
        value, place = self._varint(place)
        if value >> 1 >> _INTEGERS[kind]:
            raise WrongThrift
        return (value >> 1) ^ -(value & 1), place

    def _varint(self, place: int) -> tuple[int, int]:
        value = shift = 0
        while shift < 70:  # noqa: PLR2004 - ten bytes hold 64 bits
            byte = self._data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last byte
                return value, place
            shift += 7
        raise WrongThrift
