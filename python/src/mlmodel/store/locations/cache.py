"""The cache of downloads: keyed by content, safe for several processes (LOC-008 to LOC-012).

``content/<digest>/`` holds what was downloaded, under the digest of the folder (TRU-030);
``sources/<key>.json`` says which content a URI had, and in which state its listing was;
``checked/<digest>`` how the files looked when they were last held against it;
``partial/`` holds downloads that are going on, ``locks/`` one file per URI.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base import files
from mlmodel._base.digest import manifest_of, stamp_of
from mlmodel._base.extras import require
from mlmodel._base.user_folders import is_private, of_user
from mlmodel.errors import InvalidModel, UnreadableModel, WriteFailed
from mlmodel.store.locations.remote import what_is_wrong_with

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cache", "Source", "location"]

_FOLDERS = ("content", "sources", "checked", "partial", "locks")


@dataclass(frozen=True, slots=True)
class Source:
    """What a URI was found to hold: its content's digest, the state of its listing, and when.

    ``uri`` is without passwords and signatures; ``name`` is that of a single file, else empty.
    """

    uri: str
    digest: str
    state: str | None
    name: str
    downloaded: str


def location() -> Path | None:
    """Return the folder of the cache; ``None`` when the user has no home (LOC-008)."""
    own = os.environ.get("MLMODEL_CACHE")
    return Path(own).absolute() if own else of_user("XDG_CACHE_HOME", ".cache")


_DIGEST = re.compile(r"[0-9a-f]{64}")
#: How long a note may be that says what a URI holds.
_LONGEST_NOTE = 64 * 1024


def _read_source(path: Path) -> Source | None:
    """Return what a note says, if it is one of ours: it leads nowhere but into the cache."""
    if not is_private(path, stat.S_IFREG):
        return None
    try:
        source = Source(**json.loads(files.read(path, _LONGEST_NOTE)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = (source.uri, source.digest, source.name, source.downloaded)
    if not all(isinstance(text, str) for text in (*texts, source.state or "")):
        return None
    is_name = not source.name or what_is_wrong_with(source.name) is None
    is_ours = _DIGEST.fullmatch(source.digest) and is_name and "/" not in source.name
    return source if is_ours else None


class Cache:
    """The cache of this user."""

    def __init__(self) -> None:
        root = location()
        if root is None:
            raise WriteFailed("No folder for the cache was found: set MLMODEL_CACHE (LOC-008).")
        self.root = root
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in _FOLDERS:
                (root / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        if not all(
            is_private(path, stat.S_IFDIR) for path in (root, *map(root.joinpath, _FOLDERS))
        ):
            raise WriteFailed(
                f"The cache {root} is not used: it must be a folder that belongs to this user "
                "and that nobody else may write to (chmod 700). Or set MLMODEL_CACHE to "
                "another folder (LOC-008)."
            )

    @staticmethod
    def key(uri: str) -> str:
        """Return the name under which the cache knows a URI; it does not give the URI away."""
        return hashlib.sha256(uri.encode(errors="surrogatepass")).hexdigest()[:32]

    @contextmanager
    def locked(self, key: str) -> Iterator[None]:
        """Let one process at a time download a URI; what killed ones left of it goes."""
        with _lock(self.root / "locks" / key, wait=True):
            for leftover in self._partials():
                if leftover.name.startswith(key):
                    _remove(leftover)
                else:
                    self._remove_if_abandoned(leftover)
            yield

    def source(self, key: str) -> Source | None:
        """Return what the URI held at the last download, if that is here and as it was."""
        source = _read_source(self.root / "sources" / f"{key}.json")
        return source if source is not None and self._is_whole(source.digest) else None

    def path(self, source: Source) -> Path:
        """Return the path of a source's content."""
        return self.root / "content" / source.digest / source.name

    @contextmanager
    def partial(self, key: str) -> Iterator[Path]:
        """Give an empty folder to download into; it is gone at the end."""
        folder = self.root / "partial" / f"{key}-{secrets.token_hex(8)}"
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, partial: Path) -> str:
        """Move a finished download to its place, if the place is empty; return its digest."""
        _close_to_others(partial)
        digest = manifest_of(partial).digest
        target = self.root / "content" / digest
        if self._is_whole(digest):
            return digest
        try:
            if os.path.lexists(target):  # it was changed since; whoever reads it may go on
                damaged = self.root / "partial" / f"{partial.name}-damaged"
                target.rename(damaged)
                _remove(damaged)
            partial.rename(target)
            self._mark(digest, stamp_of(target))
        except OSError as error:
            if not self._is_whole(digest):  # and no other process was faster
                raise self._unwritable(error) from error
        return digest

    def remember(self, key: str, source: Source) -> None:
        """Write down what a URI holds."""
        text = json.dumps(asdict(source), indent=1) + "\n"
        try:
            files.write(self.root / "sources" / f"{key}.json", text.encode(), private=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def sources(self) -> list[tuple[Source, int]]:
        """Return what the cache knows, the oldest first, with the bytes of each content."""
        found = []
        for path in (self.root / "sources").glob("*.json"):
            source = _read_source(path)
            if source is not None:
                held = files.regular_files(self.root / "content" / source.digest)
                found.append((source, sum(size for _, size in held)))
        return sorted(found, key=lambda one: (one[0].downloaded, one[0].uri))

    def clear(self) -> None:
        """Remove every download but those that are going on."""
        for path in (*(self.root / "sources").iterdir(), *(self.root / "checked").iterdir()):
            path.unlink(missing_ok=True)
        for path in (self.root / "content").iterdir():
            _remove(path)
        for path in self._partials():
            self._remove_if_abandoned(path)

    def _is_whole(self, digest: str) -> bool:
        """Return whether this content is here, each byte as it was downloaded (LOC-009).

        Files that nobody has touched since the last check are not read again.
        """
        folder, checked = self.root / "content" / digest, self.root / "checked" / digest
        if not is_private(folder, stat.S_IFDIR):  # a link, or others may write there
            return False
        try:
            stamp = stamp_of(folder)
            if is_private(checked, stat.S_IFREG) and files.read(checked, len(stamp)) == stamp:
                return True
            if manifest_of(folder).digest != digest:
                return False
        except (InvalidModel, UnreadableModel, OSError):
            return False
        self._mark(digest, stamp)
        return True

    def _mark(self, digest: str, stamp: bytes) -> None:
        with suppress(OSError):  # the next check reads all files then
            files.write(self.root / "checked" / digest, stamp, private=True)

    def _partials(self) -> list[Path]:
        return list((self.root / "partial").iterdir())

    def _remove_if_abandoned(self, leftover: Path) -> None:
        lock = self.root / "locks" / leftover.name.partition("-")[0]
        with suppress(OSError), _lock(lock, wait=False):
            _remove(leftover)

    def _unwritable(self, error: OSError) -> WriteFailed:
        return WriteFailed(
            f"The cache {self.root} could not be written: {error.strerror}; free some room, or set "
            "MLMODEL_CACHE to another folder (LOC-008)."
        )


def _remove(path: Path) -> None:
    """Remove a folder, or the link or file in its place; nothing that a link leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _close_to_others(folder: Path) -> None:
    """Let nobody else write below a folder, whatever the user's umask is."""
    for above, _, names in files.walk(folder):
        for path in (above, *(os.path.join(above, name) for name in names)):  # noqa: PTH118
            mode = os.lstat(path).st_mode
            if mode & 0o022 and not stat.S_ISLNK(mode):
                Path(path).chmod(stat.S_IMODE(mode) & ~0o022)


@contextmanager
def _lock(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock of a file; a process that is killed lets go of it.

    Raises:
        MissingDependency: the package that locks is not installed.
        OSError: another one holds it, and ``wait`` is false.

    """
    filelock = require("filelock", "remote")
    if path.is_symlink():  # whoever opens it would empty what it leads to
        path.unlink()
    with filelock.FileLock(path, timeout=-1 if wait else 0, mode=0o600):
        yield
