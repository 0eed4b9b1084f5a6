"""All checks of one MLmodel document, each violation at its place, in document order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlmodel.document import schemas
from mlmodel.document.described import Described, walk
from mlmodel.document.environments import check_environments
from mlmodel.document.named_files import check_modules, check_named_files
from mlmodel.document.paths import Folder
from mlmodel.document.pointers import join
from mlmodel.document.schema_check import schema_violations
from mlmodel.document.signatures import check_signature
from mlmodel.errors import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlmodel.document.document import Document

__all__ = ["check", "in_order"]

_TIME = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}([Tt ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|z|[-+]\d{1,2}(:?\d{2})?)?)?"
    # MLflow for R: a year of two digits, and the seconds written twice.
    r"|\d{2}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{2}\.\d{2,}"
)


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
        found += _unknown_keys(document, described)
        found += _times(document)
        found += check_signature(document)
        found += check_named_files(document, described, folder, loading=loading)
        found += check_modules(document, described, folder)
        if folder is not None and not loading:
            return in_order(found, document.file) + check_environments(folder, document)
    return in_order(found, document.file)


def in_order(violations: list[Violation], file: str) -> list[Violation]:
    """Return the violations of one file by line and column; without a place come first."""
    return sorted(
        dict.fromkeys(violations), key=lambda v: (v.file != file, v.line or 0, v.column or 0)
    )


def _flavors(document: Document) -> Iterator[Violation]:
    flavors = document.data.get("flavors")
    for name, keys in flavors.items() if isinstance(flavors, dict) else ():
        pointer = join(["flavors", name])
        if name in schemas.names("flavors"):
            if isinstance(keys, dict):
                yield from schema_violations(document, f"flavors:{name}", ["flavors", name])
            continue
        line, column = document.key_position(pointer)
        yield Violation(
            "MLM-012",
            f"The flavor {str(name)[:60]!r} is not described here: its keys are kept, "
            "and neither they nor the files they name were checked.",
            document.file, line, column, pointer, "warning",
        )  # fmt: skip


def _unknown_keys(document: Document, described: list[Described]) -> Iterator[Violation]:
    for item in described:
        rule = item.schema.get("x-unknown-keys")
        if rule is None or not isinstance(item.value, dict):
            continue
        for key in item.value.keys() - item.schema.get("properties", {}).keys():
            pointer = join([*item.path, key])
            line, column = document.key_position(pointer)
            yield Violation(
                rule,
                f"The key {str(key)[:60]!r} is not part of the format; it is kept.",
                document.file, line, column, pointer, "warning",
            )  # fmt: skip


def _times(document: Document) -> Iterator[Violation]:
    keys = [k for k in ("time_created", "utc_time_created") if document.data.get(k)]
    for key in keys:
        text: Any = document.data[key]
        if isinstance(text, str) and not _TIME.fullmatch(text):
            line, column = document.position(f"/{key}")
            yield Violation(
                "MLM-010",
                f"{text[:60]!r} is not a date and time in a form known here "
                "(2024-07-24 11:58:39.776546); it is kept as a text.",
                document.file, line, column, f"/{key}", "warning",
            )  # fmt: skip
    if len(keys) > 1 and len({_comparable(document.data[key]) for key in keys}) > 1:
        line, column = document.key_position(f"/{keys[1]}")
        yield Violation(
            "MLM-009",
            "time_created and utc_time_created are one field under two names, and their values "
            f"differ: {document.data[keys[0]]!r} and {document.data[keys[1]]!r}. Remove one.",
            document.file, line, column, f"/{keys[1]}",
        )  # fmt: skip


def _comparable(value: object) -> str:
    text = re.sub(r"[Tt ]+", " ", str(value)).removesuffix("Z")
    return re.sub(r"(\.\d*?)0+$", r"\1", text).removesuffix(".") if "." in text else text
