"""The digest of a model folder, by which it is trusted (TRU-030)."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlmodel._base.files import open_regular, walk
from mlmodel.errors import InvalidModel, ModelNotFound, UnreadableModel, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Manifest", "manifest_of", "stamp_of", "steady"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """The digest of a folder (64 hexadecimal digits) and the SHA-256 of each of its files."""

    digest: str
    files: dict[str, str]


def manifest_of(root: Path) -> Manifest:
    """Read every file of the folder and return its digest.

    The digest is the SHA-256 of one line per file, ``<sha256> <size> <path>`` and a newline, the
    path relative with ``/``, the lines in the order of the paths' UTF-8 bytes.

    Raises:
        InvalidModel: the folder holds a link, a device, or a name that is not a line of text.
        ModelNotFound: there is no such folder.
        UnreadableModel: a file cannot be read.

    """
    if not root.is_dir():
        raise ModelNotFound(f"There is no model folder at {root}.")
    try:
        entries = sorted(_files(root, ""), key=lambda entry: entry[0].encode())
        lines = [(relative, *_hash(path)) for relative, path in entries]
    except OSError as error:
        raise UnreadableModel(
            f"A file of the model folder could not be read: {error.strerror} ({error.filename})."
        ) from error
    text = "".join(f"{sha} {size} {relative}\n" for relative, sha, size in lines)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Manifest(digest, {relative: sha for relative, sha, _ in lines})


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            relative = prefix + entry.name
            mode = entry.stat(follow_symlinks=False).st_mode
            if not _is_text(entry.name):
                raise _refused(relative, "has a name that is not a line of text")
            if stat.S_ISDIR(mode):
                yield from _files(folder / entry.name, relative + "/")
            elif stat.S_ISREG(mode):
                yield relative, folder / entry.name
            else:
                raise _refused(relative, "is a link or a special file")


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\n" not in name


def _refused(relative: str, what: str) -> InvalidModel:
    message = f"{relative!r} {what}, so the folder has no digest and cannot be trusted by it."
    return InvalidModel(
        "The model folder cannot be trusted by its content.",
        [Violation("TRU-031", message, file=relative)],
    )


def _hash(path: Path) -> tuple[str, int]:
    with open_regular(path) as file:
        sha = hashlib.file_digest(file, "sha256").hexdigest()
        return sha, os.fstat(file.fileno()).st_size


def stamp_of(folder: Path) -> bytes:
    """Return a digest of what the file system says of every file: it changes if one is touched.

    Raises:
        UnreadableModel: there are too many files to look at (DIR-010).
        OSError: a file cannot be looked at.

    """
    lines = []
    for above, _, names in walk(folder):
        for name in names:
            path = os.path.join(above, name)  # noqa: PTH118 - one for each file of every load
            status = os.lstat(path)
            said = (status.st_ino, status.st_mode, status.st_size)
            lines.append(f"{path!r} {said} {status.st_mtime_ns} {status.st_ctime_ns}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).digest()


@contextmanager
def steady(folder: Path, stamp: bytes = b"") -> Iterator[None]:
    """Go on only where no file of a folder is touched meanwhile, nor since a ``stamp`` of it.

    Raises:
        UnreadableModel: one was (TRU-047, TRU-067); or as :func:`stamp_of`.
        OSError: as :func:`stamp_of`.

    """
    before = stamp_of(folder)
    if stamp and stamp != before:
        raise _touched(folder)
    yield
    if stamp_of(folder) != before:
        raise _touched(folder)


def _touched(folder: Path) -> UnreadableModel:
    return UnreadableModel(
        f"{folder} was changed while it was looked at, so it is not trusted: see to it that "
        "nobody writes there, and try again (TRU-067)."
    )
