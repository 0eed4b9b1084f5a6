"""conda.yaml, python_env.yaml and requirements.txt: their form (ENV-002 to ENV-012)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlmodel.document import schemas
from mlmodel.document.described import walk
from mlmodel.document.document import compose_document, read_text
from mlmodel.document.events import Problem
from mlmodel.document.pointers import join
from mlmodel.document.schema_check import schema_violations, unknown_keys
from mlmodel.errors import MlmodelError, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.paths import Folder

__all__ = [
    "check_environments",
    "is_defaults",
    "logical_lines",
    "named_environments",
    "named_file",
    "of_this_machine",
    "pip_part",
    "read_environment",
    "requirement_lines",
]

_REQUIREMENTS = "requirements.txt"
#: A requirement that is right for certain; others are left to the packaging library.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\s*(===?|[<>!~]=|[<>])\s*[0-9][A-Za-z0-9.+!*-]*)?")
_ELSEWHERE = re.compile(r"^(-|\.{0,2}[/\\]|[A-Za-z]:[/\\]|[A-Za-z][A-Za-z0-9+.-]*:)")
#: A line that names a file of requirements (-r) or of constraints (-c).
_NAMES_FILE = re.compile(r"(?:(-r|--requirement\b)|(-c|--constraint\b))\s*=?\s*(\S.*)")
#: What pip takes from a path: a file of a package, or a folder.
_LOCAL = re.compile(
    r"(?:(?:-e|--editable)[\s=]*)?(?:file:|\.{0,2}[/\\]|\.{1,2}$|[A-Za-z]:[/\\]"
    r"|[^\s:@]+\.(?:whl|zip|tar\.gz)$|[^\s:@=]+[/\\])"
    r"|[^@]+@\s*file:"
)
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
    wrong = _wrong_requirement(line)
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


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Give number and text of each requirement: continued lines joined, comments left out."""
    continued = ""
    for number, written in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*$", "", written) if "#" in written else written
        line = continued + bare.strip()
        if line.endswith("\\"):
            continued = line[:-1]
            continue
        continued = ""
        if line:
            yield number, line


def _wrong_requirement(line: str) -> str | None:
    """Return what keeps a line from being a requirement; options and paths are pip's business."""
    bare = line.strip()
    if "--" in bare:
        bare = re.split(r"\s--", bare, maxsplit=1)[0]
    if not bare or _PLAIN.fullmatch(bare) or _ELSEWHERE.match(bare):
        return None
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(bare)
    except InvalidRequirement as error:
        if re.search(r"[/\\]|\.(whl|zip|tar\.gz)$", bare) and "@" not in bare:
            return None
        reason = str(error).partition("\n")[0]
        return f"{bare[:60]!r} is no requirement that pip understands: {reason}."
    return None


def pip_part(data: dict[str, Any]) -> list[str]:
    """Return the pip requirements in the mapping of a conda.yaml, wherever they stand (ENV-004)."""
    dependencies = data.get("dependencies")
    found = [
        item["pip"]
        for item in (dependencies if isinstance(dependencies, list) else [])
        if isinstance(item, dict) and isinstance(item.get("pip"), list)
    ]
    if isinstance(data.get("pip"), list):
        found.append(data["pip"])
    return [line for part in found for line in part if isinstance(line, str)]


def named_file(line: str) -> tuple[str, str] | tuple[None, str]:
    """Return ``("-r", file)`` or ``("-c", file)`` for a line that names a file, else None and it.

    ``line`` is a logical line, in any of pip's spellings (``-rFILE``, ``--constraint=FILE``).
    """
    match = _NAMES_FILE.fullmatch(line)
    if match is None:
        return None, line
    return ("-r" if match[1] else "-c"), match[3].strip()


def of_this_machine(line: str) -> bool:
    """Return whether a requirement is a path, and so means nothing on another machine (ENV-012)."""
    return _LOCAL.match(line) is not None


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
