"""Archives: read member by member into an empty folder, within one budget (LOC-023 to LOC-025).

zip files and tar files alone, whatever compresses the tar file. The parser of Python reads
headers of tar files whole, however long they say they are, and some compressed data in one
piece; so what is read here is bounded before it is read.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from mlmodel._base import expansion, progress
from mlmodel.errors import InvalidModel, ModelNotFound, UnreadableModel, Violation, shown
from mlmodel.store.locations.remote import too_large, too_many, what_is_wrong_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from mlmodel._base.progress import Tell
    from mlmodel.store.locations.remote import Limits

__all__ = ["unpack"]

_CHUNK = 2**20
#: What an xz stream may say it needs.
_MEMORY = 2**28
_BLOCK = tarfile.BLOCKSIZE
#: How long a header of a tar file may be that says more of the next member.
_LONGEST_HEADER = 2**20
#: How large the list of a zip file may be.
_LARGEST_LIST = 64 * 2**20
_UNREADABLE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(NotImplementedError, RuntimeError, UnicodeDecodeError, ValueError, OverflowError),
)


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


def unpack(archive: Path, kind: str, inner: str, target: Path, limits: Limits) -> str:
    """Write the folder or file ``inner`` of an archive below the empty folder ``target``.

    Where the archive is refused, ``target`` may hold a part of it.

    Args:
        archive: the file.
        kind: ``zip`` or ``tar``.
        inner: path of the folder in it; empty for all of it.
        target: where to write.
        limits: files and bytes at most, beside the archive's own budget.

    Returns:
        The name of the one file that ``inner`` is; empty for a folder.

    Raises:
        InvalidModel: it has a member that is not a file or folder below it (LOC-023).
        UnreadableModel: it is damaged or encrypted (LOC-025), or expands beyond its budget or
            the limits (LOC-024, LOC-006).
        ModelNotFound: it has nothing at ``inner``.

    """
    writer = _Writer(archive.stat().st_size, inner, target, limits)
    try:
        with archive.open("rb") as file:
            (_unzip if kind == "zip" else _untar)(file, writer)
    except (InvalidModel, UnreadableModel):
        raise
    except MemoryError:
        raise _damaged("it needs more memory than there is") from None
    except _UNREADABLE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's, not the archive's
        raise _damaged(f"{type(error).__name__}: {str(error)[:200]}") from error
    if writer.single and len(writer.files) > 1:
        raise _refused(inner, "is a file and a folder")
    if not writer.files:
        where = f" at {shown(inner)}" if inner else ""
        raise ModelNotFound(f"The archive holds no files{where} (LOC-016).")
    return writer.single


class _Writer:
    """Takes the members of one archive: names held to the rules, bytes counted."""

    def __init__(self, size: int, inner: str, target: Path, limits: Limits) -> None:
        self.inner, self.target, self.limits = inner.strip("/"), target, limits
        self.budget = max(expansion.FREE, expansion.TIMES * size)
        self.single = ""
        self.files: dict[str, None] = {}
        self._folders: set[str] = set()
        self._members = self._bytes = 0
        #: Told how many bytes were written now.
        self.tell: Tell

    def spend(self, number: int) -> None:
        """Count bytes that come out of the archive, wherever they go."""
        self.budget -= number
        if self.budget < 0:
            raise UnreadableModel(
                f"The archive expands to more than {expansion.TIMES} times its size, and more than "
                f"{expansion.FREE // 2**20} MiB, so it was not unpacked; unpack it yourself, and "
                "give the path of the folder (LOC-024)."
            )

    def count(self) -> None:
        """Count a member, whatever it is."""
        self._members += 1
        if self._members > self.limits.files:
            raise too_many(self.limits)

    def place(self, name: str, wrong: str) -> str | None:
        """Return the name of a member below the folder that is wanted, None if it is elsewhere."""
        while name.startswith("./"):
            name = name[2:]
        name = name.removesuffix("/")
        if self.inner and name == self.inner and not wrong:
            return ""
        below = f"{self.inner}/" if self.inner else ""
        if not name.startswith(below):
            return None
        name = name[len(below) :]
        if name in ("", ".") and not wrong:
            return ""
        found = what_is_wrong_with(name) or wrong
        if found:
            raise _refused(name, found)
        return name

    def folder(self, name: str) -> None:
        """Take a folder."""
        if name:
            self._enter(name)

    def file(self, name: str, size: int) -> Path:
        """Take the name of a file; return where it is to be written."""
        if not name and not self.inner:
            raise _refused(".", "is a file")
        if not name:  # `inner` is a file
            name = self.single = self.inner.rpartition("/")[2]
        above, _, _ = name.rpartition("/")
        self._enter(above)
        folded = _folded(name)
        if folded in self.files or folded in self._folders:
            raise _refused(name, "stands twice, or differs from another in its case alone")
        self.files[folded] = None
        self._bytes += size
        if size < 0 or self._bytes > self.limits.bytes:
            raise too_large(self.limits)
        path = self.target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _enter(self, folder: str) -> None:
        parts = folder.split("/") if folder else []
        for number in range(1, len(parts) + 1):
            folded = _folded("/".join(parts[:number]))
            if folded in self.files:
                raise _refused(folder, "is a file and a folder")
            self._folders.add(folded)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _refused(name: str, wrong: str) -> InvalidModel:
    message = f"The name {shown(name)} {wrong}, so nothing of the archive is kept (LOC-023)."
    return InvalidModel(
        "The archive has a member that is not a file or folder of its own inside it.",
        [Violation("LOC-005", message)],
    )


def _damaged(what: str) -> UnreadableModel:
    return UnreadableModel(f"The archive cannot be read ({what}; LOC-025).")


def _copy(source: _Source, path: Path, size: int, tell: Tell) -> None:
    with path.open("xb") as file:
        while size:
            part = source.read(min(size, _CHUNK))
            if not part:
                raise _damaged("it ends within a file")
            file.write(part)
            tell(len(part))
            size -= len(part)


# -- zip --------------------------------------------------------------------------------------


class _Listed:
    """A zip file whose list of members is read only if it is not too long."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file, self._limits = file, limits

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size if 0 <= size <= _LARGEST_LIST else _LARGEST_LIST + 1)
        if len(data) > _LARGEST_LIST:
            raise _damaged(f"its list of members has more than {_LARGEST_LIST:,} bytes")
        if data.startswith(b"PK\1\2") and data.count(b"PK\1\2") > self._limits.files:
            raise too_many(self._limits)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _unzip(file: BinaryIO, writer: _Writer) -> None:
    with zipfile.ZipFile(_Listed(file, writer.limits)) as archive:
        wanted = []
        for member in archive.infolist():
            writer.count()
            name = writer.place(member.orig_filename, _wrong_in_zip(member))
            if name is None:
                continue
            if member.is_dir():
                writer.folder(name)
                continue
            _check_zipped(member)
            writer.spend(member.file_size)
            wanted.append((member, writer.file(name, member.file_size)))
        with progress.download(sum(member.file_size for member, _ in wanted)) as writer.tell:
            _unzip_all(archive, wanted, writer.tell)


def _unzip_all(
    archive: zipfile.ZipFile, wanted: list[tuple[zipfile.ZipInfo, Path]], tell: Tell
) -> None:
    for member, path in wanted:
        with archive.open(member) as source:
            _copy(source, path, member.file_size, tell)
            if source.read(1):  # only now its checksum has been looked at
                raise _damaged("a member is longer than it says")


def _wrong_in_zip(member: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (
        kind and member.is_dir() != (kind == stat.S_IFDIR)
    ):
        return "is a link or a special file"
    return ""


def _check_zipped(member: zipfile.ZipInfo) -> None:
    if member.flag_bits & 0x1:
        raise _damaged(f"{shown(member.filename)} is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _damaged(
            f"{shown(member.filename)} is compressed in a way that is not read: pack it with "
            "deflate"
        )


# -- tar --------------------------------------------------------------------------------------


class _Expanded:
    """What a compressed file holds, counted as it comes."""

    def __init__(self, source: _Source, writer: _Writer) -> None:
        self._source, self._writer = source, writer

    def read(self, size: int, /) -> bytes:
        data = self._source.read(size)
        self._writer.spend(len(data))
        return data

    def whole(self, size: int) -> bytes:
        """Return exactly so many bytes."""
        parts = []
        while size:
            part = self.read(min(size, _CHUNK))
            if not part:
                raise _damaged("it ends within a member")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Pass by so many bytes."""
        while size:
            size -= len(self.whole(min(size, _CHUNK)))


class _Xz:
    """An xz file, read within a bound of memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._machine = lzma.LZMADecompressor(memlimit=_MEMORY)
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        while True:
            if self._machine.eof:
                self._rest = self._machine.unused_data or self._file.read(_BLOCK)
                if not self._rest.strip(b"\0"):
                    return b""
                self._machine = lzma.LZMADecompressor(memlimit=_MEMORY)
            elif self._machine.needs_input and not self._rest:
                self._rest = self._file.read(64 * 1024)
                if not self._rest:
                    raise EOFError("the compressed data end too early")
            data, self._rest = self._machine.decompress(self._rest, size), b""
            if data:
                return data


@contextmanager
def _opened(file: BinaryIO) -> Iterator[_Source]:
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file) as expanded:
            yield expanded
    elif start.startswith(b"BZh"):
        with bz2.BZ2File(file) as expanded:
            yield expanded
    elif start == b"\xfd7zXZ\0":
        yield _Xz(file)
    else:
        yield file


#: Kinds of members that say something of the next one.
_LONG_NAME, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
_MORE = frozenset({tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE, _LONG_NAME})
_FILES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})


def _untar(file: BinaryIO, writer: _Writer) -> None:
    # How much a tar file holds is not known before its end.
    with _opened(file) as source, progress.download(0) as writer.tell:
        archive = _Expanded(source, writer)
        said: dict[str, str] = {}
        while any(block := archive.whole(_BLOCK)):
            member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            padded = -(-member.size // _BLOCK) * _BLOCK
            writer.count()
            if member.type in _MORE or member.type == _LONG_LINK:
                if not 0 <= member.size <= _LONGEST_HEADER:
                    raise _damaged("it has a header of more than a mebibyte")
                said |= _said(member, archive.whole(padded)[: member.size])
                continue
            _take(member, said, archive, writer)
            said = {}
        while archive.read(_CHUNK):  # up to the checksum of what compresses it
            pass


#: Kinds of members that have no data, whatever their size says.
_WITHOUT_DATA = frozenset({
    *(tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE),
    *(tarfile.DIRTYPE, tarfile.FIFOTYPE),
})  # fmt: skip


def _take(
    member: tarfile.TarInfo, said: dict[str, str], archive: _Expanded, writer: _Writer
) -> None:
    size = 0 if member.type in _WITHOUT_DATA else int(said.get("size", member.size))
    if size < 0:
        raise _damaged("it has a member of a negative size")
    is_folder = member.type == tarfile.DIRTYPE
    is_sparse = any(key.startswith("GNU.sparse") for key in said)
    is_file = member.type in _FILES and not is_sparse
    wrong = "" if is_file or is_folder else "is a link or a special file"
    name = writer.place(said.get("path", member.name), wrong)
    if name is None or is_folder:
        if name:
            writer.folder(name)
        archive.skip(-(-size // _BLOCK) * _BLOCK)
        return
    _copy(archive, writer.file(name, size), size, writer.tell)
    archive.skip(-size % _BLOCK)


def _said(member: tarfile.TarInfo, content: bytes) -> dict[str, str]:
    """Return what a header says of the next member: its ``path``, its ``size``."""
    if member.type == _LONG_LINK:
        return {}
    if member.type == _LONG_NAME:
        return {"path": content.partition(b"\0")[0].decode("utf-8", "surrogateescape")}
    said = dict(_records(content))
    if member.type == tarfile.XGLTYPE:
        if not said.keys().isdisjoint({"path", "size", "linkpath"}):
            raise _damaged("it gives all its members one name or size")
        return {}
    return said


def _records(content: bytes) -> Iterator[tuple[str, str]]:
    """Give the records of a header: each its length in decimal, a space, ``key=value``, a line."""
    position = 0
    while position < len(content) and content[position]:
        digits, space, _ = content[position : position + 20].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record = content[position + len(digits) + 1 : position + length]
        key, equals, value = record.partition(b"=")
        if not equals or not record.endswith(b"\n"):
            raise _damaged("a header of a member is damaged")
        yield key.decode("utf-8"), value[:-1].decode("utf-8", "surrogateescape")
        position += length
