"""Which values of a document its schema describes, and by which subschema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel.document.schemas import branch, child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.schemas import Subschema

__all__ = ["Described", "walk"]


@dataclass(frozen=True, slots=True)
class Described:
    """A value at a path (keys and positions from the root) and the subschema it falls under."""

    path: tuple[Any, ...]
    value: Any
    schema: Subschema


def walk(value: Any, schema: Subschema | None, path: list[Any]) -> Iterator[Described]:
    """Give every value that a subschema describes, parents first, in the order of the data."""
    kind = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "string"
    schema = branch(schema, kind)
    if schema is None:
        return
    yield Described(tuple(path), value, schema)
    members = value.items() if kind == "object" else enumerate(value) if kind == "array" else ()
    for key, member in members:
        below = child(schema, key)
        if below is not None:
            yield from walk(member, below, [*path, key])
