"""conda.yaml, python_env.yaml and requirements.txt: their form (ENV-002 to ENV-012)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlmodel.document.document import compose_document, read_text
from mlmodel.document.pointers import join
from mlmodel.document.requirements import (
    logical_lines,
    named_file,
    of_this_machine,
    pip_part,
    wrong_requirement,
)
from mlmodel.document.rules.keys import schema_violations, unknown_keys
from mlmodel.document.schema import schemas
from mlmodel.document.schema.described import walk
from mlmodel.document.yaml.events import Problem
from mlmodel.errors import MlmodelError, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.paths import Folder

__all__ = [
    "check_environments",
    "is_defaults",
    "named_environments",
    "read_environment",
    "requirement_lines",
]

_REQUIREMENTS = "requirements.txt"
#: What Anaconda's terms are about: the channel, under its name and its addresses (ENV-005).
_DEFAULTS = re.compile(r"defaults|(https?://)?repo\.anaconda\.com(/.*)?|pkgs/(main|r|msys2|free)")


def check_environments(folder: Folder, document: Document) -> list[Violation]:
    """Return the violations in the environment files that the folder has, file by file."""
    found: list[Violation] = []
    named = named_environments(document)
    conda = read_environment(folder, named["conda"], "conda-env", found)
    if conda is not None:
        found += _conda(conda, folder)
    python = read_environment(folder, named["virtualenv"], "python-env", found)
    if python is not None:
        found += _lines_of_lists(python, folder, ("build_dependencies", "dependencies"), "ENV-007")
    lines = requirement_lines(folder, found)
    if conda is not None and lines is not None:
        found += _compare(conda, lines)
    files = list(dict.fromkeys(violation.file for violation in found))
    return sorted(found, key=lambda v: (files.index(v.file), v.line or 0, v.column or 0))


def named_environments(document: Document) -> dict[str, str]:
    """Return the names of the two YAML files: as the model says, else the usual ones."""
    names = {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    flavors = document.data.get("flavors")
    for keys in flavors.values() if isinstance(flavors, dict) else ():
        env = keys.get("env") if isinstance(keys, dict) else None
        given = {"conda": env} if isinstance(env, str) else env
        if isinstance(given, dict):
            names.update({k: v for k, v in given.items() if k in names and isinstance(v, str)})
    return names


def _file(folder: Folder, name: str, found: list[Violation]) -> str | Problem | None:
    """Return the text of a file of the folder; None where it is absent or unreadable."""
    try:
        path = folder.resolve_inside(name)
        return read_text(path)
    except MlmodelError as error:
        # What is wrong with the path is said where the path stands.
        if error.code == "UNREADABLE_MODEL":
            details = [d.message for d in error.details if isinstance(d, Violation)]
            found.append(
                Violation("ENV-002", " ".join([error.message, *details]), str(folder.root / name))
            )
        return None


def read_environment(
    folder: Folder, name: str, schema: str, found: list[Violation]
) -> Document | None:
    """Return a YAML file of the folder, if it is there and holds a mapping.

    ``schema`` is ``conda-env`` or ``python-env``; what is wrong is added to ``found``.
    """
    text = _file(folder, name, found)
    if text is None:
        return None
    document = compose_document(text, str(folder.root / name), schema=schema)
    found += document.problems
    if document.usable:
        found += schema_violations(document, schema)
        found += unknown_keys(document, walk(document.data, schemas.load(schema)))
    return document if document.usable else None


def _items(document: Document, key: str) -> list[Any]:
    value = document.data.get(key)
    return value if isinstance(value, list) else []


def _conda(document: Document, folder: Folder) -> Iterator[Violation]:
    for index, channel in enumerate(_items(document, "channels")):
        if isinstance(channel, str) and is_defaults(channel):
            pointer = f"/channels/{index}"
            line, column = document.position(pointer)
            yield Violation(
                "ENV-005",
                f"The channel {channel[:60]!r} is Anaconda's, whose terms may ask for a licence. "
                "Put 'conda-forge' in its place, unless you have one.",
                document.file, line, column, pointer, "warning",
            )  # fmt: skip
    if "pip" in document.data:
        line, column = document.key_position("/pip")
        yield Violation(
            "ENV-004",
            "'pip' stands at the top, where conda does not look; move it under 'dependencies' "
            "as '- pip:'.",
            document.file, line, column, "/pip", "warning",
        )  # fmt: skip
    for index, item in enumerate(_items(document, "dependencies")):
        if isinstance(item, dict):
            path = ["dependencies", index, "pip"]
            yield from _list(document, folder, item.get("pip"), path, "ENV-004")


def _lines_of_lists(
    document: Document, folder: Folder, keys: tuple[str, ...], rule: str
) -> Iterator[Violation]:
    for key in keys:
        yield from _list(document, folder, document.data.get(key), [key], rule)


def _list(
    document: Document, folder: Folder, items: Any, path: list[Any], rule: str
) -> Iterator[Violation]:
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, str):
            pointer = join([*path, index])
            for broken, message, severity in _about(item, folder, rule):
                line, column = document.position(pointer)
                yield Violation(broken, message, document.file, line, column, pointer, severity)


def requirement_lines(folder: Folder, found: list[Violation]) -> list[str] | None:
    """Return the lines of the folder's requirements.txt without comments, None without one.

    What is wrong is added to ``found``.
    """
    text = _file(folder, _REQUIREMENTS, found)
    file = str(folder.root / _REQUIREMENTS)
    if isinstance(text, Problem):
        found.append(Violation("ENV-008", text.message, file, text.line, text.column))
    if not isinstance(text, str):
        return None
    lines = []
    for number, line in logical_lines(text):
        lines.append(line)
        for rule, message, severity in _about(line, folder, "ENV-008"):
            found.append(Violation(rule, message, file, number, 1, None, severity))
    return lines


def _about(line: str, folder: Folder, rule: str) -> Iterator[tuple[str, str, str]]:
    """Give rule, message and severity of what is wrong with one requirement."""
    wrong = wrong_requirement(line)
    if wrong is not None:
        yield rule, wrong, "error"
        return
    # Few lines begin like that; the others are not worth a look at the expressions.
    if line.startswith(("-r", "-c", "--r", "--c")):
        option, name = named_file(line)
        if option is not None and "://" not in name and not _is_in(folder, name):
            message = (
                f"{line[:60]!r} names a file that is not in the model folder. Put it there, or "
                "its lines in the place of this one."
            )
            yield "ENV-011", message, "warning"
    elif of_this_machine(line):
        message = (
            f"{line[:60]!r} is a path: the environment can be built only where it leads to a "
            "package. Name a release that an index has, or an address."
        )
        yield "ENV-012", message, "warning"


def _is_in(folder: Folder, name: str) -> bool:
    try:
        return folder.resolve_inside(name).is_file()
    except (MlmodelError, OSError):
        return False


def is_defaults(channel: str) -> bool:
    """Return whether a channel is Anaconda's own, by name or by address (ENV-005)."""
    return _DEFAULTS.fullmatch(channel.strip()) is not None


def _compare(conda: Document, lines: list[str]) -> Iterator[Violation]:
    wanted = [line.strip() for line in pip_part(conda.data)]
    here = [line for line in lines if line not in wanted]
    there = [line for line in wanted if line not in lines]
    if not here and not there:
        return
    parts = []
    for where, only in ((_REQUIREMENTS, here), (conda.file.rpartition("/")[2], there)):
        if only:
            shown = ", ".join(only[:5]) + (f" and {len(only) - 5} more" if len(only) > 5 else "")  # noqa: PLR2004 - a message of readable length
            parts.append(f"only in {where}: {shown}")
    yield Violation(
        "ENV-006",
        f"requirements.txt is not the pip part of conda.yaml ({'; '.join(parts)}). "
        "The tools that build an environment take one or the other: make them equal.",
        conda.file.rpartition("/")[0] + "/" + _REQUIREMENTS, 1, 1, None, "warning",
    )  # fmt: skip
