"""Files that a model's own file names, as a graph names its weights."""

from __future__ import annotations

import os
from pathlib import Path

from mlmodel import document
from mlmodel.document.stand_ins import stand_in_at
from mlmodel.errors import InvalidModel

__all__ = ["why_not_read"]


def why_not_read(base: Path, location: str) -> str:
    """Return why a file that is named relative to ``base`` is not read, or nothing.

    It must lie in that folder or below it, without a link on the way or another name elsewhere:
    else a model could have any file of the machine read.
    """
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
