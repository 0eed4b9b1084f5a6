"""A model's requirements against what is installed, and where they are (ENV-017, ENV-018)."""

from __future__ import annotations

import platform
import re
import shlex
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlmodel._base.secrets import masked
from mlmodel._base.warnings import warn_caller
from mlmodel.document.environment_files import (
    environment_file,
    environment_text,
    read_environment,
    recorded_environment,
)
from mlmodel.document.paths import REQUIREMENTS, Folder
from mlmodel.document.requirements import logical_lines, named_file, pip_part
from mlmodel.environment.given import CONSTRAINTS
from mlmodel.environment.pins import normalized, requirement_of
from mlmodel.errors import InvalidArgument, UnsupportedModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlmodel.document import Document
    from mlmodel.document.environment_files import Recorded

__all__ = [
    "Mismatch",
    "OtherPython",
    "command_for",
    "dependencies_file",
    "mismatches",
    "other_python",
    "version_of",
    "warn_of_mismatches",
]

#: How many lines of a warning say what differs, so that it has at most ten.
_SHOWN = 7

#: Readers of the format: this one loads the model, whichever of them saved it.
_READERS = frozenset({"mlmodel", "mlflow", "mlflow-skinny", "mlflow-tracing"})

#: A requirement of one version, and the line of a distribution's metadata that has its own.
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([0-9][\w.+!]*)")
_VERSION = re.compile(r"^Version:[ \t]*(\S+)", re.MULTILINE)

#: The models that this process has warned of, as (folder, its requirements).
_warned: set[tuple[Path, tuple[str, ...]]] = set()


def warn_of_mismatches(root: Path, document: Document) -> None:
    """Warn once of what is not installed as a model needs it; nothing is installed (ENV-017).

    Args:
        root: the model's folder.
        document: its MLmodel file.

    Warns:
        UserWarning: the mismatches, and the command that mends them, in at most ten lines.

    """
    folder = Folder(root)
    recorded = recorded_environment(folder, document)
    lines = recorded.requirements or []
    key = (root.absolute(), tuple(lines))
    if key in _warned:
        return
    _warned.add(key)
    constraints = _constraints(folder, lines)
    found = [*other_python(recorded.python), *mismatches(lines)]
    found += mismatches(constraints, constraints=True)
    if not found:
        return
    more = len(found) - _SHOWN
    said = [str(one) for one in found]
    shown = [*said[: _SHOWN - 1], f"{more + 1} more"] if more > 0 else said
    listed = "".join(f"\n  - {one}" for one in shown)
    saved_with = f"{root / recorded.file} asks for" if recorded.file else "the model was saved with"
    warn_caller(
        f"The packages installed here differ from those that {saved_with}:{listed}\n"
        f"The model in {root} is loaded anyway (ENV-017). To install what it needs: "
        f"{command_for(root, recorded)}"
    )


def command_for(root: Path, recorded: Recorded) -> str:
    """Return the command that installs what a model needs, from the file that says it.

    A reader of the format (mlflow) is not installed for it: where the file names one, what else
    it names stands in the command.
    """
    lines = recorded.requirements or []
    needed = [line for line in lines if not _names_reader(line)]
    if not needed and recorded.python is not None:
        return f"use Python {recorded.python}"
    if recorded.file == REQUIREMENTS and len(needed) == len(lines):
        return shlex.join(["pip", "install", "-r", str(root / REQUIREMENTS)])
    named = [word for line in needed for word in _words(root, masked(line))]
    return shlex.join(["pip", "install", *named])


def _words(root: Path, line: str) -> list[str]:
    """Return a line of requirements as arguments of pip; what it names is in the model's folder."""
    option, name = named_file(line)
    if option is not None:
        return [option, name if "://" in name else str(root / name)]
    return line.split() if line.startswith("-") else [re.split(r"\s--", line, maxsplit=1)[0]]


def _names_reader(line: str) -> bool:
    required = requirement_of(line)
    return required is not None and normalized(required.name) in _READERS


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A distribution that is not here as a model needs it.

    ``required`` is the line of the requirements, its secrets masked; ``versions`` are those that
    would do (``1.5.1``, ``>=2``), empty where any would; ``here`` is the installed one, or None.
    """

    name: str
    required: str
    versions: str
    here: str | None

    def __str__(self) -> str:
        """Return what is here in place of what is asked for, as a warning says it (ENV-017)."""
        is_here = "not installed" if self.here is None else f"installed in version {self.here}"
        return f"{self.name} is {is_here} (required: {self.required})"

    @property
    def as_saved(self) -> str:
        """What a model was saved with, as an error lists it (ENV-021)."""
        here = "not here" if self.here is None else f"here: {self.here}"
        return f"{self.name} {self.versions or 'any version'} ({here})"


class OtherPython(Mismatch):
    """Python itself, where a model was saved with another one."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return both versions, as a warning says them (ENV-017)."""
        return f"this is Python {self.here} (the model was saved with {self.required})"


def mismatches(lines: Iterable[str], *, constraints: bool = False) -> Iterator[Mismatch]:
    """Give each requirement that what is installed does not meet.

    Requirements whose marker does not hold here, options, paths and readers of the format are
    passed over; so is, with ``constraints``, what is not installed at all.
    """
    for line in lines:
        pin = _PIN.fullmatch(line)
        if pin is not None and _is_installed(pin[1], pin[2]):
            continue
        required = requirement_of(line)
        if required is None or normalized(required.name) in _READERS:
            continue
        if required.marker is not None and not required.marker.evaluate({"extra": ""}):
            continue
        here = version_of(required.name)
        if not constraints if here is None else not _meets(here, required):
            versions = str(required.specifier).removeprefix("==")
            yield Mismatch(required.name, masked(line), versions, here)


def _is_installed(name: str, version: str) -> bool:
    """Return whether just this version is; the other answer needs a closer look.

    Most lines of most models say no more, and are met without the library that reads the others.
    """
    return version_of(name) == version


def version_of(name: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        found = metadata.distribution(name)
        # Parsing the whole file costs ten times as much.
        line = _VERSION.search(found.read_text("METADATA") or "")
        return found.version if line is None else line[1]
    except metadata.PackageNotFoundError:
        return None


def _meets(version: str, required: Any) -> bool:
    from packaging.version import InvalidVersion

    try:
        return bool(required.specifier.contains(version, prereleases=True))
    except InvalidVersion:
        # Only `===` can name such a version, and it is compared as text.
        return not required.specifier or str(required.specifier) == f"==={version}"


def other_python(saved: str | None) -> Iterator[OtherPython]:
    """Give Python if the model was saved with another one, by its first two numbers."""
    here = platform.python_version()
    if saved and saved.split(".")[:2] != here.split(".")[:2]:
        yield OtherPython("Python", saved, saved, here)


def _constraints(folder: Folder, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        option, name = named_file(line)
        if option == "-c":
            text = environment_text(folder, name)
            if isinstance(text, str):
                yield from (each for _, each in logical_lines(text))


# -- the file -------------------------------------------------------------------------------------


def dependencies_file(root: Path, document: Document, form: Literal["pip", "conda"]) -> Path:
    """Return the file from which pip or conda makes a model's environment (ENV-018).

    Where ``requirements.txt`` is not there, the pip part of ``conda.yaml`` is written to a new
    file outside the model.

    Raises:
        InvalidArgument: ``form`` is neither.
        UnsupportedModel: the model has no such file.

    Warns:
        UserWarning: the file was made from ``conda.yaml``, and what it leaves out.

    """
    if form not in {"pip", "conda"}:
        raise InvalidArgument(f"format is 'pip' or 'conda', not {form!r} (ENV-018)")
    folder = Folder(root)
    name = REQUIREMENTS if form == "pip" else environment_file(document, "conda")
    path = folder.resolve_inside(name)
    if path.is_file():
        return path
    conda = read_environment(folder, document, "conda")
    if form == "conda" or not conda.usable:
        raise UnsupportedModel(f"{root}: the model has no {name} (ENV-018)")
    return _from_conda(folder, conda.data)


def _from_conda(folder: Folder, conda: Mapping[str, Any]) -> Path:
    given = pip_part(dict(conda))
    constraints = list(_constraints(folder, given))
    lines = [line for line in given if named_file(line)[0] != "-c"]
    lines += [f"-c {CONSTRAINTS}"] if constraints else []
    left_out = [item for item in conda.get("dependencies") or [] if isinstance(item, str)]
    made = Path(tempfile.mkdtemp(prefix="mlmodel-")) / REQUIREMENTS
    made.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if constraints:
        text = "".join(f"{line}\n" for line in constraints)
        (made.parent / CONSTRAINTS).write_text(text, encoding="utf-8")
    warn_caller(
        f"{folder.root}: there is no {REQUIREMENTS}; {made} was made from the pip part of its "
        f"conda environment, without what conda installs ({', '.join(left_out) or 'nothing'}) "
        "(ENV-018)"
    )
    return made
