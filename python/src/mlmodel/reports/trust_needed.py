"""How much trust loading a model needs, and whether that is more than is allowed (TRU-008).

Nothing of a model is run. What is not known is taken for what needs most.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._aliases import is_flavor
from mlmodel._base import files
from mlmodel.document.document import folder_of, model_file, read
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.rules.named_files import needed_files
from mlmodel.document.schema import schemas
from mlmodel.document.schema.described import walk
from mlmodel.errors import MlmodelError
from mlmodel.reports.inspection import is_present
from mlmodel.trust.describe import HARMLESS, KNOWN_LOADERS, Look, look_into
from mlmodel.trust.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mlmodel.document.document import Document

__all__ = ["LEVELS", "Needed", "as_document", "needed_by"]

#: What loading may need, the least first; each lets what stands before it.
LEVELS = ("none", "list", "named", "trusted")
#: How many folders are named that cannot be listed.
_MOST_UNLISTED = 20
_PACKAGES = ("mlflow.", "mlmodel.", "mlmodel.flavors.")


@dataclass(frozen=True, slots=True)
class Needed:
    """What loading one model needs (one of LEVELS), why, and whether that is allowed.

    ``unreadable`` says why that cannot be told; then nothing is needed or allowed.
    """

    path: str
    needs: str | None
    allowed: bool
    why: tuple[Look, ...] = ()
    unreadable: str | None = None

    @property
    def exit_code(self) -> int:
        """0 where it is allowed, 1 where it is not, 2 where that cannot be told."""
        return 2 if self.unreadable is not None else int(not self.allowed)

    def as_dict(self) -> dict[str, Any]:
        """Return what ``mlmodel inspect --require-trust`` prints for it as JSON."""
        found = asdict(self)
        found["why"] = [{"file": look.file, "what": look.what} for look in self.why]
        return {key: value for key, value in found.items() if value is not None}


def as_document(found: list[Needed], level: str) -> dict[str, Any]:
    """Return what ``mlmodel inspect --require-trust --format json`` prints."""
    codes = [one.exit_code for one in found]
    return {
        "version": 1,
        "require_trust": level,
        "models": [one.as_dict() for one in found],
        "summary": {
            "models": len(found),
            "allowed": codes.count(0),
            "refused": codes.count(1),
            "unreadable": codes.count(2),
        },
    }


def needed_by(path: Path, level: str, allow: Collection[str] = ()) -> Needed:
    """Return what loading the model at a path needs, held against what is allowed.

    Args:
        path: a model folder, or its MLmodel file.
        level: the most that is allowed. ``none``: no file that could hold code; ``list``:
            pickles and skops files with names of the list alone; ``named``: those that are
            allowed by name, too; ``trusted``: anything in a folder that the user's store holds.
        allow: exact names of classes (``package.module.Class``).

    """
    try:
        document = read(path)
    except MlmodelError as error:
        return Needed(str(path), None, allowed=False, unreadable=error.message)
    root = folder_of(model_file(path))
    unseen = [*_not_known(document), *_missing(document, root), *_links_out(root)]
    looks = [*unseen, *look_into(root, document)]
    needs = "none"
    if any(look.needs_trust for look in looks):
        named = [*unseen, *look_into(root, document, allow=allow)] if allow else looks
        needs = "trusted" if any(look.needs_trust for look in named) else "named"
        looks = [look for look in looks if look.needs_trust]
    elif looks:
        needs = "list"
    allowed = LEVELS.index(needs) <= LEVELS.index(level)
    if needs == "trusted" == level:
        allowed = Gate.for_folder(root).is_trusted()
    if not allowed:  # what needs no trust is still more than `none` lets
        looks = [replace(look, what=look.what.removesuffix(HARMLESS)) for look in looks]
    return Needed(str(path), needs, allowed, tuple(dict.fromkeys(looks)))


def _not_known(document: Document) -> Iterator[Look]:
    """Give what would load the model whose files nobody here has looked into."""
    for name, keys in document.flavors.items():
        if name != "python_function":
            if schemas.named("flavors", name) is None:
                yield Look(FILE_NAME, f"has the flavor {name!s:.60}, which is not known here")
            continue
        loader = keys.get("loader_module") if isinstance(keys, dict) else None
        if isinstance(loader, str) and not _is_known(loader):
            yield Look(FILE_NAME, f"is loaded by {loader:.60}, which is not known here")


def _is_known(loader: str) -> bool:
    package, _, name = loader.rpartition(".")
    return loader in KNOWN_LOADERS or (f"{package}." in _PACKAGES and is_flavor(name))


def _missing(document: Document, root: Path) -> Iterator[Look]:
    """Give the model and code that the MLmodel file names and the folder does not have."""
    described = walk(document.data, schemas.load("mlmodel"))
    for item in needed_files(described, document.data):
        if not is_present(root, item.value):
            yield Look(FILE_NAME, f"names {item.value!s:.60}, which is not in the folder")


def _links_out(root: Path) -> Iterator[Look]:
    """Give the links that lead out of a folder; others lead to what is looked into anyway."""
    base = root.resolve()
    unlisted: list[OSError] = []
    for folder, below, names in files.walk(base, unlisted.append):
        for name in (*below, *names):
            path = Path(folder, name)
            if os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(base):  # noqa: PTH114 - Path's raises for a path too long
                place = path.relative_to(base).as_posix()
                yield Look(place, "a link that leads out of the folder, and is not followed")
    for error in unlisted[:_MOST_UNLISTED]:
        place = os.path.relpath(str(error.filename), base)
        yield Look(f"{place:.60}", f"a folder that cannot be listed ({error.strerror})")
