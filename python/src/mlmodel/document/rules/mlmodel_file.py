"""The keys of the MLmodel file: its schema, flavors, times, forms, early names (MLM rules)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlmodel.document.rules.keys import schema_violations, unknown_keys
from mlmodel.document.schema import schemas
from mlmodel.document.times import EARLY_KEY, KEY, parse_time, same_time
from mlmodel.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.schema.described import Described
    from mlmodel.errors import Violation

__all__ = ["check_mlmodel_file"]


def check_mlmodel_file(document: Document, described: list[Described]) -> Iterator[Violation]:
    """Give what the file's own keys break; ``described`` are its values with their schemas."""
    yield from schema_violations(document, "mlmodel")
    yield from _flavors(document)
    yield from unknown_keys(document, described)
    yield from _forms(document, described)
    yield from _times(document)
    yield from _examples(document)


def _flavors(document: Document) -> Iterator[Violation]:
    for name, keys in document.flavors.items():
        schema = schemas.named("flavors", name)
        if schema is not None:
            if isinstance(keys, dict):
                yield from schema_violations(document, f"flavors:{schema}", ["flavors", name])
            continue
        yield document.violation(
            "MLM-012",
            f"The flavor {str(name)[:60]!r} is not known here: its keys are kept, but neither "
            "they nor the files that they name were checked.",
            ["flavors", name],
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
                "11:58:39.776546); it is kept as text.",
                [key],
                "warning",
            )
    if len(keys) > 1 and not same_time(document.data[EARLY_KEY], document.data[KEY]):
        yield document.violation(
            "MLM-009",
            "time_created and utc_time_created are one field under two names, and their values "
            f"differ: {shown(document.data[EARLY_KEY])} and {shown(document.data[KEY])}. "
            "Remove one.",
            [KEY],
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
            yield document.violation(form["rule"], message, item.path, "warning")


def _examples(document: Document) -> Iterator[Violation]:
    """Give an early name of the example that contradicts today's (MLM-023)."""
    early, info = document.data.get("input_example"), document.data.get("saved_input_example_info")
    today = info.get("artifact_path") if isinstance(info, dict) else None
    if isinstance(early, str) and isinstance(today, str) and early != today:
        yield document.violation(
            "MLM-023",
            f"input_example names {shown(early)}, and saved_input_example_info names "
            f"{shown(today)}, which is the one that is read. Remove the key input_example.",
            ["input_example"],
            "warning",
        )
