"""The folders from which the code of loaded models is imported in this process."""

from __future__ import annotations

import os

__all__ = ["add", "is_of_a_model"]

_folders: set[str] = set()


def add(folder: str) -> None:
    """Note a folder of a model's code, free of links."""
    _folders.add(folder)


def is_of_a_model(path: str) -> bool:
    """Return whether a path is that of a model's code or of something in it."""
    while path:  # up from folder to folder: there are fewer of these than of models
        if path in _folders:
            return True
        path = path.rpartition(os.sep)[0]
    return False
