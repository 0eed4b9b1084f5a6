"""JSON texts inside the YAML file: parsed at C speed, with positions where one is asked for."""

from __future__ import annotations

import json
import re
from array import array
from itertools import islice
from json.decoder import scanstring as _scanstring  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["JsonError", "JsonText", "Member"]

# typeshed does not know the function; it is the one that json's own decoder uses.
_scan: Callable[..., tuple[str, int]] = _scanstring
_SPACE = re.compile(r"[ \t\r\n]*")
#: A text or a sign; numbers and names stand between them.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{},]')
_OPENING, _CLOSING = frozenset("[{"), frozenset("]}")
_DECODER = json.JSONDecoder()
#: Levels below the list or object that a text is (SIG-001).
_MAX_DEPTH = 64
_NESTED = (dict, list)
#: How many digits the position of an item may have.
_LONGEST_INDEX = 10


class JsonError(NamedTuple):
    """Why a text is not JSON, and at which offset."""

    message: str
    offset: int


class Member(NamedTuple):
    """One member of an object or item of a list: its key, and where key and value begin."""

    key: str
    key_offset: int
    offset: int


class _Open:
    """An object or list of which the end was not come to yet."""

    __slots__ = ("awaits_key", "key", "seen")

    def __init__(self, seen: set[str] | None) -> None:
        #: The keys of an object so far; None for a list.
        self.seen = seen
        self.awaits_key = seen is not None
        self.key: str | int = 0

    def next(self) -> None:
        """Go on behind a comma."""
        if isinstance(self.key, int):
            self.key += 1
        self.awaits_key = self.seen is not None


class JsonText:
    """A JSON text with its value, or with the error that keeps it from having one.

    ``repeated`` says whether an object holds a key twice (the later one is in ``value``).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.value: Any = None
        self.error: JsonError | None = None
        self.repeated = False
        self._by_key: dict[int, dict[str, tuple[int, int]]] = {}
        self._items: dict[int, tuple[array[int], Iterator[Member]]] = {}
        self._parse()

    def _parse(self) -> None:
        deep = False
        try:
            self.value = json.loads(self.text)
            deep, keys = _measure(self.value, self.text)
            # Every key is followed by a colon: where there are no more of them, no key was lost.
            if keys != self.text.count(":"):
                json.loads(self.text, object_pairs_hook=self._object)
        except json.JSONDecodeError as error:
            self.error = JsonError(error.msg, error.pos)
        except RecursionError:
            deep = True
        except ValueError as error:
            # Python refuses to read an integer of thousands of digits.
            self.error = JsonError(str(error).partition(";")[0], 0)
        if self.error is None and deep:
            self.value = None
            self.error = JsonError(
                f"more than {_MAX_DEPTH} levels of lists and objects stand below its first", 0
            )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self.repeated = True
        return found

    def offset(self, tokens: list[str]) -> int:
        """Return where the value at a path begins, or the nearest value above it."""
        return self._walk(tokens)[1]

    def key_offset(self, tokens: list[str]) -> int:
        """Return where the key at a path begins (a list's item: the item)."""
        return self._walk(tokens)[0]

    def _walk(self, tokens: list[str]) -> tuple[int, int]:
        key_offset = offset = self._skip(0)
        for token in tokens:
            found = self._below(offset, token)
            if found is None:
                break
            key_offset, offset = found
        return key_offset, offset

    def _below(self, offset: int, token: str) -> tuple[int, int] | None:
        """Return where key and value of the member ``token`` begin, of what begins at an offset."""
        opening = self.text[offset : offset + 1]
        if opening == "[":
            at = (
                self._item(offset, int(token))
                if token.isdecimal() and len(token) <= _LONGEST_INDEX
                else None
            )
            return None if at is None else (at, at)
        if opening == "{" and offset not in self._by_key:
            # Of a repeated key the last one is the one that was read.
            self._by_key[offset] = {
                member.key: (member.key_offset, member.offset) for member in self.members(offset)
            }
        return self._by_key[offset].get(token) if opening == "{" else None

    def _item(self, offset: int, index: int) -> int | None:
        """Return where an item of the list at an offset begins; those behind it are not read."""
        if offset not in self._items:
            self._items[offset] = array("q"), self._list_members(offset + 1)
        known, further = self._items[offset]
        known.extend(member.offset for member in islice(further, max(0, index + 1 - len(known))))
        return known[index] if index < len(known) else None

    def repeated_keys(self) -> Iterator[tuple[list[str], int]]:
        """Give every second occurrence of a key in an object: its path, and where it begins.

        The text is gone through once, however deep it is nested.
        """
        open_: list[_Open] = []
        for token in _TOKEN.finditer(self.text):
            sign = token[0]
            if sign in _CLOSING:
                open_.pop()
            elif sign in _OPENING:
                open_.append(_Open(None if sign == "[" else set()))
            elif sign == ",":
                open_[-1].next()
            elif open_ and open_[-1].awaits_key:
                inner = open_[-1]
                inner.key, inner.awaits_key = _scan(self.text, token.start() + 1)[0], False
                if inner.seen is not None and inner.key in inner.seen:
                    yield [str(one.key) for one in open_], token.start()
                elif inner.seen is not None:
                    inner.seen.add(inner.key)

    def members(self, offset: int) -> Iterator[Member]:
        """Give the members of the object or list that begins at ``offset`` (else none)."""
        opening = self.text[offset : offset + 1]
        scan = {"{": self._object_members, "[": self._list_members}.get(opening)
        return scan(offset + 1) if scan else iter(())

    def _object_members(self, at: int) -> Iterator[Member]:
        at = self._skip(at)
        while self.text[at] == '"':
            key, end = _scan(self.text, at + 1)
            start = self._skip(self._skip(end) + 1)
            yield Member(key, at, start)
            at = self._skip(_DECODER.raw_decode(self.text, start)[1])
            if self.text[at] == ",":
                at = self._skip(at + 1)

    def _list_members(self, at: int) -> Iterator[Member]:
        at = self._skip(at)
        index = 0
        while self.text[at] != "]":
            yield Member(str(index), at, at)
            at = self._skip(_DECODER.raw_decode(self.text, at)[1])
            if self.text[at] == ",":
                at = self._skip(at + 1)
            index += 1

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at


def _measure(value: Any, text: str) -> tuple[bool, int]:
    """Return whether a value is nested too deep, and if not how many keys its objects have."""
    keys, level = 0, [value]
    # Every object and list begins with a bracket: without any left nothing is below.
    left = text.count("{") + text.count("[")
    for _ in range(_MAX_DEPTH + 1):
        left -= len(level)
        keys += sum(map(len, [item for item in level if item.__class__ is dict]))
        if left <= 0:
            return False, keys
        level = [
            member
            for item in level
            if item.__class__ in _NESTED
            for member in (item.values() if item.__class__ is dict else item)
            if member.__class__ in _NESTED
        ]
        if not level:
            return False, keys
    return True, keys
