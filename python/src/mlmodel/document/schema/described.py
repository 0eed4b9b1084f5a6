"""Which values of a document its schema describes, and by which subschema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.document.schema.schemas import branch, child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.schema.schemas import Subschema

__all__ = ["Described", "walk"]


class Described(NamedTuple):
    """A value at a path (keys and positions from the root) and the subschema it falls under."""

    path: tuple[Any, ...]
    value: Any
    schema: Subschema


def walk(value: Any, schema: Subschema | None) -> list[Described]:
    """Return every value that a subschema describes, parents first, in the order of the data."""
    return [] if schema is None else list(_walk(value, schema, ()))


def _walk(value: Any, schema: Subschema, path: tuple[Any, ...]) -> Iterator[Described]:
    kind = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "string"
    schema = branch(schema, kind) or {}
    yield Described(path, value, schema)
    members = value.items() if kind == "object" else enumerate(value) if kind == "array" else ()
    for key, member in members:
        below = child(schema, key)
        if below is not None:
            yield from _walk(member, below, (*path, key))
