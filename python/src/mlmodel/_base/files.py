"""Whole files: found, read and written in one way by every part of the library."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel.errors import UnreadableModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import BufferedReader, BufferedWriter

__all__ = [
    "MOST_ENTRIES",
    "LeadsOut",
    "NotRegular",
    "TooLarge",
    "open_below",
    "open_regular",
    "read",
    "regular_files",
    "walk",
    "write",
    "writing",
]

#: How many files and folders of a tree are looked at (DIR-010).
MOST_ENTRIES = 1_000_000
#: Whether the system opens files by their names in a folder that is open already.
_BY_FOLDER = {os.open, os.unlink, os.rename} <= os.supports_dir_fd
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
#: A pipe or device would be waited on for ever; O_NONBLOCK lets us look at it first.
_TO_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class TooLarge(OSError):
    """The file has more bytes than may be read: ``size`` of them, as far as was seen."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(errno.EFBIG, f"it has {size:,} bytes, and at most {most:,} are read")
        self.size = size


class LeadsOut(OSError):
    """A link on the way to the file leads out of the folder in which it must lie."""

    def __init__(self) -> None:
        super().__init__(errno.ELOOP, "a link leads out of the folder")


class NotRegular(OSError):
    """It is a pipe, a device or a folder, and no file that has bytes of its own."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "it is not a regular file")


def open_regular(
    path: str | os.PathLike[str], within: str | os.PathLike[str] | None = None
) -> BufferedReader:
    """Open a file for reading, unless it is a pipe, a device or a folder.

    ``within`` is the folder in which the file must lie once all links are followed: one that
    leads out of it is not opened, also when it comes into being meanwhile.

    Raises:
        LeadsOut: it lies outside of ``within``.
        NotRegular: it is not a regular file.
        OSError: it cannot be opened.

    """
    if within is None:
        return _stream(os.open(path, _TO_READ))
    base, real = os.path.realpath(within), os.path.realpath(path, strict=True)
    if not real.startswith(os.path.join(base, "")):  # noqa: PTH118 - the separator at its end
        raise LeadsOut
    # From here on no link is followed: whoever puts one in the way now gets an error.
    return open_below(base, Path(real).relative_to(base).parts)


def open_below(base: str | os.PathLike[str], parts: Sequence[str]) -> BufferedReader:
    """Open a regular file for reading by the names of its path below a folder.

    Where the system can, each folder is opened from the one above it, and no link below ``base``
    is followed. Elsewhere the caller has to look for links before.

    Raises:
        NotRegular: it is a pipe, a device or a folder.
        NotADirectoryError: a link, or a file, stands where a folder must be.
        OSError: it is a link (``ELOOP``), or cannot be opened.

    """
    if not _BY_FOLDER:
        return _stream(os.open(Path(base, *parts), _TO_READ))
    *above, name = parts
    folder = os.open(base, _FOLDER)
    try:
        for part in above:
            below = os.open(part, _FOLDER | _NO_LINK, dir_fd=folder)
            os.close(folder)
            folder = below
        return _stream(os.open(name, _TO_READ | _NO_LINK, dir_fd=folder))
    finally:
        os.close(folder)


def _stream(handle: int) -> BufferedReader:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotRegular
    return os.fdopen(handle, "rb")


def read(
    path: str | os.PathLike[str],
    most: int | None = None,
    *,
    within: str | os.PathLike[str] | None = None,
) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes.

    Without ``most``, the machine's memory is the limit. ``within`` is as for :func:`open_regular`.

    Raises:
        LeadsOut: it lies outside of ``within``.
        TooLarge: it is larger; nothing, or not much more than ``most``, was read.
        OSError: it cannot be read, or is not a regular file.

    """
    most = _memory() if most is None else most
    with open_regular(path, within) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise TooLarge(size, most)
        try:
            content = stream.read(size + 1)
            if len(content) > size:  # it grows, or has no size of its own
                content += stream.read(most + 1 - len(content))
        except MemoryError:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from None
    if len(content) > most:
        raise TooLarge(len(content), most)
    return content


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return 2**48


def write(path: Path, content: bytes, *, private: bool = False, mode: int | None = None) -> None:
    """Write a file whole or not at all: beside its place first, then moved there.

    A link in its place is replaced, and what it leads to left alone (DIR-012). The file is as
    readable as any new one; with ``private``, for its owner only; else as ``mode`` says.

    Raises:
        OSError: it could not be written; an existing file is as it was.

    """
    with writing(path, private=private, mode=mode) as stream:
        stream.write(content)


@contextmanager
def writing(
    path: Path, *, private: bool = False, mode: int | None = None
) -> Iterator[BufferedWriter]:
    """Give a stream whose content is the file at its end, and not before; see :func:`write`.

    If the block raises, nothing is left of what was written.
    """
    partial = f".{os.urandom(8).hex()}.partial"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with _opened(path.parent) as (folder, prefix):
        handle = os.open(prefix + partial, flags, 0o600 if private else 0o666, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                if mode is not None and os.chmod in os.supports_fd:
                    os.chmod(stream.fileno(), mode)  # noqa: PTH101 - an open file has no path
            os.replace(prefix + partial, prefix + path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(prefix + partial, dir_fd=folder)
            raise


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[int | None, str]]:
    """Give an open folder and nothing, else what stands before the names in it."""
    if not _BY_FOLDER:
        yield None, os.path.join(folder, "")  # noqa: PTH118 - the separator at its end
        return
    handle = os.open(folder, _FOLDER)
    try:
        yield handle, ""
    finally:
        os.close(handle)


def walk(
    root: str | os.PathLike[str], on_error: Callable[[OSError], object] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Give each folder with the names of its folders and of its other entries, as os.walk does.

    Parents come first, the folders sorted; those that are taken out of the list are passed over.
    No link is followed, and however deep the folders are nested nothing recurses. ``on_error`` is
    given what cannot be listed, which else is passed over.

    Raises:
        UnreadableModel: there are more than ``MOST_ENTRIES`` entries (DIR-010).

    """
    todo, seen = [os.fspath(root)], 0
    while todo:
        folder = todo.pop()
        below: list[str] = []
        others: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    seen += 1
                    if seen > MOST_ENTRIES:
                        break
                    is_folder = entry.is_dir(follow_symlinks=False)
                    (below if is_folder else others).append(entry.name)
        except OSError as error:
            if on_error is not None:
                on_error(error)
            continue
        if seen > MOST_ENTRIES:
            raise UnreadableModel(
                f"{os.fspath(root)} has more than {MOST_ENTRIES:,} files and folders, and was not "
                "looked through: give the folders in it one by one (DIR-010)."
            )
        below.sort()
        yield folder, below, others  # the list may be changed by who asks
        todo.extend(os.path.join(folder, name) for name in reversed(below))  # noqa: PTH118 - many


def regular_files(root: Path) -> Iterator[tuple[str, int]]:
    """Give path and size of every regular file below a folder, sorted; no link is followed.

    Raises:
        UnreadableModel: as :func:`walk`.

    """
    for folder, _, names in walk(root):
        for name in sorted(names):
            path = Path(folder, name)
            try:
                status = path.lstat()
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield path.relative_to(root).as_posix(), status.st_size
