"""Files of HDF5, read without HDF5's compiled library: groups, arrays, and texts about them.

That library follows the addresses and sizes of a file, and files are known that end the process.
So a file that nobody vouches for is read here, in the one form that h5py writes unless it is told
otherwise (old groups, arrays in one piece, no filters), and every place is held to the file.
:func:`written` makes a new file of what was read, which is all that the library ever sees.

Whatever is in another form raises :class:`AnotherForm`: nothing is wrong with it, but it is not
read.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from math import prod
from struct import Struct, unpack_from
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.trust.pickles.budget import Budget, Spent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

__all__ = ["MAGIC", "AnotherForm", "Array", "Dataset", "Group", "MalformedFile", "read", "written"]

MAGIC = b"\x89HDF\r\n\x1a\n"
_NOWHERE = 2**64 - 1
_DEEPEST = 64
#: The kinds of messages that are read, and those that say nothing of what is in the file.
_SPACE, _TYPE, _LAYOUT, _ATTRIBUTE, _MORE, _TABLE = 0x01, 0x03, 0x08, 0x0C, 0x10, 0x11
#: The kinds of values, and of a text's place.
_INTEGER, _FLOAT, _CHARACTERS, _OPAQUE, _NAMED, _LISTED = 0, 1, 3, 5, 8, 9
_PLACE = 16
#: Versions of a layout and of an attribute.
_THIRD = 3
_IDLE = frozenset((0x00, 0x04, 0x05, 0x0D, 0x0E, 0x12, 0x13, 0x16))
_SHARED = 0x02
#: The kind of shape that has no value.
_EMPTY = 2
_FLOATS = {2: (15, 10, 5, 0, 10, 15), 4: (31, 23, 8, 0, 23, 127), 8: (63, 52, 11, 0, 52, 1023)}
_MOST_AXES = 32
_OBJECT = Struct("<HHIQ")
_MESSAGE = Struct("<HHB3x")
_ENTRY = Struct("<QQI4x16x")


class MalformedFile(ValueError):
    """The bytes are not a whole file; the text says what is wrong where."""


class AnotherForm(ValueError):
    """A form that is not read here; the text says which, as the middle of a sentence."""


class Array(NamedTuple):
    """Numbers of a file, where they stand in it; ``dtype`` is numpy's."""

    dtype: str
    shape: tuple[int, ...]
    body: memoryview

    def of_numpy(self) -> Any:
        """Return the array, which is part of the file's bytes and no copy."""
        import numpy as np  # what a file is can be told without it

        return np.frombuffer(self.body, self.dtype).reshape(self.shape)


@dataclass(slots=True)
class Dataset:
    """An array, and the texts about it."""

    values: Array
    attributes: dict[str, Any]


@dataclass(slots=True)
class Group:
    """What is in a group, by name, and the texts and arrays about it."""

    members: dict[str, Group | Dataset] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def datasets(self) -> Iterator[Array]:
        """Give every array at any depth."""
        for member in self.members.values():
            if isinstance(member, Group):
                yield from member.datasets()
            else:
                yield member.values


def read(data: bytes, budget: Budget | None = None) -> Group:
    """Return what a file holds: texts, lists of texts, arrays that are parts of ``data``.

    Raises:
        MalformedFile: it is cut off, leads out of itself or in a circle, or holds a part twice.
        AnotherForm: it is written in a way that is not read here.

    """
    try:
        return _Reader(data, budget or Budget(stored=len(data))).root()
    except Spent as error:
        raise MalformedFile(str(error)) from None
    except RecursionError:
        raise MalformedFile("it is nested too deep") from None


def written(group: Group, h5py: ModuleType) -> io.BytesIO:
    """Return a new file of what was read."""
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        _write(group, file)
    target.seek(0)
    return target


def _write(group: Group, into: Any) -> None:
    _describe(group.attributes, into)
    for name, member in group.members.items():
        if isinstance(member, Group):
            _write(member, into.create_group(name))
        else:
            _describe(member.attributes, into.create_dataset(name, data=member.values.of_numpy()))


def _describe(attributes: Mapping[str, Any], made: Any) -> None:
    for name, value in attributes.items():
        made.attrs[name] = value.of_numpy() if isinstance(value, Array) else value


class _Kind(NamedTuple):
    """The type of an element, as numpy has it; nothing for texts that stand elsewhere."""

    dtype: str
    size: int


class _Reader:
    def __init__(self, data: bytes, budget: Budget) -> None:
        self.data = data
        self.budget = budget
        self.seen = set[int]()
        self.heaps = dict[int, dict[int, bytes]]()
        #: Bytes of arrays and texts that may still be found: no honest file has them twice.
        self.left = len(data)

    def root(self) -> Group:
        if not self.data.startswith(MAGIC):
            raise MalformedFile("it does not begin as an HDF5 file does")
        version, offsets, lengths = *self._at("<B", 8), *self._at("<BB", 13)
        if version != 0:
            raise AnotherForm(f"a superblock of version {version}")
        if (offsets, lengths) != (8, 8):
            raise AnotherForm(f"addresses of {offsets} and {lengths} bytes")
        base, _, end, driver = self._at("<QQQQ", 24)
        if base != 0 or driver != _NOWHERE:
            raise AnotherForm("a base address or a driver")
        if end > len(self.data):
            raise MalformedFile(f"it is cut off: {len(self.data):,} bytes of {end:,}")
        _, address, kind = _ENTRY.unpack(self._part(56, 40))
        if kind > 1:
            raise AnotherForm("a root that is a link")
        found = self._object(address, 0)
        if not isinstance(found, Group):
            raise MalformedFile("its root is not a group")
        return found

    def _at(self, form: str, place: int) -> tuple[Any, ...]:
        size = Struct(form).size
        return unpack_from(form, self._part(place, size))

    def _part(self, place: int, size: int) -> memoryview:
        if place < 0 or size < 0 or place + size > len(self.data):
            raise MalformedFile(f"it leads to byte {place + size:,} of {len(self.data):,}")
        return memoryview(self.data)[place : place + size]

    def _first(self, place: int, what: str) -> None:
        """See a place of the file for the first time: none is there twice, nor in a circle."""
        if place in self.seen:
            raise MalformedFile(f"{what} at byte {place:,} is there twice")
        self.seen.add(place)
        self.budget.count(1, 8)

    def _take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise MalformedFile("its arrays and texts overlap")

    def _object(self, address: int, depth: int) -> Group | Dataset:
        self._first(address, "an object")
        if depth > _DEEPEST:
            raise MalformedFile(f"its groups are nested deeper than {_DEEPEST}")
        found: dict[int, Any] = {}
        attributes: dict[str, Any] = {}
        for kind, body in self._messages(address):
            if kind == _ATTRIBUTE:
                _once(attributes, *self._attribute(body))
            elif kind in (_SPACE, _TYPE, _LAYOUT, _TABLE):
                _once(found, kind, body)
            elif kind not in _IDLE:
                raise AnotherForm(f"a message of kind {kind}")
        if _TABLE in found:
            if len(found) > 1:
                raise MalformedFile("an object is a group and an array")
            return Group(self._members(found[_TABLE], depth), attributes)
        if found.keys() != {_SPACE, _TYPE, _LAYOUT}:
            raise AnotherForm("an object that is neither a group nor an array")
        return Dataset(self._array(found), attributes)

    def _messages(self, address: int) -> Iterator[tuple[int, memoryview]]:
        version, count, size = self._at("<BxH4xI4x", address)
        if version != 1:
            raise AnotherForm("an object header of a later version")
        blocks: list[tuple[Any, ...]] = [(address + 16, size)]
        while blocks:
            place, length = blocks.pop(0)
            block, at = self._part(place, length), 0
            while at + _MESSAGE.size <= length and count:
                kind, held, flags = _MESSAGE.unpack_from(block, at)
                at += _MESSAGE.size
                if at + held > length:
                    raise MalformedFile(f"a message at byte {place + at:,} is cut off")
                if flags & _SHARED:
                    raise AnotherForm("a message that is shared")
                self.budget.count(1, 8)
                body = block[at : at + held]
                at, count = at + held, count - 1
                if kind == _MORE:
                    more = _fields("<QQ", body)
                    self._first(more[0], "a header")
                    blocks.append(more)
                else:
                    yield kind, body

    def _members(self, body: memoryview, depth: int) -> dict[str, Group | Dataset]:
        tree, heap = _fields("<QQ", body)
        mark, version, size, start = self._at("<4sB3xQ8xQ", heap)
        if (mark, version) != (b"HEAP", 0):
            raise MalformedFile("a group has no names")
        names = bytes(self._part(start, size))
        self._take(size)
        members: dict[str, Group | Dataset] = {}
        for offset, address in self._entries(tree, 0):
            end = names.find(b"\0", offset)
            if offset >= size or end < 0:
                raise MalformedFile("a name does not end")
            name = _text(names[offset:end])
            if not name or "/" in name or name in (".", "..") or name in members:
                raise MalformedFile(f"{name!r} is not the name of a member, or is there twice")
            members[name] = self._object(address, depth + 1)
        return members

    def _entries(self, tree: int, depth: int) -> Iterator[tuple[int, int]]:
        """Give the place of its name and the address of each member, in the file's order."""
        self._first(tree, "a table")
        if depth > _DEEPEST:
            raise MalformedFile("a table is nested too deep")
        mark = bytes(self._part(tree, 4))
        if mark == b"SNOD":
            (count,) = self._at("<6xH", tree)
            block = self._part(tree + 8, count * _ENTRY.size)
            for name, address, kind in _ENTRY.iter_unpack(block):
                if kind > 1:
                    raise AnotherForm("a link")
                yield name, address
        elif mark == b"TREE":
            kind, count = self._at("<4xBxH", tree)
            if kind != 0:
                raise MalformedFile("a table of a group is none")
            block = self._part(tree + 24, 8 + 16 * count)
            for place in range(count):
                (child,) = unpack_from("<8xQ", block, 16 * place)
                yield from self._entries(child, depth + 1)
        else:
            raise MalformedFile(f"there is no table at byte {tree:,}")

    def _array(self, found: dict[int, Any]) -> Any:
        shape, kind = _shape(found[_SPACE]), self._kind(found[_TYPE])
        if not kind.dtype or kind.dtype.startswith("S"):
            raise AnotherForm("an array of texts")
        if shape is None:
            raise AnotherForm("an array of no values")
        version, form = _fields("<BB", found[_LAYOUT])
        if version != _THIRD:
            raise AnotherForm(f"a layout of version {version}")
        size = prod(shape) * kind.size
        if form == 0:
            (held,) = _fields("<2xH", found[_LAYOUT])
            body = found[_LAYOUT][4 : 4 + held]
        elif form == 1:
            address, held = _fields("<2xQQ", found[_LAYOUT])
            empty = address == _NOWHERE and size == 0
            body = memoryview(b"") if empty else self._part(address, size)
            if address == _NOWHERE and size:
                raise AnotherForm("an array that was never written")
        else:
            raise AnotherForm("an array in pieces, which may be compressed")
        if held < size or len(body) < size:
            raise MalformedFile("an array has fewer bytes than its shape says")
        self._take(size)
        return Array(kind.dtype, shape, body[:size])

    def _attribute(self, body: memoryview) -> tuple[str, Any]:
        version, flags, *sizes = _fields("<BBHHH", body)
        at = 8 + (version == _THIRD)
        if not 1 <= version <= _THIRD or (version > 1 and flags):
            raise AnotherForm("an attribute of another version, or one that is shared")
        parts = []
        for size in sizes:
            parts.append(body[at : at + size])
            at += size if version > 1 else -(-size // 8) * 8
        name = _text(bytes(parts[0]).partition(b"\0")[0])
        kind, shape = self._kind(parts[1]), _shape(parts[2])
        if not name:
            raise MalformedFile("an attribute has no name")
        if shape is None:
            raise AnotherForm("an attribute of no value")
        size = prod(shape) * kind.size
        values = body[at : at + size]
        if len(values) < size:
            raise MalformedFile(f"the attribute {name!r} is cut off")
        if kind.dtype and not kind.dtype.startswith("S"):
            return name, Array(kind.dtype, shape, values)
        if len(shape) > 1:
            raise AnotherForm("a table of texts")
        texts = [self._text_of(kind, values[n : n + kind.size]) for n in range(0, size, kind.size)]
        return name, texts if shape else texts[0]

    def _text_of(self, kind: _Kind, value: memoryview) -> str:
        return _text(bytes(value).rstrip(b"\0")) if kind.dtype else self._held(value)

    def _kind(self, body: memoryview) -> _Kind:
        first, bits, size = _fields("<BB2xI", body)
        sort, dtype = first & 0x0F, None
        order = ">" if bits & 1 else "<"
        if sort == _INTEGER and size in (1, 2, 4, 8):
            if _fields("<8xHH", body) != (0, 8 * size):
                raise AnotherForm("integers of an odd number of bits")
            dtype = f"{order}{'i' if bits & 8 else 'u'}{size}"
        elif sort == _FLOAT and size in _FLOATS and not bits & 0x40:
            (sign,) = _fields("<2xB", body)
            offset, precision, *places = _fields("<8xHHBBBBI", body)
            if (offset, precision) != (0, 8 * size) or (sign, *places) != _FLOATS[size]:
                raise AnotherForm("floating-point numbers of another kind")
            dtype = f"{order}f{size}"
        elif sort == _CHARACTERS and 0 < size < 2**16:
            dtype = f"S{size}"
        elif sort == _OPAQUE and size in (1, 2):  # numbers that numpy lacks, such as bfloat16
            dtype = f"V{size}"
        elif sort == _NAMED and size == 1 and _is_truth(body):
            dtype = "?"
        elif sort == _LISTED and bits & 0x0F == 1 and size == _PLACE:
            dtype = ""
        if dtype is None:
            raise AnotherForm(f"values of kind {sort}")
        return _Kind(dtype, size)

    def _held(self, pointer: memoryview) -> str:
        """Return a text that stands in a heap of the file."""
        length, heap, number = _fields("<IQI", pointer)
        if length == 0:
            return ""
        if heap not in self.heaps:
            self.heaps[heap] = self._heap(heap)
        if number not in self.heaps[heap] or length > len(self.heaps[heap][number]):
            raise MalformedFile("a text is not where the file says")
        self._take(length)
        return _text(self.heaps[heap][number][:length].rstrip(b"\0"))

    def _heap(self, address: int) -> dict[int, bytes]:
        self._first(address, "a heap")
        mark, version, size = self._at("<4sB3xQ", address)
        if (mark, version) != (b"GCOL", 1):
            raise MalformedFile(f"there is no heap at byte {address:,}")
        block, at, found = self._part(address, size), 16, dict[int, bytes]()
        while at + _OBJECT.size <= size:
            number, _, _, held = _OBJECT.unpack_from(block, at)
            if number == 0:
                break
            at += _OBJECT.size
            if at + held > size or number in found:
                raise MalformedFile("a text in a heap is cut off, or there twice")
            self.budget.count(1, 8)
            found[number] = bytes(block[at : at + held])
            at += -(-held // 8) * 8
        return found


def _once(found: dict[Any, Any], name: Any, value: Any) -> None:
    if name in found:
        raise MalformedFile(f"an object has {name!r} twice")
    found[name] = value


def _is_truth(body: memoryview) -> bool:
    """Return whether names of values are those of truth values, as h5py writes them."""
    count, rest = *_fields("<xH", body), bytes(body[8:])
    return count == len((False, True)) and b"FALSE\0" in rest and b"TRUE\0" in rest


def _fields(form: str, body: memoryview) -> tuple[Any, ...]:
    if len(body) < Struct(form).size:
        raise MalformedFile("a message is shorter than its kind")
    return unpack_from(form, body)


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise MalformedFile("a text is not UTF-8") from None
    if "\0" in text:
        raise MalformedFile("a text holds a byte of zero")
    return text


def _shape(body: memoryview) -> tuple[int, ...] | None:
    """Return the lengths of the axes, none for a single value; None for no value at all."""
    version, axes, flags = _fields("<BBB", body)
    if version not in (1, 2) or axes > _MOST_AXES:
        raise AnotherForm("a shape of another version")
    start = 8 if version == 1 else 4
    if version > 1 and body[3] == _EMPTY:
        return None
    shape = _fields(f"<{start}x{axes}Q", body)
    most = _fields(f"<{start + 8 * axes}x{axes}Q", body) if flags & 1 else shape
    if prod(shape) > 2**62 or most != shape:
        raise (
            AnotherForm("an array that may grow")
            if most != shape
            else MalformedFile("a shape is larger than any file")
        )
    return shape
