"""The zip archives that torch writes: what they are, and the storages of those that are data.

Of three kinds one is data: a pickle of tensors and plain values, as a state dict is. A TorchScript
program is code that torch's interpreter runs, and writes files where it says so; an exported
program names operators and holds expressions that torch evaluates as Python.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlmodel._base.texts import first_names
from mlmodel.trust.pickles.budget import Budget, Spent
from mlmodel.trust.pickles.findings import Malformed
from mlmodel.trust.pickles.scanner import scan
from mlmodel.trust.torch_pickle import BY_DTYPE, NotPlain, Storage, read
from mlmodel.trust.zip_stream import Bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import BinaryIO

__all__ = ["EXPORTED", "LEGACY", "PICKLE", "SCRIPT", "Archive", "described", "kind_of"]

#: What a file of torch is.
PICKLE = "pickle"
SCRIPT = "script"
EXPORTED = "exported"
#: The pickles one after the other that torch wrote before 1.6, by their first bytes.
LEGACY = "legacy"
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."

#: A file of exported programs that torch wrote up to 2.7, whose archives have no folder.
_PROGRAM_OF_2_7 = "serialized_exported_program.json"
#: What stands in an archive of ``torch.save``.
_OF_A_PICKLE = re.compile(
    r"[^/]*/(data\.pkl|data/\d+|byteorder|version|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id)"
)
_MOST_ENTRIES = 100_000
_OTHER_SIZE = "a storage in it has another size than its pickle says"
_ITS_PICKLE = "data.pkl"
_LARGEST_PICKLE = 2**30
#: What is read at once.
_PIECE = 2**20
#: How an archive ends: a record that begins so, of so many bytes.
_END = b"PK\5\6"
_SIZE_OF_END = 22
_UNREADABLE = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error,
    ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Archive:
    """One archive, of which only what is asked for is read.

    ``root`` is the folder in it that holds all the rest.
    """

    zip: zipfile.ZipFile
    root: str
    names: frozenset[str]

    @classmethod
    def of(cls, data: bytes | BinaryIO, budget: Budget) -> Archive:
        """Open an archive: its bytes, or a file of which no more is read than is asked for.

        Raises:
            Malformed: it is none, or not one that torch writes.
            Spent: it expands to more than its size warrants.

        """
        stream = Bounded(io.BytesIO(data) if isinstance(data, bytes) else data)
        try:
            opened = zipfile.ZipFile(stream)
        except _UNREADABLE as error:
            raise Malformed(f"its zip archive cannot be read ({error})") from None
        entries = opened.infolist()
        stream.seek(-_SIZE_OF_END, io.SEEK_END)
        is_last = stream.read(len(_END)) == _END
        if not is_last or min((one.header_offset for one in entries), default=0):
            raise Malformed("bytes stand before or behind its zip archive")
        names = frozenset(entry.filename for entry in entries)
        if len(entries) > _MOST_ENTRIES or len(names) != len(entries):
            raise Malformed("its zip archive holds too many files, or one name twice")
        roots = {name.partition("/")[0] for name in names}
        if _PROGRAM_OF_2_7 in names:
            roots = {""}
        if len(roots) != 1:
            raise Malformed("its zip archive holds more than one folder, or none")
        plain = [entry.file_size for entry in entries if entry.compress_type == zipfile.ZIP_STORED]
        if sum(plain) > stream.seek(0, io.SEEK_END):
            raise Malformed("the files in its zip archive are larger than it is")
        budget.expand(sum(entry.file_size for entry in entries) - sum(plain))
        return cls(opened, roots.pop(), names)

    def has(self, name: str) -> bool:
        """Return whether it has a file of this name below its root."""
        return f"{self.root}/{name}" in self.names

    def _size_of(self, name: str) -> int:
        if not self.has(name):
            raise Malformed(f"its zip archive lacks {name[:60]!r}")
        return self.zip.getinfo(f"{self.root}/{name}").file_size

    def read(self, name: str) -> bytes:
        """Return the bytes of a file below its root.

        Raises:
            Malformed: it is not there, or is damaged.

        """
        try:
            with self.zip.open(f"{self.root}/{name}") as stream:
                return b"".join(iter(lambda: stream.read(_PIECE), b""))
        except KeyError:
            raise Malformed(f"its zip archive lacks {name[:60]!r}") from None
        except _UNREADABLE as error:
            raise Malformed(f"its zip archive cannot be read ({error})") from None

    @cached_property
    def kind(self) -> str:
        """``script``, ``exported``, ``pickle``, or nothing where it is none of torch's."""
        if _PROGRAM_OF_2_7 in self.names:
            return EXPORTED
        if self.has("constants.pkl"):
            return SCRIPT
        if self.has("archive_format") or any(
            name.startswith(f"{self.root}/models/") for name in self.names
        ):
            return EXPORTED
        return PICKLE if self.has("data.pkl") else ""

    def plain(self, budget: Budget, make: Callable[[Any], Any] = lambda leaf: leaf) -> Any:
        """Return what its pickle holds, tensors and plain values alone, as :func:`read` does.

        Raises:
            NotPlain, Malformed, Spent: as :func:`mlmodel.trust.torch_pickle.read`.

        """
        others = [name for name in self.names if not _OF_A_PICKLE.fullmatch(name)]
        if others:
            raise NotPlain(f"the file {others[0][:60]!r}, which torch.save does not write")
        if self.has("byteorder") and self.read("byteorder") != b"little":
            raise NotPlain("numbers in the byte order of another machine")
        if self._size_of(_ITS_PICKLE) > _LARGEST_PICKLE:
            raise Malformed("its pickle is too large to be read")
        return read(self.read(_ITS_PICKLE), budget, make)

    def require(self, one: Storage) -> None:
        """Hold a storage against its file, of which no more is read than that needs.

        Raises:
            Malformed: as :meth:`storage`.

        """
        if self._size_of(f"data/{one.key}") != one.count * BY_DTYPE[one.dtype]:
            raise Malformed(_OTHER_SIZE)
        if one.dtype == "bool":
            self.storage(one)

    def storage(self, one: Storage) -> bytes:
        """Return the bytes of a storage, which are as many as its pickle says.

        Raises:
            Malformed: they are not, or truth values in it are neither 0 nor 1.

        """
        data = self.read(f"data/{one.key}")
        if len(data) != one.count * BY_DTYPE[one.dtype]:
            raise Malformed(_OTHER_SIZE)
        if one.dtype == "bool" and data.strip(b"\0\1"):
            raise Malformed("truth values in it are neither 0 nor 1")
        return data


def kind_of(data: bytes | BinaryIO) -> str:
    """Return what a file of torch is, by its bytes or the open file; nothing where it is none."""
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    stream.seek(0)
    start = stream.read(len(_LEGACY))
    if start == _LEGACY:
        return LEGACY
    if not start.startswith(b"PK"):
        return ""
    try:
        return Archive.of(stream, _budget_of(stream)).kind
    except (Malformed, Spent):
        return ""


def _budget_of(stream: BinaryIO) -> Budget:
    return Budget(stream.seek(0, io.SEEK_END))


def described(data: BinaryIO, allow: Collection[str] = ()) -> tuple[str, bool] | None:
    """Return what an archive of torch is and whether it needs trust, or None for another.

    Nothing of it is run, and torch is not imported (TRU-006). Of a large file no more is read than
    its directory and its pickle.
    """
    if not kind_of(data):
        return None
    budget = _budget_of(data)
    try:
        archive = Archive.of(data, budget)
        if archive.kind == SCRIPT:
            return "a TorchScript program, which can read and write files", True
        if archive.kind == EXPORTED:
            compiled = any(name.endswith((".so", ".cpp", ".o")) for name in archive.names)
            more = " and compiled code" if compiled else ""
            return f"an exported program of torch, with operators, expressions{more} that run", True
        try:
            archive.plain(budget)
        except NotPlain as error:
            named = scan(archive.read("data.pkl"), "pickle", allow=allow).refused or (str(error),)
            return f"a pickle of torch that uses {first_names(named)}", True
    except (Malformed, Spent) as error:
        return f"an archive of torch that cannot be read ({error})", True
    return "a pickle of torch with tensors and plain values alone", False
