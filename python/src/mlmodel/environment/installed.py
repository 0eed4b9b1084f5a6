"""A model's requirements against what is installed, and where they are (ENV-017, ENV-018)."""

from __future__ import annotations

import platform
import re
import shlex
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlmodel._base.warnings import warn_caller
from mlmodel.document.paths import REQUIREMENTS, Folder
from mlmodel.document.requirements import logical_lines, named_file, pip_part
from mlmodel.document.rules.environments import (
    environment_file,
    read_environment,
    requirement_lines,
)
from mlmodel.environment.given import CONSTRAINTS
from mlmodel.environment.pins import normalized, requirement_of
from mlmodel.errors import InvalidArgument, MlmodelError, UnsupportedModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlmodel.document import Document

__all__ = ["dependencies_file", "mismatches", "warn_of_mismatches"]

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
        UserWarning: all mismatches, and the command that mends them.

    """
    folder = Folder(root)
    lines, file = _requirements(folder, document)
    key = (root.absolute(), tuple(lines))
    if key in _warned:
        return
    _warned.add(key)
    constraints = _constraints(folder, lines)
    found = [*_python(folder, document), *mismatches(lines)]
    found += mismatches(constraints, constraints=True)
    if not found:
        return
    source = ["-r", str(file)] if file is not None else lines
    fix = shlex.join(["pip", "install", *source])
    listed = "".join(f"\n  - {one}" for one in found)
    warn_caller(
        f"The packages installed here differ from those that the model in {root} was saved "
        f"with:{listed}\n"
        f"It is loaded anyway (ENV-017). To install what it needs: {fix}"
    )


def mismatches(lines: Iterable[str], *, constraints: bool = False) -> Iterator[str]:
    """Give a sentence for each requirement that what is installed does not meet.

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
        version = _version(required.name)
        if version is None:
            if not constraints:
                yield f"{required.name} is not installed (required: {line})"
        elif not _meets(version, required):
            yield f"{required.name} is installed in version {version} (required: {line})"


def _is_installed(name: str, version: str) -> bool:
    """Return whether just this version is; the other answer needs a closer look.

    Most lines of most models say no more, and are met without the library that reads the others.
    """
    return _version(name) == version


def _version(name: str) -> str | None:
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


def _python(folder: Folder, document: Document) -> Iterator[str]:
    """Give a sentence if the model was saved with another Python, by its first two numbers."""
    keys = document.flavors.get("python_function") or {}
    saved = keys.get("python_version")
    if not saved:
        saved = read_environment(folder, document, "virtualenv").data.get("python")
    here = platform.python_version_tuple()[:2]
    if saved and tuple(str(saved).split(".")[:2]) != here:
        yield f"this is Python {platform.python_version()} (the model was saved with {saved})"


def _requirements(folder: Folder, document: Document) -> tuple[list[str], Path | None]:
    """Return a model's requirements and the file of pip that they stand in, if they do."""
    lines = requirement_lines(folder)
    if lines is not None:
        return lines, folder.root / REQUIREMENTS
    return pip_part(read_environment(folder, document, "conda").data), None


def _constraints(folder: Folder, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        option, name = named_file(line)
        if option == "-c":
            try:
                text = folder.resolve_inside(name).read_text(encoding="utf-8")
            except (MlmodelError, OSError, ValueError):
                continue
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
