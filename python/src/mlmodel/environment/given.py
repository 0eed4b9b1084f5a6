"""Requirement lines that a caller gives: files read, constraints collected (ENV-010 to ENV-012)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base.secrets import masked
from mlmodel._base.warnings import warn_caller
from mlmodel.document.document import read_text
from mlmodel.document.requirements import logical_lines, named_file, of_this_machine
from mlmodel.errors import InvalidArgument, MlmodelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CONSTRAINTS", "Given", "file_text", "read_lines"]

#: Where the constraints of all files are collected (ENV-010), MLflow's name.
CONSTRAINTS = "constraints.txt"

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(slots=True)
class Given:
    """Requirements, and the constraints that their ``-c`` files held."""

    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the lines to write: the requirements, then the name of the constraints' file."""
        named = [f"-c {CONSTRAINTS}"] if self.constraints else []
        return [*dict.fromkeys(self.requirements), *named]


def read_lines(given: Sequence[str] | str | Path, argument: str) -> Given:
    """Return what requirement lines, or the requirements file at a path, ask for.

    ``-r FILE`` is replaced by the lines of that file (ENV-011), the lines of ``-c FILE`` become
    constraints (ENV-010); both are relative to the file that names them, or to the current
    folder. Comments and empty lines are left out; everything else stays as it is written.

    Raises:
        InvalidArgument: it is neither lines nor a readable file, or files include each other.

    Warns:
        UserWarning: a requirement exists on this machine alone (ENV-012).

    """
    found = Given()
    if isinstance(given, str | Path):
        _add_file(Path(given), found, ())
    elif not isinstance(given, list | tuple) or not all(isinstance(line, str) for line in given):
        raise InvalidArgument(
            f"{argument} must be a list of requirement lines or the path of a file"
        )
    else:
        _add_lines(given, Path(), found, ())
    local = [line for line in found.requirements if of_this_machine(line)]
    if local:
        warn_caller(
            f"{argument} names packages that exist only on this machine: "
            f"{masked(', '.join(local))}. They are written as given, and the environment can be "
            "built only where they exist (ENV-012)"
        )
    return found


def _add_file(path: Path, found: Given, opened: tuple[Path, ...]) -> None:
    place = path.absolute()
    if place in opened:
        chain = " -> ".join(str(file) for file in (*opened, place))
        raise InvalidArgument(f"Requirements files include each other: {chain} (ENV-011)")
    _add_lines(file_text(path).splitlines(), path.parent, found, (*opened, place))


def _add_lines(lines: Iterable[str], folder: Path, found: Given, opened: tuple[Path, ...]) -> None:
    for _, line in logical_lines("\n".join(lines)):
        option, name = named_file(line)
        if option is None or _ADDRESS.match(name):
            found.requirements.append(line)
        elif option == "-r":
            _add_file(folder / name, found, opened)
        else:
            _add_constraints(folder / name, found, opened)


def _add_constraints(path: Path, found: Given, opened: tuple[Path, ...]) -> None:
    inner = Given()
    _add_file(path, inner, opened)
    lines = [*found.constraints, *inner.requirements, *inner.constraints]
    found.constraints = list(dict.fromkeys(lines))


def file_text(path: Path) -> str:
    """Return the text of a file that the caller named.

    Raises:
        InvalidArgument: it is not there, cannot be read, or is not text.

    """
    try:
        text = read_text(path)
    except MlmodelError as error:
        reason = "there is no such file" if error.code == "MODEL_NOT_FOUND" else error.message
        raise InvalidArgument(f"{path} cannot be read: {reason}") from error
    if not isinstance(text, str):
        raise InvalidArgument(f"{path}: {text.message}")
    return text
