"""Where models are: paths, and URIs that are downloaded into a cache keyed by content.

A path costs nothing here and a ``file:`` URI next to nothing; every other scheme goes through
fsspec (the extra ``remote``) and the driver of its store. What was downloaded is as little
trusted as anything else: by its digest, or not at all (LOC-013). What only downloads and copies
need is imported there, because commands that are given paths load this module too.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel.document.paths import FILE_NAME, text_of_path
from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    ModelExists,
    ModelNotFound,
    UnreadableModel,
    WriteFailed,
)
from mlmodel.store.locations.download import on_this_machine
from mlmodel.store.locations.uris import is_uri, shown_uri

if TYPE_CHECKING:
    from mlmodel.document.paths import PathLike
    from mlmodel.store.locations.remote import Limits

__all__ = ["local_folder", "local_path", "path_to_write"]


def local_folder(
    model_uri: PathLike, *, into: PathLike | None = None, limits: Limits | None = None
) -> Path:
    """Return the folder of a model on this machine (or the path of its MLmodel file, if given so).

    Args:
        model_uri: a path or ``file:`` URI, which comes back as it is; else a URI of a folder, or
            of the MLmodel file in it, which is downloaded if its content is not here already.
        into: a folder in which a copy is made, under the last part of the URI; without it a
            download stays in the user's cache, where nobody may write.
        limits: how much is downloaded; by default 100 GiB and 100,000 files, or what
            ``MLMODEL_DOWNLOAD_BYTES`` and ``MLMODEL_DOWNLOAD_FILES`` say.

    Raises:
        ModelNotFound: there is nothing at the URI, or no MLmodel file in it.
        UnreadableModel: the store does not answer or refuses, or the limits are exceeded.
        UnsupportedModel: the scheme is not known, or needs a Tracking server.
        MissingDependency: fsspec or the driver of the store is not installed.
        InvalidModel: a file's name leads out of the folder.
        ModelExists: something else is already where the copy belongs.
        WriteFailed: the cache or ``into`` cannot be written.

    """
    return _local(model_uri, into, limits, model=True)


def local_path(
    uri: PathLike, *, into: PathLike | None = None, limits: Limits | None = None
) -> Path:
    """Return the path of a file or folder on this machine, as :func:`local_folder` for models."""
    return _local(uri, into, limits, model=False)


def path_to_write(place: PathLike) -> Path:
    """Return the path on this machine to which a model is saved.

    Raises:
        InvalidArgument: it is a URI of a store, which is read from and not written to (LOC-017).

    """
    place = text_of_path(place, "The path to save to")
    if is_uri(place):
        raise InvalidArgument(
            f"{shown_uri(place)}: a model can be saved only to a folder on "
            "this machine; save it to a path, and copy the folder to the store (LOC-017)"
        )
    return local_path(place)


def _local(place: PathLike, into: PathLike | None, limits: Limits | None, *, model: bool) -> Path:
    place = text_of_path(place)
    found, name = on_this_machine(place, limits, model=model)
    if into is None:
        return found
    return _copy(found, Path(into), name or found.name or found.resolve().name, model=model)


# -- copies -----------------------------------------------------------------------------------


def _copy(found: Path, into: Path, name: str, *, model: bool) -> Path:
    """Copy a file or folder into ``into``; what is there already is used if it is equal."""
    import secrets
    import shutil

    if not found.exists():
        raise ModelNotFound(f"{found}: there is nothing to copy")
    if model and found.name == FILE_NAME and found.is_file():
        found, name = found.parent, found.absolute().parent.name
    target = into / name
    if os.path.lexists(target):
        if _is_equal(found, target):
            return target
        raise ModelExists(
            f"{target} exists already and differs from what would be copied there; choose another "
            "folder, or remove it (LOC-014)"
        )
    partial = into / f".{name}.partial-{secrets.token_hex(4)}"
    try:
        into.mkdir(parents=True, exist_ok=True)
        if found.is_dir():
            shutil.copytree(found, partial, symlinks=True)
        else:
            shutil.copy2(found, partial)
        partial.rename(target)
    except OSError as error:
        reason = error.strerror or str(error)[:200]
        raise WriteFailed(f"{target} could not be written: {reason} (LOC-014).") from error
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return target


def _is_equal(one: Path, other: Path) -> bool:
    import filecmp

    from mlmodel._base.digest import manifest_of

    if other.is_symlink():  # what it leads to may be another thing at the next look (DIR-012)
        return False
    if one.is_file() or other.is_file():
        return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
    try:
        return manifest_of(one).digest == manifest_of(other).digest
    except (InvalidModel, UnreadableModel):
        return False
