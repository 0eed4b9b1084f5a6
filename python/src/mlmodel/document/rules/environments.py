"""conda.yaml, python_env.yaml and requirements.txt: their form (ENV-002 to ENV-012)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._base.secrets import has_password, masked
from mlmodel.document.environment_files import (
    FILES,
    environment_text,
    is_defaults,
    read_environment,
)
from mlmodel.document.paths import CONDA, REQUIREMENTS
from mlmodel.document.pointers import join
from mlmodel.document.requirements import (
    LONGEST,
    logical_lines,
    named_file,
    of_this_machine,
    pip_part,
    wrong_requirement,
)
from mlmodel.document.rules.keys import schema_violations, unknown_keys
from mlmodel.document.rules.tally import Tally
from mlmodel.document.schema import schemas
from mlmodel.document.schema.described import walk
from mlmodel.document.yaml.events import Problem
from mlmodel.errors import MlmodelError, Violation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.paths import Folder

__all__ = ["check_environments"]

#: How many requirements a message names.
_NAMED = 5


def check_environments(folder: Folder, document: Document) -> list[Violation]:
    """Return the violations in the environment files that the folder has, file by file."""
    conda = read_environment(folder, document, "conda")
    python = read_environment(folder, document, "virtualenv")
    text = environment_text(folder, REQUIREMENTS)
    found = [
        *_check_form(conda, "conda"),
        *_check_conda(conda, folder),
        *_check_form(python, "virtualenv"),
        *_check_python_env(python, folder),
        *_check_requirements(text, folder),
        *_compare(conda, text),
    ]
    files = list(dict.fromkeys(violation.file for violation in found))
    return sorted(found, key=lambda v: (files.index(v.file), v.line or 0, v.column or 0, v.rule))


def _check_form(document: Document, tool: str) -> Iterator[Violation]:
    yield from document.problems
    if document.usable:
        schema = FILES[tool][1]
        yield from schema_violations(document, schema)
        yield from unknown_keys(document, walk(document.data, schemas.load(schema)))


def _check_conda(document: Document, folder: Folder) -> Iterator[Violation]:
    for index, channel in enumerate(_items(document, "channels")):
        if isinstance(channel, str) and has_password(channel):
            said = _password(channel)
            yield document.violation("ENV-023", said, ["channels", index], "warning")
        if isinstance(channel, str) and is_defaults(channel):
            yield document.violation(
                "ENV-005",
                f"The channel {channel[:60]!r} belongs to Anaconda, whose terms may require a "
                f"licence. Use 'conda-forge' instead, unless you have a licence.",
                ["channels", index],
                "warning",
            )
    variables = document.data.get("variables")
    for name, value in variables.items() if isinstance(variables, dict) else ():
        if isinstance(value, str) and has_password(value):
            place = ["variables", name]
            yield document.violation("ENV-023", _password(value), place, "warning")
    if "pip" in document.data:
        yield document.violation(
            "ENV-004",
            "'pip' is at the top level, where conda does not look; move it under 'dependencies' "
            "as '- pip:'.",
            ["pip"],
            "warning",
            key=True,
        )
    for index, item in enumerate(_items(document, "dependencies")):
        if isinstance(item, dict):
            path = ["dependencies", index, "pip"]
            yield from _check_lines(document, folder, item.get("pip"), path, "ENV-002")


def _items(document: Document, key: str) -> list[Any]:
    value = document.data.get(key)
    return value if isinstance(value, list) else []


def _check_python_env(document: Document, folder: Folder) -> Iterator[Violation]:
    for key in ("build_dependencies", "dependencies"):
        yield from _check_lines(document, folder, document.data.get(key), [key], "ENV-007")


def _check_lines(
    document: Document, folder: Folder, lines: Any, path: list[Any], rule: str
) -> Iterator[Violation]:
    tally = Tally()
    for index, line in enumerate(lines if isinstance(lines, list) else ()):
        if isinstance(line, str):
            for broken, message, severity in _about(line, folder, rule, tally):
                yield document.violation(broken, message, [*path, index], severity)
    yield from tally.rest(document.file, *document.position(join(path)))


def _check_requirements(text: str | Problem | None, folder: Folder) -> Iterator[Violation]:
    file = str(folder.root / REQUIREMENTS)
    if isinstance(text, Problem):
        rule = "ENV-008" if text.rule == "MLM-001" else text.rule
        yield text._replace(rule=rule).violation(file)
    elif text is not None:
        tally, number = Tally(), 1
        for number, line in logical_lines(text):
            for rule, message, severity in _about(line, folder, "ENV-008", tally):
                yield Violation(rule, message, file, number, 1, None, severity)
        yield from tally.rest(file, number)


def _about(line: str, folder: Folder, rule: str, tally: Tally) -> Iterator[tuple[str, str, str]]:
    """Give rule, message and severity of what is wrong with one requirement, and is listed."""
    if len(line) <= LONGEST and has_password(line):
        if tally.of_many(1, "ENV-023", "warning"):
            yield "ENV-023", _password(line), "warning"
        line = masked(line)
    wrong = wrong_requirement(line) if tally.asks(rule) else None
    if wrong is not None:
        if tally.of_many(1, rule):
            yield rule, wrong, "error"
        return
    # Few lines begin like that; the others are not worth a look at the expressions.
    if line.startswith(("-r", "-c", "--r", "--c")):
        option, name = named_file(line) if tally.asks("ENV-011", "warning") else (None, "")
        if option is None or "://" in name or _is_in(folder, name):
            return
        if tally.of_many(1, "ENV-011", "warning"):
            message = (
                f"{line[:60]!r} names a file that is not in the model folder. Put the file "
                f"there, or replace this line by the lines of that file."
            )
            yield "ENV-011", message, "warning"
    elif of_this_machine(line) and tally.of_many(1, "ENV-012", "warning"):
        message = (
            f"{line[:60]!r} is a path: the environment can be built only on a machine that has "
            f"a package there. Name a release from a package index, or a URL."
        )
        yield "ENV-012", message, "warning"


def _password(text: str) -> str:
    return (
        f"{masked(text)[:120]!r} holds a password or token, which whoever has the model has, too. "
        "Take it out, revoke it, and name a variable in its place "
        "(`https://${TOKEN}@…`), or keep it in the configuration of pip or conda."
    )


def _is_in(folder: Folder, name: str) -> bool:
    try:
        return folder.resolve_inside(name).is_file()
    except (MlmodelError, OSError):
        return False


def _compare(conda: Document, text: str | Problem | None) -> Iterator[Violation]:
    if not conda.usable or not isinstance(text, str):
        return
    lines = [masked(line) for _, line in logical_lines(text)]
    wanted = [masked(line.strip()) for line in pip_part(conda.data)]
    both = {*lines} & {*wanted}
    here = [line for line in lines if line not in both]
    there = [line for line in wanted if line not in both]
    if not here and not there:
        return
    parts = []
    for where, only in ((REQUIREMENTS, here), (conda.file.rpartition("/")[2], there)):
        if only:
            shown = ", ".join(line[:60] for line in only[:_NAMED])
            shown += f" and {len(only) - _NAMED} more" if len(only) > _NAMED else ""
            parts.append(f"only in {where}: {shown}")
    yield Violation(
        "ENV-006",
        f"{REQUIREMENTS} is not the pip part of {CONDA} ({'; '.join(parts)}). "
        "The tools that build an environment take one or the other: make them equal.",
        conda.file.rpartition("/")[0] + "/" + REQUIREMENTS, 1, 1, None, "warning",
    )  # fmt: skip
