"""Folders of models whose content is watched, by looking again and again (RST-168, RST-169).

What the system would tell by itself differs from one to the other, and is not told of folders that
another machine writes. A folder of a model has few files, so a look costs well under a millisecond.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

from mlmodel.errors import InvalidArgument
from mlmodel.store.description import find_model_file
from mlmodel.store.locations.uris import is_uri, shown_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    #: What is seen of a file: its size, when it was changed, and which one it is.
    _Seen: TypeAlias = tuple[int, int, int]
    _Print: TypeAlias = dict[str, _Seen]

__all__ = ["LOOK", "Watch"]

#: How often one looks, and how long nothing may have changed before a folder is loaded, in seconds.
LOOK, STILL = 0.25, 1.0
#: No more files are looked at.
_MOST = 100_000
#: What is not of a model's content.
_PASSED_BY = "__pycache__"


class Watch:
    """Says when the content of some models has changed, and is whole again.

    Args:
        uris: of the models.

    Raises:
        InvalidArgument: one is not a folder of this machine.
        ModelNotFound: there is no model.

    """

    def __init__(self, uris: Iterable[str]) -> None:
        self._files = [_model_file(uri) for uri in uris]
        self._seen = self._loaded = self._print()
        self._since = 0.0

    def changed(self, now: float) -> bool:
        """Return whether the models are to be loaded again; they are taken for loaded then.

        Args:
            now: the time, in seconds.

        """
        found = self._print()
        if found != self._seen:
            self._seen, self._since = found, now
            return False
        if found == self._loaded or now - self._since < STILL or not self._is_whole(found):
            return False
        self._loaded = found
        return True

    def is_still(self) -> bool:
        """Return whether the content is that which was to be loaded.

        Where it is not, it is to be loaded again as soon as nothing changes.
        """
        if self._print() == self._loaded:
            return True
        self._loaded = {}
        return False

    def _is_whole(self, found: _Print) -> bool:
        return all(str(file) in found for file in self._files)

    def _print(self) -> _Print:
        return {
            path: seen
            for file in self._files
            for _, (path, seen) in zip(range(_MOST), _files(file.parent), strict=False)
        }


def _model_file(uri: str) -> Path:
    """Return the MLmodel file of a folder that can be watched; links on its way stay."""
    if is_uri(uri):
        raise InvalidArgument(
            f"{shown_uri(uri)} is not a folder of this machine, and only such can be watched; "
            "leave out --reload, and send SIGHUP to load the model again (RST-168)."
        )
    return find_model_file(uri).absolute()


def _files(folder: Path) -> Iterator[tuple[str, _Seen]]:
    """Give the files below a folder; what goes away meanwhile is left out."""
    folders = [str(folder)]
    while folders:
        try:
            entries = list(os.scandir(folders.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != _PASSED_BY:
                        folders.append(entry.path)
                    continue
                found = entry.stat()
            except OSError:
                continue
            yield entry.path, (found.st_size, found.st_mtime_ns, found.st_ino)
