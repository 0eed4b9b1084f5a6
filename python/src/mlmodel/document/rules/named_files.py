"""The files that a model's MLmodel file names: inside the folder, and there (DIR-002 to DIR-006).

Which keys name files is said by ``x-file`` in the schemas.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from mlmodel.document.paths import what_is_wrong
from mlmodel.document.stand_ins import pointer_at, stand_in_at
from mlmodel.errors import InvalidModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.document.paths import Folder
    from mlmodel.document.schema.described import Described
    from mlmodel.document.stand_ins import StandIn
    from mlmodel.errors import Violation

    #: What stands in the place of a file, by its path and whether it must be a file of its kind.
    _LookedAt = dict[tuple[Path, bool], StandIn | None]

__all__ = ["check_modules", "check_named_files", "last_part", "named_files", "needed_files"]

#: What ``x-file`` may say, and whether loading the model needs the file.
NEEDED_TO_LOAD = {"model": True, "code": True, "environment": False, "example": False}


def named_files(described: Iterable[Described]) -> Iterator[Described]:
    """Give the values that name a file of the folder."""
    for item in described:
        if "x-file" in item.schema and isinstance(item.value, str):
            last = item.schema.get("x-last-part")
            yield item._replace(value=last_part(item.value)) if last else item


def needed_files(described: Iterable[Described], data: Any) -> Iterator[Described]:
    """Give the values that name a file without which the model of ``data`` is not loaded."""
    for item in named_files(described):
        if NEEDED_TO_LOAD[item.schema["x-file"]] and _is_ours(item, data):
            yield item


def _is_ours(item: Described, data: Any) -> bool:
    """Return whether it is known what the module beside a path takes it for (PYF-004)."""
    asked = item.schema.get("x-of-module")
    if asked is None:
        return True
    for part in item.path[:-1]:
        data = data[part]
    module = data.get(asked["in"])
    return not isinstance(module, str) or bool(re.search(asked["known"], module))


def last_part(path: str) -> str:
    """Return the name at the end of a path of any system, absolute or not (PYF-009)."""
    return re.split(r"[/\\]", path)[-1]


def check_named_files(
    document: Document, described: Iterable[Described], folder: Folder | None, *, loading: bool
) -> Iterator[Violation]:
    """Give the named files that lie outside the folder or, with ``folder``, are missing."""
    looked_at: _LookedAt = {}  # several keys name one file
    for item in named_files(described):
        is_looked_for = (not loading or NEEDED_TO_LOAD[item.schema["x-file"]]) and _is_ours(
            item, document.data
        )
        finding = _finding(item, folder, looked_at, is_looked_for=is_looked_for)
        if finding is not None:
            rule, message, severity = finding
            yield document.violation(rule, message, item.path, severity)


def _finding(
    item: Described, folder: Folder | None, looked_at: _LookedAt, *, is_looked_for: bool
) -> tuple[str, str, str] | None:
    path: str = item.value
    wrong = what_is_wrong(path)
    if wrong is not None:
        message = f"The path {path[:200]!r} {wrong}; it must name something inside the folder."
        return "DIR-002", message, "error"
    if folder is not None:
        try:
            place = folder.resolve_inside(path)
        except InvalidModel as error:
            return "DIR-004", error.message, "error"
        if is_looked_for:
            missing = _missing_or_another(place, path, item.schema, looked_at)
            if missing is not None:
                return *missing, "error"
    if "\\" in path:
        return "DIR-006", f"{path[:200]!r} contains a backslash; write a slash.", "warning"
    return None


def _missing_or_another(
    place: Path, path: str, schema: Mapping[str, Any], looked_at: _LookedAt
) -> tuple[str, str] | None:
    """Return rule and message where a named file is not there, or another thing is (DIR-009)."""
    what = schema.get("description", "a file of the model")
    if not os.path.exists(place):  # noqa: PTH110 - Path's raises for a name too long
        return "DIR-003", f"{path[:200]!r} is missing from the folder: {what}."
    # What a user's own loader is given, or keeps as an artifact, may be anything but a pointer.
    is_file = schema.get("x-is-file", False)
    if is_file and place.is_dir():
        return "DIR-009", f"{path[:200]!r} is a folder; expected {what}."
    if schema["x-file"] == "environment":
        return None  # said where it is read
    if (place, is_file) not in looked_at:
        looked_at[place, is_file] = stand_in_at(place, path) if is_file else pointer_at(place)
    found = looked_at[place, is_file]
    return None if found is None else ("DIR-009", found.said_of(repr(path[:200])))


def check_modules(
    document: Document, described: Iterable[Described], folder: Folder | None
) -> Iterator[Violation]:
    """Give the modules that should lie in the folder's code and do not (a warning)."""
    for item in described:
        asked = item.schema.get("x-module")
        if asked is None or not isinstance(item.value, str) or folder is None:
            continue
        keys: Any = document.data
        for part in item.path[:-1]:
            keys = keys[part]
        code = keys.get(asked["in"])
        if not isinstance(code, str) or re.search(asked["known"], item.value):
            continue
        if not _has_module(folder, code, item.value):
            yield document.violation(
                asked["rule"],
                f"The module {item.value[:60]!r} is not in the folder's code ({code[:60]!r}); "
                "it must be installed where the model is loaded, or its files are missing.",
                item.path,
                "warning",
            )


def _has_module(folder: Folder, code: str, module: str) -> bool:
    try:
        file = folder.resolve_inside(f"{code}/{module.replace('.', '/')}")
    except InvalidModel:
        return True  # said where the path stands
    import glob

    return file.is_dir() or any(glob.glob(f"{glob.escape(str(file))}.*"))  # noqa: PTH207 - needs an escaped folder too
