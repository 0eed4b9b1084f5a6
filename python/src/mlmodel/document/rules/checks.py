"""All checks of one MLmodel document, each violation at its place, in document order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlmodel.document.document import folder_of, model_file, read
from mlmodel.document.paths import Folder
from mlmodel.document.pointers import join
from mlmodel.document.rules.environments import check_environments
from mlmodel.document.rules.keys import schema_violations, unknown_keys
from mlmodel.document.rules.named_files import check_modules, check_named_files
from mlmodel.document.rules.signatures import check_signature
from mlmodel.document.schema import schemas
from mlmodel.document.schema.described import Described, walk
from mlmodel.document.times import EARLY_KEY, KEY, parse_time, same_time
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits
from mlmodel.errors import InvalidModel, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.document.paths import PathLike
    from mlmodel.errors import Violation

__all__ = ["check", "errors_in", "in_order", "require_valid"]


def check(document: Document, root: Path | None, *, loading: bool = False) -> list[Violation]:
    """Return every violation in a document and, with ``root``, in the folder around it.

    ``loading`` leaves out what loading the model does without: the files of the environment
    and of the example. The violations are in document order, this file's first.
    """
    found = list(document.problems)
    folder = None if root is None else Folder(root)
    if document.usable:
        described = walk(document.data, schemas.load("mlmodel"))
        found += schema_violations(document, "mlmodel")
        found += _flavors(document)
        found += unknown_keys(document, described)
        found += _forms(document, described)
        found += _times(document)
        found += _examples(document)
        found += check_signature(document)
        found += check_named_files(document, described, folder, loading=loading)
        found += check_modules(document, described, folder)
        if folder is not None and not loading:
            return in_order(found, document.file) + check_environments(folder, document)
    return in_order(found, document.file)


def errors_in(document: Document, root: Path | None, *, loading: bool = False) -> list[Violation]:
    """Return the violations that :func:`check` finds, without the warnings."""
    found = check(document, root, loading=loading)
    return [violation for violation in found if violation.severity == "error"]


def in_order(violations: list[Violation], file: str) -> list[Violation]:
    """Return the violations of one file by line and column; without a place come first."""
    return sorted(
        dict.fromkeys(violations), key=lambda v: (v.file != file, v.line or 0, v.column or 0)
    )


def _flavors(document: Document) -> Iterator[Violation]:
    for name, keys in document.flavors.items():
        if name in schemas.names("flavors"):
            if isinstance(keys, dict):
                yield from schema_violations(document, f"flavors:{name}", ["flavors", name])
            continue
        yield document.violation(
            "MLM-012",
            f"The flavor {str(name)[:60]!r} is not known here: its keys are kept, but neither "
            f"they nor the files that they name were checked.",
            join(["flavors", name]),
            "warning",
            key=True,
        )


def _times(document: Document) -> Iterator[Violation]:
    keys = [k for k in (EARLY_KEY, KEY) if document.data.get(k)]
    for key in keys:
        text: Any = document.data[key]
        if isinstance(text, str) and parse_time(text) is None:
            yield document.violation(
                "MLM-010",
                f"{text[:60]!r} is not a date and time in a known form (such as 2024-07-24 "
                f"11:58:39.776546); it is kept as text.",
                f"/{key}",
                "warning",
            )
    if len(keys) > 1 and not same_time(document.data[EARLY_KEY], document.data[KEY]):
        yield document.violation(
            "MLM-009",
            "time_created and utc_time_created are one field under two names, and their values "
            f"differ: {shown(document.data[EARLY_KEY])} and {shown(document.data[KEY])}. "
            "Remove one.",
            f"/{KEY}",
            key=True,
        )


def _forms(document: Document, described: list[Described]) -> Iterator[Violation]:
    """Give the texts that are not of the form that ``x-form`` expects of them (a warning)."""
    for item in described:
        form = item.schema.get("x-form")
        if form is None or not isinstance(item.value, str):
            continue
        if re.fullmatch(form["pattern"], item.value) is None:
            what = "The text here" if form.get("secret") else shown(item.value)
            message = f"{what} is not {form['expected']}; it is kept as it is."
            yield document.violation(form["rule"], message, join(item.path), "warning")


def _examples(document: Document) -> Iterator[Violation]:
    """Give an early name of the example that contradicts today's (MLM-023)."""
    early, info = document.data.get("input_example"), document.data.get("saved_input_example_info")
    today = info.get("artifact_path") if isinstance(info, dict) else None
    if isinstance(early, str) and isinstance(today, str) and early != today:
        yield document.violation(
            "MLM-023",
            f"input_example names {shown(early)}, and saved_input_example_info names "
            f"{shown(today)}, which is the one that is read. Remove the key input_example.",
            "/input_example",
            "warning",
        )


def require_valid(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read a model's MLmodel file and check what loading the model needs.

    Raises:
        InvalidModel: with every error found; files of the environment and the example, which
            loading does without, are not asked for.
        ModelNotFound, UnreadableModel: as :func:`read`.

    """
    document = read(path, limits=limits)
    root = folder_of(model_file(path))
    errors = errors_in(document, root, loading=True)
    if errors:
        raise InvalidModel(f"The model in {root} breaks the rules of the format.", errors)
    return document
