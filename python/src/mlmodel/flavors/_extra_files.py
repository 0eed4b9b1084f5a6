"""Files that are kept beside a model: the key ``extra_files``, of flavors that write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, ModelNotFound
from mlmodel.store.locations.locate import local_path
from mlmodel.store.new_folder import copy_into

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlmodel.store import PathLike

__all__ = ["copied"]

_FOLDER = "extra_files"


def copied(root: Path, given: Sequence[PathLike] | None) -> dict[str, Any]:
    """Copy files or folders, by path or URI, into the model; return the key that says so.

    Raises:
        InvalidArgument: one is not there, two have one name, or it is one path and no list.
        UnreadableModel, UnsupportedModel: one cannot be brought to this machine.

    """
    if not given:
        return {}
    if not isinstance(given, list | tuple):
        raise InvalidArgument(f"extra_files is a list of paths, not {given!r}")
    folder = root / _FOLDER
    folder.mkdir()
    paths = []
    for one in given:
        try:
            found = local_path(one)
            copy = copy_into(found, folder)
        except (ModelNotFound, FileNotFoundError) as error:
            raise InvalidArgument(f"extra_files: there is nothing at {str(one)!r}") from error
        paths.append({"path": copy.relative_to(root).as_posix()})
    return {_FOLDER: paths}
