"""What the schemas say, as violations at their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.document.schema.findings import errors, explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlmodel.document.document import Document
    from mlmodel.document.schema.described import Described
    from mlmodel.errors import Violation

__all__ = ["schema_violations", "unknown_key", "unknown_keys"]


def schema_violations(
    document: Document, name: str, path: Sequence[Any] = (), data: Any = None
) -> Iterator[Violation]:
    """Give what the value at ``path`` breaks of the schema ``name``."""
    value = document.data if data is None else data
    for part in path:
        value = value[part]
    for error in errors(name, value):
        found = explain(error, path)
        place = [*path, *found.path]
        yield document.violation(found.rule, found.message, place, key=found.at_key)


def unknown_key(document: Document, rule: str, path: Sequence[Any]) -> Violation:
    """Return the warning of the key at the end of a path, which its schema does not list."""
    message = f"The key {str(path[-1])[:60]!r} is not part of the format; it is kept."
    return document.violation(rule, message, path, "warning", key=True)


def unknown_keys(document: Document, described: Iterable[Described]) -> Iterator[Violation]:
    """Give the keys that no schema lists, where one says that this is worth a warning."""
    for item in described:
        rule = item.schema.get("x-unknown-keys")
        if rule is None or not isinstance(item.value, dict):
            continue
        for key in item.value.keys() - item.schema.get("properties", {}).keys():
            yield unknown_key(document, rule, [*item.path, key])
