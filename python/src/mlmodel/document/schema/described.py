"""Which values of a document its schema describes, and by which subschema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.document.schema.schemas import branch, child

if TYPE_CHECKING:
    from mlmodel.document.schema.schemas import Subschema

__all__ = ["Described", "walk"]


class Described(NamedTuple):
    """A value at a path (keys and positions from the root) and the subschema it falls under."""

    path: tuple[Any, ...]
    value: Any
    schema: Subschema


def walk(value: Any, schema: Subschema | None) -> list[Described]:
    """Return every value that a subschema describes, parents first, in the order of the data."""
    found: list[Described] = []
    if schema is not None:
        _walk(value, schema, (), found)
    return found


def _walk(value: Any, schema: Subschema, path: tuple[Any, ...], found: list[Described]) -> None:
    kind = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "string"
    schema = branch(schema, kind) or {}
    found.append(Described(path, value, schema))
    members = value.items() if kind == "object" else enumerate(value) if kind == "array" else ()
    for key, member in members:
        below = child(schema, key)
        if below is not None:
            _walk(member, below, (*path, key), found)
