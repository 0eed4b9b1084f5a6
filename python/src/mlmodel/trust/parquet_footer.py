"""The texts that stand beside the schema of a Parquet file, found in its footer.

A footer is a struct in Thrift's compact protocol; what is not asked for is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MARK", "BadFooter", "key_values"]

#: How a file begins and ends.
MARK = b"PAR1"
#: The mark at the beginning; the footer's length and the mark at the end.
_FRAME, _TAIL = 12, 8

_DEEPEST = 64
_FALSE_TRUE, _BYTE, _INTEGERS, _DOUBLE, _BINARY = (1, 2), 3, (4, 5, 6), 7, 8
_LISTS, _MAP, _STRUCT = (9, 10), 11, 12
#: The number of the texts' field in the footer.
_KEY_VALUES = 5
_MORE, _LONG_LIST = 0x80, 15


class BadFooter(ValueError):
    """Why a footer is not read, as the end of a sentence."""


def key_values(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the texts of a Parquet file, with their keys.

    Raises:
        BadFooter: it is not a whole file, or its footer is damaged.

    """
    size = int.from_bytes(data[-_TAIL:-4], "little")
    if len(data) < _FRAME or data[-4:] != MARK or size > len(data) - _FRAME:
        raise BadFooter("is a Parquet file that is cut off")
    yield from _Thrift(data[len(data) - _TAIL - size : -_TAIL]).key_values()


class _Thrift:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def key_values(self) -> Iterator[tuple[bytes, bytes]]:
        for number, kind in self._fields():
            if number != _KEY_VALUES or kind not in _LISTS:
                self._skip(kind)
                continue
            count, element = self._list()
            if element != _STRUCT:
                raise BadFooter("has a footer that cannot be read")
            for _ in range(count):
                texts = {1: b"", 2: b""}
                for field, one in self._fields():
                    if one == _BINARY and field in texts:
                        texts[field] = self._take(self._number())
                    else:
                        self._skip(one)
                yield texts[1], texts[2]

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise BadFooter("has a footer that is cut off")
        taken, self._at = self._data[self._at : end], end
        return taken

    def _number(self) -> int:
        value = shift = 0
        while (byte := self._take(1)[0]) >= _MORE:
            value |= (byte - _MORE) << shift
            shift += 7
        return value | byte << shift

    def _fields(self) -> Iterator[tuple[int, int]]:
        """Give the fields of a struct: number and type."""
        number = 0
        while (head := self._take(1)[0]) != 0:
            step, kind = divmod(head, 16)
            number += step
            if not step:
                raw = self._number()
                number = (raw >> 1) ^ -(raw & 1)
            yield number, kind

    def _list(self) -> tuple[int, int]:
        """Return how many elements follow, and their type."""
        count, element = divmod(self._take(1)[0], 16)
        return (self._number() if count == _LONG_LIST else count), element

    def _skip(self, kind: int, depth: int = 0, *, in_list: bool = False) -> None:
        if depth > _DEEPEST:
            raise BadFooter("has a footer that is too deep")
        if kind in _FALSE_TRUE or kind == _BYTE:
            self._take(int(in_list or kind == _BYTE))
        elif kind in _INTEGERS:
            self._number()
        elif kind == _DOUBLE:
            self._take(8)
        elif kind == _BINARY:
            self._take(self._number())
        elif kind == _STRUCT:
            for _, one in self._fields():
                self._skip(one, depth + 1)
        else:
            for one in self._elements(kind):
                self._skip(one, depth + 1, in_list=True)

    def _elements(self, kind: int) -> Iterator[int]:
        """Give the types of what a list or a mapping holds, one after the other."""
        if kind in _LISTS:
            count, element = self._list()
            kinds: tuple[int, ...] = (element,)
        elif kind == _MAP:
            count = self._number()
            kinds = divmod(self._take(1)[0], 16) if count else ()
        else:
            raise BadFooter("has a footer that cannot be read")
        for _ in range(count):
            yield from kinds
