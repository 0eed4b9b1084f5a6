"""The one function that turns a path written in a model file into a path on this machine."""

from __future__ import annotations

import re
from pathlib import Path

from mlmodel.errors import InvalidModel, Violation

__all__ = ["resolve_inside", "what_is_wrong"]

_DRIVE = re.compile(r"^[A-Za-z]:")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:/")


def resolve_inside(root: Path, relative: str, *, rule: str = "DIR-002") -> Path:
    """Return the path of a file or folder that the model's files name (DIR-002, DIR-004).

    ``relative`` is relative to ``root``; a backslash separates like a slash where no file has
    it in its name (DIR-006). The result need not exist; where it does, no link on the way
    leads out of ``root``. Links are followed: the result is free of them.

    Raises:
        InvalidModel: with ``rule``, for an absolute path, a drive, a URI, ``..`` or a link out.

    """
    wrong = what_is_wrong(relative)
    if wrong is None:
        base = Path(root).resolve()
        try:
            target = _target(base, relative)
            inside = target.is_relative_to(base)
        except (OSError, RuntimeError, ValueError) as error:
            # A loop of links, or a name that the file system cannot hold.
            wrong, inside = (
                f"cannot be followed ({getattr(error, 'strerror', None) or error})",
                True,
            )
        if inside and wrong is None:
            return target
        wrong = wrong or "leads out of the model folder through a link"
    message = f"The path {relative[:200]!r} {wrong}; it must name something inside the folder."
    raise InvalidModel(message, [Violation(rule, message)])


def what_is_wrong(relative: str) -> str | None:
    """Return what makes a written path leave the folder, whatever lies on the disk, or None."""
    if not relative:
        return "is empty"
    for words, found in (
        ("holds a null character", "\0" in relative),
        ("is a URI", _SCHEME.match(relative)),
        ("is absolute", relative[0] in "/\\"),
        ("names a drive", _DRIVE.match(relative)),
        ("holds '..'", ".." in re.split(r"[/\\]", relative)),
    ):
        if found:
            return words
    return None


def _target(base: Path, relative: str) -> Path:
    literal = base / relative
    if "\\" in relative and not literal.exists():
        return (base / relative.replace("\\", "/")).resolve()
    return literal.resolve()
