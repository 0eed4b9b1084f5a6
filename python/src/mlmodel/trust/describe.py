"""What of a model folder could run when it is loaded: told without running any of it (TRU-006).

The files that the MLmodel file names as model or code are looked into whatever they are called,
and so is every other file whose first bytes are those of something that can hold code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from os.path import realpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel._base.texts import cut_name
from mlmodel.document.document import compose_document
from mlmodel.document.document import read as read_document
from mlmodel.document.paths import FILE_NAME, resolve_inside
from mlmodel.document.rules.named_files import named_files
from mlmodel.document.schema import schemas
from mlmodel.document.schema.described import walk
from mlmodel.errors import MlmodelError
from mlmodel.trust import kinds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.document.schema.described import Described

__all__ = ["HARMLESS", "KNOWN_LOADERS", "LARGEST", "MOST_FILES", "Look", "look_into"]

#: Loader modules besides the flavors' whose files are looked into: pickles and Python code.
KNOWN_LOADERS = frozenset(
    f"{package}.pyfunc.{name}"
    for package in ("mlflow", "mlmodel")
    for name in ("model", "loaders.code_model")
)
#: How what is said of a file ends that loads without trust.
HARMLESS = ": needs no trust"

#: How large files may be, and how many, to be looked into.
LARGEST = 2**30
MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Look:
    """One file (its path in the folder), what it is, and whether it needs trust to be loaded."""

    file: str
    what: str
    needs_trust: bool = True

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def look_into(
    root: Path, document: Document | None = None, *, allow: Collection[str] = ()
) -> list[Look]:
    """Return what loading a model folder could run, file by file in the order of their paths.

    Nothing of the folder is run, nothing is imported for it, and no link is followed. What has
    more than 1 GiB, or stands behind the first 10,000 files, is named and not looked into.

    Args:
        root: the folder.
        document: its MLmodel file, where that was read already.
        allow: exact names of classes that pickles and skops files may use besides the list.

    """
    described = walk((document or _document_or_empty(root)).data, schemas.load("mlmodel"))
    found = [*_unknown_modules(described), *_running(root, described)]
    roles = _roles(root, described)
    together = kinds.of_folders(root, [one for one in roles if roles[one] == "model"])
    looks: dict[str, Look | None] = {}
    for number, (relative, _) in enumerate(files.regular_files(root)):
        if number == MOST_FILES:
            looks["."] = Look(".", f"more than {MOST_FILES:,} files; the rest is not inspected")
            break
        look = _look_at(root, relative, _role(roles, relative), allow)
        if look is None and roles.get(relative) == "code":
            look = Look(relative, "the model's own code")
        if relative in together and not (look and look.needs_trust):
            look = Look(relative, *together[relative])
        looks[relative] = look
    # What is no file of the folder itself, such as a link.
    others = [Look(file, *said) for file, said in together.items() if file not in looks]
    return [*found, *others, *filter(None, looks.values())]


def _document_or_empty(root: Path) -> Document:
    try:
        return read_document(root)
    except MlmodelError:
        return compose_document("{}", FILE_NAME)


def _unknown_modules(described: Iterable[Described]) -> Iterator[Look]:
    """Give the modules that loading would import, unless they are names well known (PYF-003)."""
    for item in described:
        asked = item.schema.get("x-module")
        if asked and isinstance(item.value, str) and not re.search(asked["known"], item.value):
            yield Look(FILE_NAME, f"names the module {cut_name(item.value)}, which is imported")


def _running(root: Path, described: Iterable[Described]) -> Iterator[Look]:
    """Give the files of which something runs whatever they hold, by the flavor that has them."""
    beside = {item.path: item.value for item in described}
    for item in described:
        # A key names the file, or the flavor has it under a name that none gives.
        file = item.schema.get("x-runs-in", item.value)
        if "x-runs" not in item.schema or not _is_there(root, file):
            continue
        other: Any = beside.get((*item.path[:-1], item.schema.get("x-runs-unless")))
        if _is_there(root, other):
            what = f"{item.schema['x-runs']}; {cut_name(other)} is loaded in its place{HARMLESS}"
            yield Look(cut_name(file), what, needs_trust=False)
        else:
            yield Look(cut_name(file), item.schema["x-runs"])


def _is_there(root: Path, file: object) -> bool:
    try:
        return isinstance(file, str) and resolve_inside(root, file).exists()
    except (MlmodelError, OSError):
        return False


def _roles(root: Path, described: Iterable[Described]) -> dict[str, str]:
    """Return the files and folders that the MLmodel file names as model or code."""
    base, roles = realpath(root), dict[str, str]()
    for item in named_files(described):
        role = item.schema["x-file"]
        try:
            path = resolve_inside(root, item.value).relative_to(base).as_posix()
        except MlmodelError:
            continue  # not loaded either
        if role == "code" or (role == "model" and path not in roles):
            roles[path] = role
    return roles


def _role(roles: dict[str, str], relative: str) -> str:
    """Return ``code``, ``model`` or nothing: the role of a file or of a folder that it is in."""
    path = PurePosixPath(relative)
    given = {roles.get(str(one), "") for one in (path, *path.parents)}
    return next((role for role in ("code", "model") if role in given), "")


def _look_at(root: Path, relative: str, role: str, allow: Collection[str]) -> Look | None:
    file = kinds.File(root, relative, role, allow, LARGEST)
    try:
        said = list(kinds.said_of(file))
    except files.TooLarge:
        return Look(relative, "too large to be inspected")
    except OSError as error:
        return Look(relative, f"cannot be read ({error.strerror})")
    if not said:
        return None
    what, needs_trust = "; ".join(what for what, _ in said), any(needs for _, needs in said)
    if role == "code" and not needs_trust:
        return Look(relative, f"{what}, but it is the model's own code")
    return Look(relative, what if needs_trust else f"{what}{HARMLESS}", needs_trust)
