"""What a remote folder holds, and its download: names checked, bounded, through fsspec.

A listing comes from somebody else: nothing that it names leaves the folder that it is written
to, and no listing is without end (LOC-005, LOC-006).
"""

from __future__ import annotations

import hashlib
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mlmodel._base import progress
from mlmodel._base.extras import require
from mlmodel.document.paths import what_is_wrong
from mlmodel.errors import InvalidModel, UnreadableModel, Violation, WriteFailed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = [
    "Limits",
    "Listing",
    "download",
    "is_web",
    "list_file",
    "list_folder",
    "refused_name",
    "too_large",
    "too_many",
    "what_is_wrong_with",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is downloaded at most: files and folders, and bytes of all files (LOC-006)."""

    files: int = 100_000
    bytes: int = 100 * 2**30


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a listing: where it is, its name below the folder, what was said of it."""

    path: str
    name: str
    size: int | None
    info: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a remote folder, and ``state``: a digest that changes when they change.

    ``state`` is None where the store says nothing by which a change could be seen. ``newest`` is
    the latest time (seconds since 1970) on whose word alone a file counts as unchanged.
    ``single`` says that it is a file and no folder. ``place`` is the path of the folder.
    """

    files: list[RemoteFile] = field(default_factory=list)
    state: str | None = None
    newest: float = 0.0
    single: bool = False
    place: str = ""


#: How deep folders may lie in each other.
_DEEPEST = 64
#: Files of a store that can do several things at a time are downloaded so many at a time.
_AT_A_TIME = 8
#: What stores call a checksum or version of a file's content …
_CONTENT = (
    *("ETag", "etag", "e_tag", "VersionId", "generation", "Content-MD5", "content_md5"),
    *("md5Hash", "md5", "sha256", "Digest", "checksum", "CRC"),
)
#: … and the time at which it was written, the best first.
_TIMES = (
    *("mtime", "LastModified", "last_modified", "Last-Modified", "updated", "modified", "created"),
)
#: Names of devices on Windows, whatever stands behind a dot.
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]) *([.:].*)?", re.IGNORECASE)
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_NAME = 255


def list_file(fs: Any, path: str, limits: Limits) -> Listing:
    """Return the listing of a single file."""
    name = path.rstrip("/").rpartition("/")[2]
    name = unquote(name.partition("?")[0]) if is_web(fs) else name
    info = fs.info(path)
    return replace(_listing(fs, [_remote_file(path, name, info)], limits), single=True)


def list_folder(fs: Any, path: str, limits: Limits) -> Listing:
    """Return the listing of a folder and of those in it.

    Raises:
        InvalidModel: it names something that is not a name inside the folder (LOC-005).
        UnreadableModel: it is larger than the limits (LOC-006).

    """
    return replace(_listing(fs, list(_walk(fs, path, limits)), limits), place=path)


def _walk(fs: Any, root: str, limits: Limits) -> Iterator[RemoteFile]:
    pending, seen = [(root, "")], 0
    while pending:
        folder, above = pending.pop()
        for info in _sorted(fs.ls(folder, detail=True)):
            part = _part(fs, folder, str(info["name"]))
            if not part:
                continue
            seen += 1
            if seen > limits.files:
                raise too_many(limits)
            kind = info.get("type")
            name = above + part
            wrong = what_is_wrong_with(name)
            if wrong is None and kind not in ("file", "directory"):
                wrong = f"is neither a file nor a folder ({kind})"
            if wrong is not None:
                raise refused_name(name, wrong)
            if kind == "directory":
                pending.append((str(info["name"]), name + "/"))
            else:
                yield _remote_file(str(info["name"]), name, info)


def _sorted(infos: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(infos, key=lambda info: str(info["name"]))


def _part(fs: Any, folder: str, path: str) -> str:
    """Return the name of an entry below its folder; nothing for the folder's own entry."""
    base, path = folder.rstrip("/"), path.rstrip("/")
    if path == base:
        return ""
    if not path.startswith(base + "/") and base:
        raise refused_name(path, "is not in the folder that was listed")
    part = path[len(base) :].removeprefix("/")
    if not is_web(fs):
        return part
    # What a page links to with a query is a way to sort it, or a fragment of it: no file.
    return "" if part[:1] in "?#" else unquote(part.removeprefix("./"))


def is_web(fs: Any) -> bool:
    """Return whether this is the web, where a folder is a page with links."""
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return "http" in protocols


def what_is_wrong_with(name: str) -> str | None:
    """Return why this is not a name of a file inside the folder, or None (LOC-005)."""
    parts = name.split("/")
    for words, found in (
        ("holds characters that are not text", _NO_TEXT.search(name)),
        ("has a part without a name", not {"", "."}.isdisjoint(parts)),
        ("is the name of a device on some systems", any(map(_is_device, parts))),
        ("is too long", any(len(part.encode(errors="replace")) > _LONGEST_NAME for part in parts)),
        (f"lies more than {_DEEPEST} folders deep", len(parts) > _DEEPEST),
    ):
        if found:
            return words
    return what_is_wrong(name)


def _is_device(part: str) -> bool:
    return _DEVICE.fullmatch(part.rstrip(" .")) is not None


def refused_name(name: str, wrong: str) -> InvalidModel:
    """Return the error for a name in a listing (LOC-005)."""
    message = f"The name {shown(name)} {wrong}; nothing was downloaded."
    return InvalidModel(
        "The listing of the remote folder has a name that is not a file inside it.",
        [Violation("LOC-005", message)],
    )


def too_many(limits: Limits) -> UnreadableModel:
    """Return the error for more files and folders than the limit (LOC-006)."""
    return _over(f"{limits.files:,} files", "MLMODEL_DOWNLOAD_FILES")


def too_large(limits: Limits) -> UnreadableModel:
    """Return the error for more bytes than the limit (LOC-006)."""
    return _over(f"{limits.bytes:,} bytes", "MLMODEL_DOWNLOAD_BYTES")


def _over(most: str, variable: str) -> UnreadableModel:
    return UnreadableModel(
        f"The folder or archive has more than {most}, which is the limit, so nothing of it is "
        f"kept. If it is the right one, set {variable} to a higher limit (LOC-006)."
    )


def _remote_file(path: str, name: str, info: dict[str, Any]) -> RemoteFile:
    wrong = what_is_wrong_with(name)
    if wrong is not None:
        raise refused_name(name, wrong)
    size = info.get("size")
    return RemoteFile(path, name, size if isinstance(size, int) else None, info)


# -- whether anything changed since -----------------------------------------------------------


def _listing(fs: Any, files: list[RemoteFile], limits: Limits) -> Listing:
    names = set()
    for file in files:
        if file.name in names:
            raise refused_name(file.name, "stands twice")
        names.add(file.name)
    files = _in_parallel(fs, lambda file: _informed(fs, file), files)
    if sum(file.size or 0 for file in files) > limits.bytes:
        raise too_large(limits)
    lines, newest = [], 0.0
    for file in files:
        content = [f"{key}={file.info[key]}" for key in _CONTENT if file.info.get(key)]
        time = next((file.info[key] for key in _TIMES if file.info.get(key)), None)
        if not content:
            seconds = _seconds(time)
            if seconds is None:
                return Listing(files)
            newest = max(newest, seconds)
        lines.append(f"{file.name!r} {file.size} {content or time}")
    state = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    return Listing(files, state, newest)


def _informed(fs: Any, file: RemoteFile) -> RemoteFile:
    """Ask for what the listing did not say: size and version."""
    if any(file.info.get(key) for key in (*_CONTENT, *_TIMES)):
        return file
    return _remote_file(file.path, file.name, {**file.info, **fs.info(file.path)})


def _seconds(time: Any) -> float | None:
    if isinstance(time, int | float):
        return float(time)
    try:
        if isinstance(time, str):
            read = parsedate_to_datetime(time) if "," in time else datetime.fromisoformat(time)
            return read.timestamp()
        return time.timestamp() if isinstance(time, datetime) else None
    except (ValueError, TypeError, OverflowError):
        return None


# -- the download itself ----------------------------------------------------------------------


class _Count:
    """Counts what arrives, and stops the download at the limit, whatever the listing said."""

    def __init__(self, limits: Limits, tell: Callable[[int], object]) -> None:
        self.limits, self.tell = limits, tell
        self.bytes = 0

    def add(self, number: int) -> None:
        self.bytes += number
        self.tell(number)
        if self.bytes > self.limits.bytes:
            raise too_large(self.limits)


def download(fs: Any, listing: Listing, target: Path, limits: Limits) -> None:
    """Write the files of a listing below the empty folder ``target``.

    Raises:
        UnreadableModel: more arrives than the limits allow (LOC-006), or another number of bytes
            than was said (LOC-007).
        WriteFailed: the disk has not the room.
        Exception: whatever the driver raises.

    """
    known = sum(file.size or 0 for file in listing.files)
    free = shutil.disk_usage(target).free
    if known > free:
        raise WriteFailed(
            f"The download needs {known:,} bytes, and the disk of {target} has {free:,} left."
        )
    with progress.download(known) as tell:
        count = _Count(limits, tell)
        _in_parallel(fs, lambda file: _get(fs, file, target, count), listing.files)


def _get(fs: Any, file: RemoteFile, target: Path, count: _Count) -> None:
    path = target / file.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        raise refused_name(file.name, "is the same as another name on this system")
    reported = 0

    class Callback(require("fsspec.callbacks", "remote").Callback):  # type: ignore[misc]
        def relative_update(self, inc: int = 1) -> None:
            nonlocal reported
            reported += inc
            count.add(inc)
            if file.size is not None and reported > file.size:
                raise _another_size(
                    file, f"was stopped after {reported:,} of the {file.size:,} bytes"
                )

    fs.get_file(file.path, str(path), callback=Callback())
    arrived = path.stat().st_size
    count.add(arrived - reported)  # a driver need not report
    if file.size is not None and arrived != file.size:
        raise _another_size(file, f"ended after {arrived:,} of the {file.size:,} bytes")


def _another_size(file: RemoteFile, what: str) -> UnreadableModel:
    return UnreadableModel(
        f"The download of {shown(file.name)} {what} that the listing says; try again (LOC-007)."
    )


def _in_parallel(fs: Any, work: Callable[[RemoteFile], Any], files: list[RemoteFile]) -> list[Any]:
    """Do the work for each file; several at a time where the driver is made for that."""
    if not getattr(fs, "async_impl", False):
        return [work(file) for file in files]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(work, files))
