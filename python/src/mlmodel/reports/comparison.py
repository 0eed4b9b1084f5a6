"""Two models compared by what is written of them; nothing of either is executed."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from mlmodel._base.files import open_regular, regular_files
from mlmodel.document.document import folder_of, model_file, read
from mlmodel.document.paths import FILE_NAME
from mlmodel.environment.pins import normalized, requirement_of
from mlmodel.errors import InvalidModel, UnreadableModel
from mlmodel.reports.inspection import environment_of, plain
from mlmodel.reports.signature_file import signature_of
from mlmodel.signature.compare.diff import compare_signatures
from mlmodel.store.locations.locate import local_folder
from mlmodel.store.locations.uris import shown_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.document.paths import PathLike

__all__ = ["compare_models"]

#: Keys that tell when and where a model was saved: they differ between any two.
_SAVED = frozenset({
    "artifact_path", "model_id", "model_size_bytes", "model_uuid", "run_id", "time_created",
    "utc_time_created",
})  # fmt: skip
#: What has a section of its own.
_APART = frozenset({"flavors", "metadata", "signature"})
_PACKAGE = re.compile(r"(?:.*::)?([A-Za-z0-9][A-Za-z0-9._-]*)")
#: Where MLflow keeps copies of a folder's files (DIR-007).
_COPIES = "metadata/"

Difference = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Model:
    root: Path
    document: Document
    file: str


def compare_models(old: PathLike, new: PathLike) -> dict[str, Any]:
    """Return what ``mlmodel diff --format json`` prints for two folders, MLmodel files or URIs.

    Each section is a list of differences, with ``change`` (``added``, ``removed``, ``changed``,
    of files also ``renamed``) and what was and is there. ``same`` says that nothing differs but
    when and where the models were saved.

    Raises:
        InvalidModel: one of the files holds no mapping.
        ModelNotFound, UnreadableModel: there is none, or it cannot be read.

    """
    before, after = _read_model(old), _read_model(new)
    was, now = plain(before.document.data), plain(after.document.data)
    others, saved = (
        [{k: held for k, held in data.items() if wanted(k)} for data in (was, now)]
        for wanted in (lambda key: key not in _SAVED | _APART, _SAVED.__contains__)
    )
    found: dict[str, Any] = {
        "attributes": list(_changed_values(others[0], others[1])),
        "flavors": list(_changed_values(was.get("flavors"), now.get("flavors"))),
        "signature": _changed_signature(before.document, after.document),
        "environment": list(_changed_environment(before, after)),
        "metadata": list(_changed_values(was.get("metadata"), now.get("metadata"))),
        "files": list(_changed_files(before, after)),
    }
    differs = any(bool(held) for key, held in found.items() if key != "signature")
    differs = differs or found["signature"].get("changes") != []
    return {
        "old": shown_uri(str(old)),
        "new": shown_uri(str(new)),
        "same": not differs,
        **found,
        "saved": list(_changed_values(saved[0], saved[1])),
    }


def _read_model(path: PathLike) -> _Model:
    file = model_file(local_folder(path))
    document = read(file)
    return _Model(folder_of(file), document, file.name)


# -- values ---------------------------------------------------------------------------------------


def _changed_values(old: Any, new: Any, at: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Give the differences of two values, down to the first that is not a mapping on both sides."""
    if isinstance(old, dict | None) and isinstance(new, dict | None):
        old, new = old or {}, new or {}
        for key in dict.fromkeys(chain(old, new)):
            if key not in new:
                yield {"change": "removed", "path": [*at, key], "old": old[key]}
            elif key not in old:
                yield {"change": "added", "path": [*at, key], "new": new[key]}
            elif isinstance(old[key], dict) and isinstance(new[key], dict):
                yield from _changed_values(old[key], new[key], (*at, key))
            elif not _same(old[key], new[key]):
                yield {"change": "changed", "path": [*at, key], "old": old[key], "new": new[key]}
    elif not _same(old, new):
        yield {"change": "changed", "path": list(at), "old": old, "new": new}


def _same(old: Any, new: Any) -> bool:
    # To Python, True is 1.
    return repr(old) == repr(new)


def _changed_signature(old: Document, new: Document) -> dict[str, Any]:
    try:
        return compare_signatures(signature_of(old), signature_of(new)).as_dict()
    except InvalidModel as error:
        if _same(old.data.get("signature"), new.data.get("signature")):
            return {"compatible": True, "breaks": [], "changes": []}
        return {"unreadable": error.message}


# -- environments ---------------------------------------------------------------------------------


def _changed_environment(old: _Model, new: _Model) -> Iterator[Difference]:
    was, now = (environment_of(model.root, model.document) for model in (old, new))
    if was.get("python") != now.get("python"):
        yield {"change": _change(was.get("python"), now.get("python")), "of": "python",
               "name": "python", **_pair(was.get("python"), now.get("python"))}  # fmt: skip
    for part, named in (("requirements", _requirements_by_name), ("conda", _packages_by_name)):
        before, after = (named(found.get(part, ())) for found in (was, now))
        for name in sorted({*before, *after}):
            had, has = before.get(name), after.get(name)
            if had != has:
                yield {"change": _change(had, has), "of": part, "name": name, **_pair(had, has)}


def _change(old: object, new: object) -> str:
    return "added" if old is None else "removed" if new is None else "changed"


def _pair(old: object, new: object) -> dict[str, Any]:
    return {key: held for key, held in (("old", old), ("new", new)) if held is not None}


def _requirements_by_name(lines: Iterable[str]) -> dict[str, str]:
    """Return requirement lines by the normalized name of their package, else by themselves."""
    found: dict[str, list[str]] = {}
    for line in lines:
        requirement = requirement_of(line)
        name = line if requirement is None else normalized(requirement.name)
        found.setdefault(name, []).append(line)
    return {name: "; ".join(sorted(held)) for name, held in found.items()}


def _packages_by_name(lines: Iterable[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for line in lines:
        named = _PACKAGE.match(line)
        found.setdefault(named[1].lower() if named else line, []).append(line)
    return {name: "; ".join(sorted(held)) for name, held in found.items()}


# -- files ----------------------------------------------------------------------------------------


def _changed_files(old: _Model, new: _Model) -> Iterator[Difference]:
    """Give the files that differ in content; the MLmodel file is compared key by key instead."""
    was, now = _digests_of_files(old), _digests_of_files(new)
    gone = {path: held for path, held in was.items() if path not in now}
    come = {path: held for path, held in now.items() if path not in was}
    # Of files with one content the first is taken, whose place in a list all others would fill
    # again (DIR-013).
    by_content: dict[tuple[Any, ...], deque[str]] = {}
    for path, held in come.items():
        by_content.setdefault(tuple(held.values()), deque()).append(path)
    for path, held in was.items():
        if path in now:
            if held != now[path]:
                yield {"change": "changed", "path": path, "old": held, "new": now[path]}
            continue
        same = by_content.get(tuple(gone[path].values()))
        if same and held["bytes"]:
            moved = same.popleft()
            come.pop(moved)
            yield {"change": "renamed", "path": path, "to": moved, "old": held}
        else:
            yield {"change": "removed", "path": path, "old": held}
    yield from ({"change": "added", "path": path, "new": held} for path, held in come.items())


def _digests_of_files(model: _Model) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of every regular file; copies of other files are left out."""
    skipped = {model.file, FILE_NAME, _COPIES + FILE_NAME}
    found = {path: _digest_of_file(model.root / path, size)
             for path, size in regular_files(model.root) if path not in skipped}  # fmt: skip
    return {path: held for path, held in found.items() if not _is_copy(path, held, found)}


def _is_copy(path: str, held: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> bool:
    return path.startswith(_COPIES) and files.get(path.removeprefix(_COPIES)) == held


def _digest_of_file(path: Path, size: int) -> dict[str, Any]:
    try:
        with open_regular(path) as stream:
            return {"bytes": size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
    except OSError as error:
        raise UnreadableModel(f"{path} cannot be read: {error.strerror}.") from error
