"""Folders of the user's own: where they are by convention, and who may write them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from mlmodel._base.files import open_below, walk

__all__ = [
    "home_of_user",
    "is_private",
    "may_be_written_by_others",
    "of_user",
    "read_private",
    "written_by_others",
]


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
    return _is_private(status, kind)


def _is_private(status: os.stat_result, kind: int) -> bool:
    mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return stat.S_IFMT(status.st_mode) == kind and mine and not status.st_mode & 0o022


def read_private(path: Path) -> bytes:
    """Return the content of a file that only this user may write: of the file that was looked at.

    Raises:
        OSError: it is a link, of another kind, or others may write it; or it cannot be read.

    """
    if path.is_symlink():  # where the system cannot refuse a link when it opens the file
        raise OSError(errno.ELOOP, "it is a link")
    with open_below(path.parent, [path.name]) as stream:
        if not _is_private(os.fstat(stream.fileno()), stat.S_IFREG):
            raise OSError(errno.EPERM, "others may write it")
        return stream.read()


def may_be_written_by_others(path: Path) -> bool:
    """Return whether another user may put something else in the place of a file or folder.

    Root may do anything anyway, and so may a group that is this user's own. In a folder like
    ``/tmp`` (sticky) nobody can take away what is not theirs.
    """
    if not hasattr(os, "getuid"):
        return False
    status = path.lstat()
    if status.st_uid not in {0, os.getuid()}:
        return True
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        return False
    by_group = status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid)
    return bool(status.st_mode & stat.S_IWOTH or by_group)


def written_by_others(root: Path) -> Path | None:
    """Return a file or folder by which others could change what is in a folder, if there is one.

    Raises:
        UnreadableModel: there are too many files to look at (DIR-010).

    """
    place = root.resolve()
    for above in (place, *place.parents):
        if may_be_written_by_others(above):
            return above
    for folder, below, names in walk(place):
        for path in (Path(folder, name) for name in (*below, *names)):
            if not path.is_symlink() and may_be_written_by_others(path):
                return path
    return None


def _is_own_group(number: int) -> bool:
    """Return whether a group has no member but this user, as many systems give one to each."""
    import grp
    import pwd

    if number == 0:
        return True
    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
