"""The zip archive of a skops file: its names, sizes and arrays (TRU-041, TRU-060)."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import IO, TYPE_CHECKING

from mlmodel.trust.pickles.checks import MOST_EMPTY
from mlmodel.trust.pickles.containers import detect, read_npy_header

if TYPE_CHECKING:
    from mlmodel.trust.pickles.budget import Budget

__all__ = ["Contents", "Damaged", "look_into", "members"]

MOST_ENTRIES = 100_000
#: The tree may have so many bytes, or so many times the bytes that it is stored in.
LARGEST_SCHEMA = (8 * 2**20, 40)
_LONGEST_HEADER = 64 * 1024
_MOST_MEMBERS = 16


class Damaged(Exception):
    """The file is not whole, or not one that skops writes; the message says why."""


class Contents:
    """The bytes of an archive's files, as what tells them from others; each is read once."""

    def __init__(self, archive: zipfile.ZipFile, names: frozenset[str]) -> None:
        self.names = names
        self._archive = archive
        self._known: dict[str, bytes] = {}

    def digest(self, name: str) -> bytes:
        """Return the SHA-256 of a file, whose size :func:`members` has looked at."""
        if name not in self._known:
            self._known[name] = hashlib.sha256(self._archive.read(name)).digest()
        return self._known[name]


def members(archive: zipfile.ZipFile, budget: Budget) -> frozenset[str]:
    """Return the names of its files.

    Raises:
        Damaged: they are too many or too large, or not the names of files within it.

    """
    entries = archive.infolist()
    names = frozenset(entry.filename for entry in entries)
    if len(entries) > MOST_ENTRIES or len(names) != len(entries):
        raise Damaged("its zip archive holds too many files, or one name twice")
    budget.expand(sum(entry.file_size for entry in entries))
    odd = [
        name for name in names if name.startswith("/") or "\\" in name or ".." in name.split("/")
    ]
    if odd or any(entry.flag_bits & 1 for entry in entries):
        raise Damaged("its zip archive holds encrypted files, or paths that lead out of it")
    if "schema.json" not in names:
        raise Damaged("it has no schema.json")
    schema = archive.getinfo("schema.json")
    if schema.file_size > max(LARGEST_SCHEMA[0], LARGEST_SCHEMA[1] * schema.compress_size):
        raise Damaged("its schema.json is too large for what it is stored in (TRU-059)")
    return names


def look_into(
    archive: zipfile.ZipFile, arrays: set[str], matrices: set[str], budget: Budget
) -> dict[str, int]:
    """Check the arrays: numpy sets memory aside by what their headers say (TRU-060).

    Returns:
        The bytes that each array holds.

    """
    sizes = {}
    for name in sorted(arrays):
        with archive.open(name) as member:
            sizes[name] = _check_array(member, archive.getinfo(name).file_size)
    for name in sorted(matrices):
        _look_into_matrix(archive.read(name), budget)
    return sizes


def _look_into_matrix(data: bytes, budget: Budget) -> None:
    """Check a sparse matrix: an archive of arrays within the archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as inner:
        entries = inner.infolist()
        budget.expand(sum(entry.file_size for entry in entries))
        odd = len({entry.filename for entry in entries}) != len(entries)
        if odd or len(entries) > _MOST_MEMBERS:
            raise Damaged("a sparse matrix in it holds too many files, or one name twice")
        for entry in entries:
            if not entry.filename.endswith(".npy") or entry.flag_bits & 1:
                raise Damaged("a sparse matrix in it holds something else than arrays")
            with inner.open(entry) as member:
                _check_array(member, entry.file_size)


def _check_array(member: IO[bytes], size: int) -> int:
    start = member.read(_LONGEST_HEADER)
    if detect(start) != "npy":
        raise Damaged("an array in it is something else than an npy file")
    header = read_npy_header(start)
    right = header.itemsize >= 0 and header.start + header.count * header.itemsize == size
    if not right or (not header.itemsize and header.count > MOST_EMPTY):
        raise Damaged("an array in it is of another size than its header says")
    return size - header.start
