"""Files that a model's own file names, as a graph names its weights."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel import document
from mlmodel._base import files
from mlmodel.document.stand_ins import stand_in_at
from mlmodel.errors import InvalidModel

if TYPE_CHECKING:
    from io import BufferedReader

__all__ = ["Refused", "opened_below"]

_FOLDER = getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class Refused(ValueError):
    """Why a file is not read, as the end of a sentence."""


def opened_below(base: Path, location: str) -> BufferedReader:
    """Open a file that is named relative to ``base``.

    It must lie in that folder or below it, without a link on the way or another name elsewhere:
    else a model could have any file of the machine read. What is opened is what was looked at:
    where the system can, each folder is opened from the one above it and no link is followed, so
    that nothing can be put in the place of what was checked.

    Raises:
        Refused: it is elsewhere, not a file, or stands for another one.
        OSError: it cannot be opened.

    """
    why = _why_not_read(base, location)
    if why:
        raise Refused(why)
    try:
        stream = _opened(base, location)
    except FileNotFoundError:
        raise Refused("is not there") from None
    except NotADirectoryError:
        raise Refused("is reached by a link") from None
    status = os.fstat(stream.fileno())
    if status.st_nlink > 1 or not stat.S_ISREG(status.st_mode):
        stream.close()
        raise Refused("has another name elsewhere (a hard link)")
    return stream


def _opened(base: Path, location: str) -> BufferedReader:
    if os.open not in os.supports_dir_fd or not _NO_LINK:
        return files.open_regular(Path(base, location))
    *folders, name = Path(location).parts
    with ExitStack() as stack:
        at = os.open(os.path.realpath(base), os.O_RDONLY | _FOLDER)
        stack.callback(os.close, at)
        for folder in folders:
            at = os.open(folder, os.O_RDONLY | _FOLDER | _NO_LINK, dir_fd=at)
            stack.callback(os.close, at)
        handle = os.open(name, os.O_RDONLY | _NO_LINK | os.O_NONBLOCK, dir_fd=at)
    return os.fdopen(handle, "rb")


def _why_not_read(base: Path, location: str) -> str:
    try:
        found = document.resolve_inside(base, location)
    except InvalidModel:
        return "leads out of the model's folder"
    if found != Path(os.path.realpath(base), location):
        return "is reached by a link"
    if not found.is_file():
        return "is not there" if not found.exists() else "is not a file"
    if found.stat().st_nlink > 1:
        return "has another name elsewhere (a hard link)"
    instead = stand_in_at(found, location)
    return "" if instead is None else f"{instead.what}; {instead.todo}"
