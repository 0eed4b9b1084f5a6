"""Folders of the user's own: where they are by convention, and who may write them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["home_of_user", "is_private", "of_user"]


def of_user(xdg: str, *below_home: str) -> Path | None:
    """Return our folder of the user's files of one kind; ``None`` when the user has no home.

    It is ``mlmodel`` in what the environment variable ``xdg`` names (``XDG_CACHE_HOME`` …), else
    ``mlmodel`` in the folder ``below_home`` of the home.
    """
    base = os.environ.get(xdg, "")
    if base.startswith("/"):
        return Path(base, "mlmodel")
    home = home_of_user()
    return Path(home, *below_home, "mlmodel") if home.startswith("/") else None


def home_of_user() -> str:
    """Return the user's home folder; empty where none is known."""
    if home := os.environ.get("HOME"):
        return home
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return ""


def is_private(path: Path, kind: int) -> bool:
    """Return whether this is a file or folder (``stat.S_IFREG`` …) that only this user may write.

    A link is none.
    """
    try:
        status = path.lstat()
    except OSError:
        return False
    mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return stat.S_IFMT(status.st_mode) == kind and mine and not status.st_mode & 0o022
