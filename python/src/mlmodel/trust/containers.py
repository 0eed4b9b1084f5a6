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

from mlmodel.trust.findings import Malformed

__all__ = ["NpyHeader", "RefusedContainer", "detect", "expand", "read_npy_header"]

#: A compressed file may expand to this much whatever its size, and to this many times its size,
#: and never to more than the last of the three.
EXPANSION = (256 * 2**20, 200, 8 * 2**30)
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
    (b"ZF", "old joblib"),
    (b"\x78", "zlib"),
)


class RefusedContainer(Exception):
    """The container is one that is not opened; the message says which and why."""


def detect(data: bytes) -> str:
    """Return the name of the container: ``pickle`` when none is known."""
    return next((name for magic, name in _MAGIC if data.startswith(magic)), "pickle")


def expand(data: bytes, container: str) -> bytes:
    """Return what a compressed container holds.

    Raises:
        RefusedContainer: it expands beyond the limit.
        Malformed: it is damaged, or more bytes follow it.

    """
    limit = min(max(EXPANSION[0], EXPANSION[1] * len(data)), EXPANSION[2])
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
