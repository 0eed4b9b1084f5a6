"""The one place that turns a path written in a model file into a path on this machine."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from mlmodel.errors import InvalidArgument, InvalidModel, Violation

__all__ = [
    "CONDA",
    "FILE_NAME",
    "PYTHON_ENV",
    "REQUIREMENTS",
    "Folder",
    "PathLike",
    "resolve_inside",
    "text_of_path",
    "what_is_wrong",
]

#: The name of the file that makes a folder a model folder (DIR-001).
FILE_NAME = "MLmodel"

#: The files of its environment (ENV-001), under the names that they usually have.
CONDA = "conda.yaml"
PYTHON_ENV = "python_env.yaml"
REQUIREMENTS = "requirements.txt"

#: What may name a file or folder.
PathLike = str | os.PathLike[str]

#: No system opens a longer path (DIR-002).
_LONGEST = 4_096
_DRIVE = re.compile(r"^[A-Za-z]:")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:/")


def text_of_path(place: object, what: str = "The path") -> str:
    """Return a path or URI as a text, whatever its kind.

    Raises:
        InvalidArgument: it is not a text, bytes or a path, or it is empty (LOC-001, LOC-020).

    """
    if not isinstance(place, str | bytes | os.PathLike):
        kind = type(place)
        name = (
            kind.__qualname__
            if kind.__module__ == "builtins"
            else f"{kind.__module__}.{kind.__qualname__}"
        )
        raise InvalidArgument(
            f"{what} is a text or a pathlib.Path, and not of the type {name} (LOC-020)."
        )
    text = os.fsdecode(place)
    if not text:
        raise InvalidArgument(f"{what} is empty; . is the current folder (LOC-001).")
    return text


def resolve_inside(root: Path, relative: str) -> Path:
    """Return the path of a file or folder that the model's files name (DIR-002, DIR-004).

    ``relative`` is relative to ``root``; a backslash separates like a slash where no file has
    it in its name (DIR-006). The result need not exist; where it does, no link on the way
    leads out of ``root``. Links are followed: the result is free of them.

    Raises:
        InvalidModel: an absolute path, a drive, a URI, ``..`` (DIR-002), or a link out (DIR-004).

    """
    return Folder(root).resolve_inside(relative)


class Folder:
    """A model folder for the time of one check: each path in it is followed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._base = os.path.realpath(root)
        self._found: dict[str, Path | str] = {}

    def resolve_inside(self, relative: str) -> Path:
        """Return the path that the model's files name, as :func:`resolve_inside`."""
        if relative not in self._found:
            self._found[relative] = what_is_wrong(relative) or self._follow(relative)
        found = self._found[relative]
        if isinstance(found, Path):
            return found
        message = f"The path {relative[:200]!r} {found}; it must name something inside the folder."
        rule = "DIR-002" if what_is_wrong(relative) else "DIR-004"
        raise InvalidModel(message, [Violation(rule, message)])

    def _follow(self, relative: str) -> Path | str:
        """Return where a path leads, or what is wrong with it."""
        try:
            target = _target(self._base, relative)
        except (OSError, RuntimeError, ValueError) as error:
            # A loop of links, or a name that the file system cannot hold.
            return f"cannot be followed ({getattr(error, 'strerror', None) or error})"
        if target == self._base or target.startswith(os.path.join(self._base, "")):  # noqa: PTH118 - the separator at its end
            return Path(target)
        return "leads out of the model folder through a link"


def what_is_wrong(relative: str) -> str | None:
    """Return what makes a written path leave the folder, whatever lies on the disk, or None."""
    if not relative:
        return "is empty"
    for words, found in (
        ("has more than 4,096 characters", len(relative) > _LONGEST),
        ("holds a null character", "\0" in relative),
        ("is a URI", _SCHEME.match(relative)),
        ("is absolute", relative[0] in "/\\"),
        ("names a drive", _DRIVE.match(relative)),
        ("holds '..'", ".." in re.split(r"[/\\]", relative)),
    ):
        if found:
            return words
    return None


def _target(base: str, relative: str) -> str:
    literal = os.path.join(base, relative)  # noqa: PTH118 - six of these for every model
    if "\\" in relative and not Path(literal).exists():
        literal = os.path.join(base, relative.replace("\\", "/"))  # noqa: PTH118 - as above
    try:
        return os.path.realpath(literal, strict=True)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
        # What is not there, or cannot be looked at, is for those who want to read it.
        return os.path.realpath(literal)
