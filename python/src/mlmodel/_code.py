"""Makes the code that a model brings along importable, without changing the model's folder.

Python writes ``__pycache__`` beside what it imports. In a model folder that would change the
folder's digest, and with it take away the trust that the digest stands for (TRU-030); so what
lies below a model's code folder is imported by a loader that writes nothing.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["put_on_path"]

_folders: set[str] = set()


class _WritesNothing(SourceFileLoader):
    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Leave out the bytecode file."""


def put_on_path(folder: Path) -> None:
    """Let modules be imported from ``folder``, ahead of others, for the rest of the process."""
    path = str(folder.resolve())
    if path in _folders:
        return
    if not _folders:
        sys.path_hooks.insert(0, _finder)
    _folders.add(path)
    sys.path_importer_cache.pop(path, None)
    sys.path.insert(0, path)


def _finder(path: str) -> FileFinder:
    inside = any(path == folder or path.startswith(folder + os.sep) for folder in _folders)
    if not inside:
        raise ImportError(f"{path} is no model's code", path=path)
    return FileFinder(
        path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_WritesNothing, SOURCE_SUFFIXES)
    )
