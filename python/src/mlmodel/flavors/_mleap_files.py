"""Files of MLeap's bundles: what the JVM reads is a zip file of our own (MLP-003).

No name in it leads out of it, whatever the stages call each other.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base import files
from mlmodel.errors import InvalidModel, ModelNotFound
from mlmodel.flavors._jvm_files import kept, of_zip
from mlmodel.flavors._named_files import folder_inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.store import ModelFolder, PathLike

__all__ = ["copied", "packed", "unpack"]

#: The file without which a folder is no bundle.
_BUNDLE = "bundle.json"


def copied(folder: ModelFolder, name: str) -> Path:
    """Return a zip file with the bundle of a model: a folder or a zip file of it.

    Raises:
        InvalidModel: it is neither, or leads out of the folder.

    """
    place, gate = folder.file(name), folder.gate
    if not place.is_dir():
        return _of_zip(gate.read(place, archive=True), name)
    root = folder_inside(folder, name)
    return _of_folder(((one, gate.read(root / one)) for one, _ in files.regular_files(root)), name)


def packed(path: PathLike) -> tuple[Path, str]:
    """Return a zip file with a bundle that is no model, and the name of it.

    Raises:
        ModelNotFound: there is nothing.
        InvalidModel: it is no bundle.

    """
    place = Path(path)
    if not place.exists():
        raise ModelNotFound(f"{place}: there is no bundle of MLeap")
    if not place.is_dir():
        return _of_zip(files.read(place), place.name), place.name
    found = ((one, files.read(place / one)) for one, _ in files.regular_files(place))
    return _of_folder(found, place.name), place.name


def unpack(packed: Path, root: Path) -> None:
    """Write what is in a zip file of ours into a new folder."""
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(root)


def _of_zip(data: bytes, name: str) -> Path:
    return of_zip(data, name, _BUNDLE, "MLP-004")


def _of_folder(contents: Iterable[tuple[str, bytes]], name: str) -> Path:
    held = dict(contents)
    if _BUNDLE not in held:
        raise InvalidModel.of_file(name, "MLP-004", f"has no {_BUNDLE} in it")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for relative in sorted(held):
            archive.writestr(relative, held[relative])
    return kept(stream.getvalue())
