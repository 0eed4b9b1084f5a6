"""The files of a model's environment, read: conda.yaml, python_env.yaml, requirements.txt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel.document.document import Document, compose_document, read_text
from mlmodel.document.paths import CONDA, PYTHON_ENV, REQUIREMENTS
from mlmodel.document.requirements import logical_lines, pip_part
from mlmodel.document.schema import schemas
from mlmodel.document.yaml.events import Problem
from mlmodel.errors import MlmodelError, Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.document.paths import Folder

__all__ = [
    "FILES",
    "Recorded",
    "environment_file",
    "environment_text",
    "is_defaults",
    "python_of_conda",
    "read_environment",
    "recorded_environment",
    "requirement_lines",
]

#: What Anaconda's terms are about: the channel, under its name and its addresses (ENV-005).
_DEFAULTS = re.compile(r"defaults|(https?://)?repo\.anaconda\.com(/.*)?|pkgs/(main|r|msys2|free)")
#: The files of YAML by the tool that reads them: the usual name, and the schema.
FILES = {"conda": (CONDA, "conda-env"), "virtualenv": (PYTHON_ENV, "python-env")}


def environment_file(document: Document, tool: str) -> str:
    """Return the name of the file of ``conda`` or ``virtualenv``: the model's, or the usual one."""
    name = FILES[tool][0]
    for keys in document.flavors.values():
        env = keys.get("env") if isinstance(keys, dict) else None
        given = {"conda": env} if isinstance(env, str) else env
        if isinstance(given, dict) and isinstance(given.get(tool), str):
            name = given[tool]
    return name


def read_environment(folder: Folder, document: Document, tool: str) -> Document:
    """Return the file of ``conda`` or ``virtualenv`` that a model has.

    It is not ``usable``, and its data are empty, where it is absent or holds no mapping.
    """
    name, schema = environment_file(document, tool), FILES[tool][1]
    rule = schemas.rule_of(schemas.load(schema), "type", "ENV-002")
    file, text = str(folder.root / name), environment_text(folder, name, rule)
    if text is None:
        return Document(file, "", None, None, ())
    return compose_document(text, file, schema=schema)


def requirement_lines(folder: Folder) -> list[str] | None:
    """Return the lines of the folder's requirements.txt without comments, None without one."""
    text = environment_text(folder, REQUIREMENTS)
    return [line for _, line in logical_lines(text)] if isinstance(text, str) else None


def environment_text(folder: Folder, name: str, rule: str = "ENV-008") -> str | Problem | None:
    """Return the text of the folder's file, or why it cannot be read; None if it is absent.

    ``rule`` is the one that says what the file is.
    """
    try:
        return read_text(folder.resolve_inside(name), within=folder.root)
    except MlmodelError as error:
        # What is wrong with the path is said where the path stands.
        if error.code != "UNREADABLE_MODEL":
            return None
        details = [d.message for d in error.details if isinstance(d, Violation)]
        return Problem(rule, " ".join([error.message, *details]))


def is_defaults(channel: str) -> bool:
    """Return whether a channel is Anaconda's own, by name or by address (ENV-005)."""
    return _DEFAULTS.fullmatch(channel.strip()) is not None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a model says of its environment.

    Attributes:
        python: the version of Python that it was saved with, or None.
        requirements: those of pip, or None where no file has them.
        file: the name of the file that has them, or None.
        conda: what conda installs besides, or None.

    """

    python: str | None
    requirements: list[str] | None
    file: str | None
    conda: list[str] | None


def recorded_environment(folder: Folder, document: Document) -> Recorded:
    """Return what a model's files say of its environment, each thing from one place (ENV-026).

    The Python version is that of the MLmodel file, else that of python_env.yaml, else that of
    conda.yaml; the requirements are those of requirements.txt, else those of conda.yaml, else
    those that python_env.yaml itself lists.
    """
    virtualenv = read_environment(folder, document, "virtualenv")
    conda = read_environment(folder, document, "conda")
    keys = [keys for keys in document.flavors.values() if isinstance(keys, dict)]
    pythons = [one.get("python_version") for one in keys]
    pythons += [virtualenv.data.get("python"), python_of_conda(conda.data)]
    python = next((str(one) for one in pythons if one), None)
    packages = conda.data.get("dependencies")
    names = None
    if isinstance(packages, list):
        names = [item for item in packages if isinstance(item, str)]
    return Recorded(python, *_requirements(folder, document, conda, virtualenv), names)


def _requirements(
    folder: Folder, document: Document, conda: Document, virtualenv: Document
) -> tuple[list[str] | None, str | None]:
    """Return the requirements and the name of the file that has them."""
    lines = requirement_lines(folder)
    if lines is not None:
        return lines, REQUIREMENTS
    if conda.usable:
        return pip_part(conda.data), environment_file(document, "conda")
    listed = virtualenv.data.get("dependencies")
    if isinstance(listed, list):
        lines = [line for line in listed if isinstance(line, str)]
        return lines, environment_file(document, "virtualenv")
    return None, None


def python_of_conda(conda: Mapping[str, Any]) -> str | None:
    """Return the version of Python that conda installs, where it is one version."""
    entries = conda.get("dependencies")
    for entry in entries if isinstance(entries, list | tuple) else ():
        if isinstance(entry, str) and entry.replace(" ", "").startswith("python="):
            version = entry.replace(" ", "").removeprefix("python=").lstrip("=")
            return version.partition("=")[0]
    return None
