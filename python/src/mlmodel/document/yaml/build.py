"""From the tree of nodes to plain Python values, guided by the schema (MLM-003 to MLM-006).

A scalar whose schema says "text" is read as it is written, so that ``python_version: 3.10``
is not 3.1 and a run id of digits stays one; everything else is what PyYAML makes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._base.hashes import MOST_OF_ONE_HASH, Hashes
from mlmodel.document.pointers import shown_pointer
from mlmodel.document.schema.schemas import branch, child
from mlmodel.document.yaml import scalars
from mlmodel.document.yaml.events import Problem
from mlmodel.errors import shown

if TYPE_CHECKING:
    from mlmodel.document.schema.schemas import Subschema
    from mlmodel.document.yaml.events import Node

__all__ = ["Builder", "has_named_keys", "is_text"]

_TEXT = frozenset({"string", "null"})
_COLLECTION_TAGS = {
    "map": frozenset({None, "!", scalars.PREFIX + "map", scalars.PREFIX + "set"}),
    "seq": frozenset({None, "!", scalars.PREFIX + "seq"}),
}
_TIMESTAMP = scalars.PREFIX + "timestamp"
_MERGE = scalars.PREFIX + "merge"
_CROWDED = (
    f"More than {MOST_OF_ONE_HASH} keys of a mapping are numbers of one and the same hash, so that "
    "reading it would take the square of their number; this key and those behind it are not read. "
    "Put such keys in quotes."
)


def is_text(schema: Subschema | None) -> bool:
    """Return whether a schema says that a scalar is text (MLM-005)."""
    types = schema.get("type", ()) if schema else ()
    return types == "string" or (bool(types) and set(types) <= _TEXT)


def has_named_keys(schema: Subschema | None) -> bool:
    """Return whether a schema says what the keys of a mapping are: then they are texts."""
    return schema is not None and ("properties" in schema or "additionalProperties" in schema)


class Builder:
    """Builds the value of one document; ``problems`` collects what was wrong on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.path: list[Any] = []

    def build(self, node: Node, schema: Subschema | None) -> Any:
        """Return the value of ``node``; recursion is bounded by the limits of reading."""
        if node.kind == "scalar":
            return self.scalar(node, branch(schema, "string"))
        if node.tag not in _COLLECTION_TAGS[node.kind]:
            self.foreign_tag(node)
        if node.kind == "seq":
            return self.sequence(node, branch(schema, "array"))
        return self.mapping(node, branch(schema, "object"))

    def problem(self, rule: str, message: str, node: Node, severity: str = "error") -> None:
        line, column = node.position
        self.problems.append(
            Problem(rule, message, line, column, shown_pointer(self.path), severity)
        )

    def foreign_tag(self, node: Node) -> None:
        self.problem(
            "MLM-004",
            f"The tag {str(node.tag)[:80]!r} is not a standard tag of YAML; no object is made "
            f"from it. Write a plain value.",
            node,
        )

    def scalar(self, node: Node, schema: Subschema | None) -> Any:
        text: str = node.value
        tag = node.tag
        if tag is None or tag == "!":
            if not node.plain:
                return text
            tag = scalars.resolve(text)
            if tag in {scalars.STRING, _MERGE}:
                return text
            if is_text(schema):
                return self.text(node, tag, schema)
        elif tag == _TIMESTAMP and (schema or {}).get("x-time"):
            return text
        return self.typed(node, tag, text)

    def text(self, node: Node, tag: str, schema: Subschema | None) -> str | None:
        if tag == scalars.PREFIX + "null":
            return None
        value: str = node.value
        if not (schema or {}).get("x-time"):
            self.problem(
                "MLM-005",
                f"{value[:60]} is read as text, but many readers take it for "
                f"{scalars.kind_name(tag)}. Put it in quotes: '{value[:60]}'.",
                node,
                "warning",
            )
        return value

    def typed(self, node: Node, tag: str, text: str) -> Any:
        try:
            return scalars.construct(tag, text)
        except KeyError:
            self.foreign_tag(node)
        except scalars.Unreadable as error:
            self.problem(
                "MLM-006",
                f"{text[:60]!r} looks like {scalars.kind_name(tag)} but is not a valid one: "
                f"{error}. Put it in quotes if it is a text.",
                node,
            )
        return text

    def sequence(self, node: Node, schema: Subschema | None) -> list[Any]:
        items = child(schema, 0)
        self.path.append(0)
        values = []
        for index, item in enumerate(node.value):
            self.path[-1] = index
            values.append(self.build(item, items))
        self.path.pop()
        return values

    def mapping(self, node: Node, schema: Subschema | None) -> dict[Any, Any] | set[Any]:
        named = has_named_keys(schema)
        values: dict[Any, Any] = {}
        seen: dict[Any, Node] = {}
        hashes = Hashes()
        self.path.append("")
        for key_node, value_node in node.value:
            if not self.is_key(key_node):
                continue
            self.path[-1] = key_node.value
            key = key_node.value if named else self.scalar(key_node, None)
            if hashes.is_one_too_many(key):
                self.problem("MLM-037", _CROWDED, key_node)
                break
            if key in seen:
                self.problem(
                    "MLM-003",
                    f"The key {shown(key_node.value)} appears twice in one mapping: first in line "
                    f"{seen[key].position[0]}, again in line {key_node.position[0]}. "
                    "Remove one of them.",
                    key_node,
                )
                continue
            seen[key] = key_node
            values[key] = self.build(value_node, child(schema, key) if named else None)
        self.path.pop()
        return set(values) if node.tag == scalars.PREFIX + "set" else values

    def is_key(self, node: Node) -> bool:
        if node.kind != "scalar":
            self.path[-1] = ""
            self.problem("MLM-004", "A key is a single value, not a list or mapping.", node)
            return False
        if node.value == "<<" and node.plain and node.tag is None:
            self.path[-1] = "<<"
            self.problem(
                "MLM-004", "Merge keys (<<) are not part of the format; write the keys out.", node
            )
            return False
        return True
