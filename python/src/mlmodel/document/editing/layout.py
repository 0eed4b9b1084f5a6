"""The canonical layout of a YAML file: that of the writer, with the user's order and comments.

The tree is written again by the writer's own emitter, so a file that MLflow or this library
wrote is its own layout. Comments and blank lines, which no emitter knows, are found between the
scalars of the source and put back beside the same keys and items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from mlmodel.document.editing.comments import Tree, are_in_place, with_comments
from mlmodel.document.schema.schemas import branch, child
from mlmodel.document.writer import require_readable, require_room
from mlmodel.document.yaml import scalars
from mlmodel.document.yaml.build import has_named_keys, is_text
from mlmodel.document.yaml.emitter import emit
from mlmodel.document.yaml.events import Problem, compose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.schema.schemas import Subschema
    from mlmodel.document.yaml.events import Limits, Node

__all__ = ["LaidOut", "lay_out"]

_ODD_BREAKS = frozenset("\x85\u2028\u2029")
_NULL, _BOOL = scalars.PREFIX + "null", scalars.PREFIX + "bool"
#: How often comments are put in place, until they come to rest.
_MOST_LOOKS = 4


class LaidOut(NamedTuple):
    """A text in the canonical layout, and the tree that was composed from it."""

    text: str
    root: Node


def lay_out(document: Document, schema: Subschema | None, limits: Limits) -> LaidOut | None:
    """Return the canonical text of a document.

    ``schema`` says which values are texts. None where what was written cannot be read again;
    whether it means the same is for the caller to compare.

    Raises:
        InvalidModel: the text would not be read again within ``limits`` (MLM-002).

    """

    def composed(text: str) -> LaidOut | None:
        require_readable(text.encode(), document.file, limits)
        root = compose(text, limits)
        return None if isinstance(root, Problem) else LaidOut(text, root)

    found = LaidOut(document.text, document.nodes("")[1])
    require_room(_length(found.root, limits.bytes), document.file, limits)
    emitted = _emit(*found, schema)
    if emitted == found.text or are_in_place(found.text, emitted):
        return found
    written = composed(emitted)
    if written is None:
        return None
    bare = Tree(*written)
    # Where a comment stood in an odd place it may need a second look to come to rest.
    for _ in range(_MOST_LOOKS):
        commented = with_comments(Tree(*found), bare)
        if commented is None:
            return None
        if commented in {found.text, written.text}:
            return found if commented == found.text else written
        again = composed(commented)
        if again is None or "#" not in commented:
            return again
        found = again
    return found


def _length(node: Node, most: int) -> int:
    """Return how many characters the scalars have at least, each alias as what it stands for.

    Beyond ``most`` they are not counted further.
    """
    total, todo = 0, [node]
    while todo and total <= most:
        one = todo.pop()
        if one.kind == "scalar":
            total += len(one.value)
        elif one.kind == "map":
            for pair in one.value:
                todo.extend(pair)
        else:
            todo.extend(one.value)
    return total


def _emit(text: str, root: Node, schema: Subschema | None) -> str:
    return emit(
        [
            StreamStartEvent(),
            DocumentStartEvent(explicit=False),
            *_events(text, root, schema),
            DocumentEndEvent(explicit=False),
            StreamEndEvent(),
        ]
    )


def _events(text: str, node: Node, schema: Subschema | None) -> Iterator[Any]:
    """Give the events of a node; recursion is bounded by the limits of reading."""
    if node.kind == "scalar":
        yield _scalar(text, node, textual=is_text(branch(schema, "string")))
    elif node.kind == "seq":
        items = child(branch(schema, "array"), 0)
        yield SequenceStartEvent(None, None, implicit=True, flow_style=False)
        for item in node.value:
            yield from _events(text, item, items)
        yield SequenceEndEvent()
    else:
        schema = branch(schema, "object")
        named = has_named_keys(schema)
        tag = node.tag if node.tag == scalars.PREFIX + "set" else None
        yield MappingStartEvent(None, tag, implicit=tag is None, flow_style=False)
        for key, value in node.value:
            # The keys that a schema names are texts, whatever they look like (an empty one too).
            yield _scalar(text, key, textual=named, null="") if named else _scalar(text, key)
            yield from _events(text, value, child(schema, key.value) if named else None)
        yield MappingEndEvent()


def _scalar(text: str, node: Node, *, textual: bool = False, null: str = _NULL) -> Any:
    """Return the event of a scalar; ``textual`` says that it is a text, unless of tag ``null``."""
    value: str = node.value
    tag = node.tag if node.tag not in {None, "!", scalars.STRING} else None
    kind = scalars.resolve(value)
    if tag is None and node.plain:
        # A text that looks like something else is put in quotes, but null is null.
        looks_other = textual and kind != null
        tag = None if looks_other or kind.endswith((":str", ":merge")) else kind
    if tag == kind == _NULL:
        value = "null"
    elif tag == kind == _BOOL:
        value = str(scalars.construct(_BOOL, value)).lower()
    implicit = (kind == (tag or scalars.STRING), tag is None)
    block = tag == scalars.PREFIX + "binary"
    style = "|" if block else node.style if node.style in {"|", ">"} else None
    event: Any = ScalarEvent(None, tag, implicit, value, style=style)
    written = text[node.start.index : node.end.index]
    # Breaks other than a line feed are escaped, and everything in the same text with them.
    event.in_characters = not written.isascii() and _ODD_BREAKS.isdisjoint(value)
    return event
