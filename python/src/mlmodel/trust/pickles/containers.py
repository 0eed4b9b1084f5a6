"""What is around a pickle: compression, joblib's raw arrays, npy; known by the first bytes.

Nothing here unpickles or imports a library; expansion stops at a limit (TRU-020, TRU-021).
"""

from __future__ import annotations

import ast
import bz2
import lzma
import re
import zlib
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles.budget import EXPANSION, Budget, Spent
from mlmodel.trust.pickles.findings import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "COMPRESSED",
    "NpyHeader",
    "RefusedContainer",
    "detect",
    "expand",
    "foreign",
    "read_npy_header",
]

#: The containers that compress, and are opened.
COMPRESSED = frozenset({"zlib", "gzip", "bz2", "xz", "lzma"})
#: What is read at once, and what comes out of it at once.
_PIECE = 2**20
_CHUNK = 4 * 2**20
#: What a decompressor may keep: xz takes 65 MiB at its highest level.
_MOST_MEMORY = 96 * 2**20
_LONGEST_HEADER = 64 * 1024

_MAGIC = (
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bz2"),
    (b"\x5d\x00", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"ZF0x", "old joblib"),
    (b"\x78", "zlib"),
)

#: What no reader here opens, and what could run when another one does.
_FOREIGN = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, which may hold code"),
    (b"\x7fELF", "a native library"),
    (b"MZ\x90\x00", "a native library"),
    (b"\xcf\xfa\xed\xfe", "a native library"),
    (b"\xca\xfe\xba\xbe", "compiled code"),
    (b"#!", "a script"),
    *((start, "a serialized R object") for start in (
        b"X\n\0\0\0\2", b"X\n\0\0\0\3", b"A\n2\n", b"A\n3\n",
        b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n",
    )),
)  # fmt: skip


class RefusedContainer(Exception):
    """The container is one that is not opened; the message says which and why."""


def detect(data: bytes) -> str:
    """Return the name of the container: ``pickle`` when none is known."""
    return next((name for magic, name in _MAGIC if data.startswith(magic)), "pickle")


def foreign(start: bytes) -> str:
    """Return what a file is, by its first bytes, that no reader here opens; else nothing."""
    return next((what for magic, what in _FOREIGN if start.startswith(magic)), "")


def expand(
    data: bytes, container: str, most: int = EXPANSION[2], budget: Budget | None = None
) -> bytes:
    """Return what a compressed container holds: at most ``most`` bytes, and what the budget has.

    Without a budget the file is one by itself.

    Raises:
        RefusedContainer: it expands beyond the limit.
        Malformed: it is damaged, or more bytes follow it.

    """
    budget = budget if budget is not None else Budget(len(data))
    maker = _DECOMPRESSORS[container]()
    chunks, total = [], 0
    try:
        for chunk in _chunks(maker, memoryview(data), container):
            chunks.append(chunk)
            total += len(chunk)
            budget.expand(len(chunk))
            if total > most:
                raise RefusedContainer(f"it expands to more than {most} bytes")
    except Spent as error:
        raise RefusedContainer(str(error)) from None
    except MemoryError:
        raise RefusedContainer("it needs more memory to expand than its size warrants") from None
    except (zlib.error, OSError, EOFError, lzma.LZMAError) as error:
        raise Malformed(f"its {container} compression is damaged ({error})") from None
    return b"".join(chunks)


def _chunks(maker: Any, data: memoryview, container: str) -> Iterator[bytes]:
    """Yield what comes out, never more than one chunk ahead of who reads it."""
    for begin in range(0, len(data), _PIECE):
        rest: Any = data[begin : begin + _PIECE]
        while not maker.eof:
            chunk = maker.decompress(rest, _CHUNK)
            yield chunk
            rest = getattr(maker, "unconsumed_tail", b"")
            if not rest and len(chunk) < _CHUNK and getattr(maker, "needs_input", True):
                break
        if maker.eof:
            if maker.unused_data or begin + _PIECE < len(data):
                break
            return
    raise Malformed(f"its {container} compression does not end where the file ends")


_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "zlib": zlib.decompressobj,
    "gzip": lambda: zlib.decompressobj(31),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_MOST_MEMORY),
    "lzma": lambda: lzma.LZMADecompressor(memlimit=_MOST_MEMORY),
}


@dataclass(frozen=True, slots=True)
class NpyHeader:
    """The header of an npy file: numpy's ``descr``, and where the data begin."""

    descr: Any
    fortran: bool
    shape: tuple[int, ...]
    start: int

    @property
    def has_objects(self) -> bool:
        """Whether the data are a pickle of objects."""
        return "O" in repr(self.descr)

    @property
    def count(self) -> int:
        """The number of items."""
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        """The bytes of an item, as the header has it; -1 where that is not known."""
        return _size_of(self.descr)


_DESCRIPTION = re.compile(r"[<>=|]?([?a-zA-Z])(\d{0,9})(\[[^\]]{0,20}\])?\Z")


def _size_of(descr: Any) -> int:
    """Return the bytes of an item by numpy's description, without numpy."""
    if type(descr) is str and (match := _DESCRIPTION.match(descr)):
        kind, size = match.group(1), match.group(2)
        return int(size) * (4 if kind == "U" else 1) if size and kind != "O" else -1
    if type(descr) is not list:
        return -1
    total = 0
    for field in descr:
        if type(field) is not tuple or not 2 <= len(field) <= 3:  # noqa: PLR2004
            return -1
        size = _size_of(field[1])
        shape = field[2] if len(field) == 3 else ()  # noqa: PLR2004
        shape = (shape,) if type(shape) is int else shape
        right = type(shape) is tuple and all(type(one) is int and one >= 0 for one in shape)
        if size < 0 or not right:
            return -1
        total += size * prod(shape)
    return total


def read_npy_header(data: bytes) -> NpyHeader:
    """Read the header of an npy file without numpy.

    Raises:
        Malformed: it is not one.

    """
    width = 2 if data[6:7] == b"\x01" else 4
    start = 8 + width
    end = start + int.from_bytes(data[8:start], "little")
    if end > len(data) or end > _LONGEST_HEADER:
        raise Malformed("the header of the npy file is too long")
    try:
        header = ast.literal_eval(data[start:end].decode("utf-8").strip())
        shape = tuple(header["shape"])
        if not all(type(one) is int and one >= 0 for one in shape) or set(header) != {
            "descr",
            "fortran_order",
            "shape",
        }:
            raise Malformed("the header of the npy file is wrong")
        return NpyHeader(header["descr"], bool(header["fortran_order"]), shape, end)
    except (SyntaxError, ValueError, TypeError, KeyError, RecursionError, MemoryError):
        raise Malformed("the header of the npy file cannot be read") from None
