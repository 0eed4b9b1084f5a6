"""What is around a pickle: compression, joblib's raw arrays, npy; known by the first bytes.

Nothing here unpickles or imports a library; expansion stops at a limit (TRU-020, TRU-021).
"""

from __future__ import annotations

import ast
import bz2
import lzma
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any

from mlmodel.trust.pickles.findings import Malformed

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
#: A compressed file may expand to this much whatever its size, and to this many times its size,
#: and never to more than the last of the three.
EXPANSION = (64 * 2**20, 200, 8 * 2**30)
_CHUNK = 4 * 2**20
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


def expand(data: bytes, container: str, most: int = EXPANSION[2]) -> bytes:
    """Return what a compressed container holds: at most ``most`` bytes.

    Raises:
        RefusedContainer: it expands beyond the limit.
        Malformed: it is damaged, or more bytes follow it.

    """
    limit = min(max(EXPANSION[0], EXPANSION[1] * len(data)), most)
    makers: dict[str, Any] = {
        "zlib": zlib.decompressobj,
        "gzip": lambda: zlib.decompressobj(31),
        "bz2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(memlimit=2**28),
        "lzma": lambda: lzma.LZMADecompressor(memlimit=2**28),
    }
    maker = makers[container]()
    chunks, total, rest = [], 0, data
    try:
        while not maker.eof:
            chunk = maker.decompress(rest, _CHUNK)
            rest = getattr(maker, "unconsumed_tail", b"")
            if not chunk and not rest and (maker.eof or getattr(maker, "needs_input", True)):
                break
            chunks.append(chunk)
            total += len(chunk)
            if total > limit:
                raise RefusedContainer(f"it expands to more than {limit} bytes")
    except (zlib.error, OSError, EOFError, lzma.LZMAError) as error:
        raise Malformed(f"its {container} compression is damaged ({error})") from None
    if not maker.eof or maker.unused_data:
        raise Malformed(f"its {container} compression does not end where the file ends")
    return b"".join(chunks)


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
