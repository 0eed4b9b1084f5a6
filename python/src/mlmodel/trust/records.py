"""The user's list of trusted folders: one small file per digest (TRU-032, TRU-033)."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base import files
from mlmodel._base.digest import manifest_of
from mlmodel._base.user_folders import is_private, of_user, read_private
from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, InvalidModel, WriteFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel._base.digest import Manifest

__all__ = [
    "Record",
    "add",
    "changed_since",
    "contains",
    "current",
    "list_records",
    "location",
    "record",
    "remove",
]

#: Of how many files a record keeps the digests, and how many a sentence names.
_MOST_FILES = 10_000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Record:
    """One trusted folder: its digest, where it was, why and when (UTC) it was added.

    ``files`` has the SHA-256 of each file, to tell what changed; it is empty in records of old.
    """

    digest: str
    path: str
    reason: str
    added: str
    files: dict[str, str] = field(default_factory=dict)


def location() -> Path | None:
    """Return the folder of the store; ``None`` when the user has no home (TRU-032)."""
    own = os.environ.get("MLMODEL_TRUST_STORE")
    if own:
        return Path(own)
    state = of_user("XDG_STATE_HOME", ".local", "state")
    return None if state is None else state / "trust"


def _believed() -> Path | None:
    folder = location()
    if folder is None or not os.path.lexists(folder):
        return None
    if not is_private(folder, stat.S_IFDIR):
        warn_caller(
            f"The trust store {folder} is not used: it must be a folder that belongs to this "
            "user and that nobody else may write to (chmod 700)."
        )
        return None
    return folder


def contains(digest: str) -> bool:
    """Return whether the user trusts the folder of this digest."""
    folder = _believed()
    return folder is not None and _read_record(folder / f"{digest}.json") is not None


def _read_record(path: Path) -> Record | None:
    try:
        found = json.loads(read_private(path))
        digest, place, reason, added = (
            str(found[key]) for key in ("digest", "path", "reason", "added")
        )
        held = {str(name): str(sha) for name, sha in (found.get("files") or {}).items()}
        record = Record(digest, place, reason, added, held)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return record if record.digest == path.stem else None


def list_records() -> list[Record]:
    """Return what is trusted, the oldest first."""
    folder = _believed()
    found = [_read_record(path) for path in folder.glob("*.json")] if folder is not None else []
    return sorted(
        (one for one in found if one is not None), key=lambda one: (one.added, one.digest)
    )


def current(found: Iterable[Record]) -> list[Record]:
    """Return the records without those of a folder that was trusted again later (TRU-045)."""
    last = {one.path: one for one in found}
    return sorted(last.values(), key=lambda one: (one.added, one.digest))


def changed_since(root: Path, manifest: Manifest) -> str:
    """Return what changed since a folder was trusted, as a sentence; empty if it never was."""
    path = str(root.resolve())
    trusted = [one for one in list_records() if one.path == path]
    if not trusted:
        return ""
    last = trusted[-1]
    then, now = last.files, manifest.files
    parts = [
        (verb, [name for name in sorted(names) if then.get(name) != now.get(name)])
        for verb, names in (
            ("changed", then.keys() & now.keys()),
            ("is new", now.keys() - then.keys()),
            ("is gone", then.keys() - now.keys()),
        )
    ]
    told = [f"{_first(names)} {verb}" for verb, names in parts if names] if then else []
    what = f": {'; '.join(told)}" if told else ""
    return (
        f"This folder was trusted on {last.added[:10]} ({last.reason}) and has changed since{what} "
        "(TRU-044)."
    )


def _first(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join([*names[:_SHOWN], *([f"{more} more"] if more > 0 else [])])


def add(root: Path, reason: str, manifest: Manifest | None = None) -> Record:
    """Trust the folder as it is now, or as it was when its ``manifest`` was made.

    Raises:
        InvalidModel: the folder has no digest (links, special files).
        WriteFailed: the store cannot be written.

    """
    manifest = manifest or manifest_of(root)
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    files_now = manifest.files if len(manifest.files) <= _MOST_FILES else {}
    record = Record(manifest.digest, str(root.resolve()), reason, now, files_now)
    folder = location()
    if folder is None:
        raise WriteFailed("No folder for the trust store was found: set MLMODEL_TRUST_STORE.")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, str(error.strerror)) from error
    if not is_private(folder, stat.S_IFDIR):
        raise _unwritable(folder, "it belongs to another user, or others may write to it")
    _write_record(folder, record)
    return record


def _write_record(folder: Path, record: Record) -> None:
    text = json.dumps(asdict(record), indent=1) + "\n"
    try:
        files.write(folder / f"{record.digest}.json", text.encode(), private=True)
    except OSError as error:
        raise _unwritable(folder, str(error.strerror)) from error


def _unwritable(folder: Path, why: str) -> WriteFailed:
    return WriteFailed(f"The trust store {folder} could not be written: {why}.")


def record(root: Path, reason: str, manifest: Manifest | None = None) -> str:
    """Trust a folder that this user has just saved, as :func:`add`; return its digest.

    A store that cannot be written, or a folder that has no digest, costs a warning and not the
    saved model (TRU-034); the digest is empty where there is none.
    """
    try:
        return add(root, reason, manifest).digest
    except (WriteFailed, InvalidModel) as error:
        warn_caller(
            f"{error} The model is saved; loading it will ask for trust where it holds code."
        )
        return "" if isinstance(error, InvalidModel) else manifest_of(root).digest


def remove(what: str | Path) -> Record:
    """Trust a folder no longer, given by its digest (or 8 digits of it and more) or its path.

    A folder that changed since is found by the path it had.

    Raises:
        InvalidArgument: nothing trusted is meant by it.

    """
    text = str(what)
    path = str(Path(text).resolve())
    found = [
        one
        for one in list_records()
        if one.path == path or (len(text) >= 8 and one.digest.startswith(text))  # noqa: PLR2004
    ]
    if not found and Path(text).is_dir():
        digest = manifest_of(Path(text)).digest
        found = [one for one in list_records() if one.digest == digest]
    folder = location()
    if not found or folder is None:
        raise InvalidArgument(f"{text} is neither a trusted folder nor the digest of one.")
    for one in found:
        try:
            (folder / f"{one.digest}.json").unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(folder, str(error.strerror)) from error
    return found[-1]
