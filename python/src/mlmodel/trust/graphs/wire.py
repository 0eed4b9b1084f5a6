"""The wire format of protocol buffers, read strictly and without copies of what is large.

What another reader could take in another way than this one is refused: a field that the table does
not know, a single field given twice, groups, a field of another wire type. So what this reader saw
is what any other reader of the same bytes sees.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SIZE", "MalformedMessage", "Numbers", "UnknownField", "compiled", "read"]

#: Under this key a message has its size in bytes.
SIZE = "@"
#: Protocol buffers' own readers go as deep.
_DEEPEST = 100
#: How many fields a message may get in later versions.
_ROOM = 24
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
#: How a field is read: a number, numbers, a text, …; even ones stand alone, odd ones in a list.
_NUMBER, _NUMBERS, _TEXT, _TEXTS, _SPAN, _COUNT, _MESSAGE, _MESSAGES, _SKIP = range(9)
_KINDS = {
    "int": (_NUMBER, _VARINT), "float": (_NUMBER, _FIXED32), "ints": (_NUMBERS, _VARINT),
    "floats": (_NUMBERS, _FIXED32), "doubles": (_NUMBERS, _FIXED64), "text": (_TEXT, _BYTES),
    "texts": (_TEXTS, _BYTES), "span": (_SPAN, _BYTES), "count": (_COUNT, _BYTES),
    "skip": (_SKIP, _BYTES),
}  # fmt: skip
#: A tag of one byte and what belongs to it, as often as it follows; nothing is kept of a turn.
_RUNS: dict[tuple[int, int], re.Pattern[bytes]] = {}

#: Tag -> (name, how, what it holds, wire type).
Table = dict[int, tuple[str, int, str, int]]


class MalformedMessage(ValueError):
    """The bytes are not a whole message; the text says what is wrong where."""


class UnknownField(ValueError):
    """A field that the tables do not have."""


class Numbers:
    """Repeated numbers: how many, and where they stand, packed or one by one."""

    __slots__ = ("count", "places")

    def __init__(self) -> None:
        self.count = 0
        #: (from, to, tag): with a tag of 0 they are packed.
        self.places: list[tuple[int, int, int]] = []

    def varints(self, data: bytes, most: int) -> list[int] | None:
        """Return them as signed integers of 64 bits; nothing where they are more than ``most``."""
        if self.count > most:
            return None
        found = []
        for at, end, tag in self.places:
            while at < end:
                if tag:
                    _, at = _varint(data, at, end)  # noqa: PLW2901
                value, at = _varint(data, at, end)  # noqa: PLW2901
                found.append(value)
        return found


def compiled(tables: Mapping[str, Mapping[int, str]]) -> dict[str, Table]:
    """Return what :func:`read` goes by.

    Args:
        tables: message -> number of a field -> its name and kind: ``dims:ints``, ``node:Node*``
            for messages, ``graph:Graph`` for one, ``doc_string:skip`` for what is not looked at.

    """
    done: dict[str, Table] = {}
    for message, fields in tables.items():
        table = done[message] = {}
        for number, text in fields.items():
            name, _, kind = text.partition(":")
            below = kind.rstrip("*")
            if below in tables:
                entry = (name, _MESSAGES if kind.endswith("*") else _MESSAGE, below, _BYTES)
                table[number << 3 | _BYTES] = entry
                continue
            how, wire = _KINDS[kind]
            table[number << 3 | wire] = (name, how, "", wire)
            if how == _NUMBERS:
                table[number << 3 | _BYTES] = (name, how, "", wire)
    return done


def read(data: bytes, tables: dict[str, Table], message: str, most: int) -> dict[str, Any]:
    """Return a message as a dict: numbers as int, texts as bytes, large ones as (from, to).

    Args:
        data: the bytes.
        tables: of :func:`compiled`.
        message: which of them the bytes are.
        most: how many messages, and texts of lists, it may hold.

    Raises:
        MalformedMessage: it is cut off, too deep, has too many parts or a field twice.
        UnknownField: it has a field that the tables do not have.

    """
    return _Reader(data, tables, most).message(message, 0, len(data), 0)


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a number, signed in 64 bits, and the place behind it."""
    value = shift = 0
    while at < end and shift < 70:  # noqa: PLR2004
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004
            value &= 2**64 - 1
            return value - 2**64 if value >> 63 else value, at
        shift += 7
    raise MalformedMessage(f"a number does not end at byte {at}")


def _keep(found: dict[str, Any], name: str, how: int, value: Any) -> bool:
    """Put a field's value where it belongs; return False where it may not be there again."""
    if how == _COUNT:
        found[name] = found.get(name, 0) + 1
    elif how & 1:
        found.setdefault(name, []).append(value)
    elif how != _SKIP:
        if name in found:
            return False
        found[name] = value
    return True


class _Reader:
    def __init__(self, data: bytes, tables: dict[str, Table], most: int) -> None:
        self.data = data
        self.tables = tables
        self.left = most

    def message(self, kind: str, at: int, end: int, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise MalformedMessage(f"it is nested deeper than {_DEEPEST}")
        data, table, found = self.data, self.tables[kind], dict[str, Any]()
        found[SIZE] = end - at
        self._count()
        while at < end:
            start, tag = at, data[at]
            at += 1
            if tag > 0x7F:  # noqa: PLR2004
                tag, at = _varint(data, start, end)
            entry = table.get(tag)
            if entry is None:
                raise self._unknown(kind, tag, start)
            name, how, below, wire = entry
            if how == _NUMBERS:
                at = self._numbers(found.setdefault(name, Numbers()), tag, start, end, wire)
                continue
            if how == _NUMBER:
                value, at = self._number(at, end, wire)
            else:
                at, stop = self._span(at, end)
                value = self._value(how, below, at, stop, depth)
                at = stop
            if not _keep(found, name, how, value):
                raise MalformedMessage(f"{kind}.{name} is there twice, again at byte {start}")
        return found

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise MalformedMessage("it has more parts than a file of its size can need")

    def _span(self, at: int, end: int) -> tuple[int, int]:
        """Return where the bytes begin and end whose length stands here."""
        size, at = _varint(self.data, at, end)
        if size < 0 or at + size > end:
            raise MalformedMessage(f"it is cut off at byte {at}")
        return at, at + size

    def _value(self, how: int, below: str, at: int, stop: int, depth: int) -> Any:
        if below:
            return self.message(below, at, stop, depth + 1)
        if how not in (_TEXT, _TEXTS):
            return at, stop
        text = self.data[at:stop]
        if not (text.isascii() or _is_utf8(text)):
            raise MalformedMessage(f"the text at byte {at} is not UTF-8")
        return text

    def _number(self, at: int, end: int, wire: int) -> tuple[int, int]:
        if wire == _VARINT:
            return _varint(self.data, at, end)
        at += 4 if wire == _FIXED32 else 8
        if at > end:
            raise MalformedMessage(f"it is cut off at byte {end}")
        return 0, at

    def _numbers(self, into: Numbers, tag: int, start: int, end: int, wire: int) -> int:
        """Add a packed list, or all that follow one by one; return the place behind them."""
        self._count()  # of places, of which a list has one
        _, at = _varint(self.data, start, end)
        if tag & 7 == _BYTES:
            at, stop = self._span(at, end)
            into.places.append((at, stop, 0))
            into.count += self._packed(at, stop, wire)
            return stop
        _, stop = self._number(at, end, wire)
        count = 1
        if at - start == 1 and self.data[stop : stop + 1] == self.data[start:at]:
            run = _run(tag, wire).match(self.data, stop, end)
            more = run.end() if run else stop
            if wire == _VARINT:
                low = np.frombuffer(self.data, np.uint8, more - stop, stop) < 0x80  # noqa: PLR2004
                count += int(np.count_nonzero(low)) // 2
            else:
                count += (more - stop) // (stop - start)
            stop = more
        into.places.append((start, stop, tag))
        into.count += count
        return stop

    def _packed(self, at: int, stop: int, wire: int) -> int:
        if wire != _VARINT:
            width = 4 if wire == _FIXED32 else 8
            if (stop - at) % width:
                raise MalformedMessage(f"a list of numbers does not end at byte {stop}")
            return (stop - at) // width
        if at == stop:
            return 0
        low = np.frombuffer(self.data, np.uint8, stop - at, at) < 0x80  # noqa: PLR2004
        if not low[-1]:
            raise MalformedMessage(f"a number does not end at byte {stop}")
        return int(np.count_nonzero(low))

    def _unknown(self, kind: str, tag: int, at: int) -> ValueError:
        last = max(self.tables[kind]) >> 3
        # Later versions add fields behind the last one; others are not those of a graph.
        if tag & 7 in (_VARINT, _FIXED64, _BYTES, _FIXED32) and last < tag >> 3 <= last + _ROOM:
            return UnknownField(f"{kind} has a field {tag >> 3} at byte {at}")
        return MalformedMessage(
            f"{kind} has no field {tag >> 3} of wire type {tag & 7} (byte {at})"
        )


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _run(tag: int, wire: int) -> re.Pattern[bytes]:
    if (tag, wire) not in _RUNS:
        width = {_VARINT: rb"[\x80-\xff]{0,9}+[\x00-\x7f]", _FIXED32: rb".{4}", _FIXED64: rb".{8}"}
        _RUNS[tag, wire] = re.compile(
            rb"(?:" + re.escape(bytes([tag])) + width[wire] + rb")++", re.DOTALL
        )
    return _RUNS[tag, wire]
