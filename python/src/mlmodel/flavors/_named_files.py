"""Files that a model's own file names, as a graph names its weights."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel import document
from mlmodel._base import files
from mlmodel.document.stand_ins import pointer_at, stand_in_at
from mlmodel.errors import InvalidModel

if TYPE_CHECKING:
    from io import BufferedReader

    from mlmodel.store.folder import ModelFolder

__all__ = ["Refused", "folder_inside", "opened_below"]

_BY_A_LINK = "is reached by a link"
_TWO_NAMES = "has another name elsewhere (a hard link)"


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
        stream = files.open_below(os.path.realpath(base), Path(location).parts)
    except FileNotFoundError:
        raise Refused("is not there") from None
    except NotADirectoryError:
        raise Refused(_BY_A_LINK) from None
    except files.NotRegular:
        raise Refused("is not a file") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Refused(_BY_A_LINK) from None
        raise
    if os.fstat(stream.fileno()).st_nlink > 1:
        stream.close()
        raise Refused(_TWO_NAMES)
    return stream


def folder_inside(folder: ModelFolder, name: str) -> Path:
    """Return the path of a folder of a model that a library reads by itself.

    What is in it lies in the model, so that the library is not led elsewhere by a link, and is
    there, not a pointer to it.

    Raises:
        InvalidModel: the folder is not there, or is a file; a link leads out (DIR-004); a file
            stands for another one (DIR-009).

    """
    place = folder.file(name)
    if not place.is_dir():
        raise InvalidModel.of_file(name, "DIR-009", "is a file, and a folder is expected")
    for path in place.rglob("*"):
        relative = f"{name}/{path.relative_to(place).as_posix()}"
        found = folder.file(relative)
        instead = pointer_at(found) if found.is_file() else None
        if instead is not None:
            raise InvalidModel.of_file(relative, "DIR-009", f"{instead.what}; {instead.todo}")
    return place


def _why_not_read(base: Path, location: str) -> str:
    try:
        found = document.resolve_inside(base, location)
    except InvalidModel:
        return "leads out of the model's folder"
    if found != Path(os.path.realpath(base), location):
        return _BY_A_LINK
    if not found.is_file():
        return "is not there" if not found.exists() else "is not a file"
    if found.stat().st_nlink > 1:
        return _TWO_NAMES
    instead = stand_in_at(found, location)
    return "" if instead is None else f"{instead.what}; {instead.todo}"
