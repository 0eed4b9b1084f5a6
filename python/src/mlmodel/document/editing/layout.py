"""The canonical layout of a YAML file: that of the writer, with the user's order and comments.

The tree is written again by PyYAML's own emitter, so a file that MLflow or this library wrote
is its own layout. Comments and blank lines, which no emitter knows, are found between the
scalars of the source and put back beside the same keys and items.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import yaml.emitter
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

from mlmodel.document.editing.comments import Tree, with_comments
from mlmodel.document.schema.schemas import branch, child
from mlmodel.document.yaml import scalars
from mlmodel.document.yaml.build import has_named_keys, is_text
from mlmodel.document.yaml.events import Problem, compose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.schema.schemas import Subschema
    from mlmodel.document.yaml.events import Limits, Node

__all__ = ["lay_out"]

_ODD_BREAKS = frozenset("\x85\u2028\u2029")
_NULL, _BOOL = scalars.PREFIX + "null", scalars.PREFIX + "bool"


def lay_out(text: str, root: Node, schema: Subschema | None, limits: Limits) -> str | None:
    """Return the canonical text of the document ``root`` that was composed from ``text``.

    ``schema`` says which values are texts. None where what was written cannot be read again
    within ``limits``; whether it means the same is for the caller to compare.
    """
    written = _emit(text, root, schema)
    again = compose(written, limits)
    if isinstance(again, Problem):
        return None
    return with_comments(Tree(text, root), Tree(written, again))


class _Scalar(ScalarEvent):
    """A scalar, and whether characters beyond ASCII may stand in it as they are."""

    in_characters = False


class _Emitter(yaml.emitter.Emitter):
    """PyYAML's emitter; what stood in the file as a character is not escaped."""

    def choose_scalar_style(self) -> Any:
        style = super().choose_scalar_style()
        event: Any = self.event
        if style == '"' and event.style and event.tag is None:
            # A block cannot hold this text: then it is written as any other text.
            event.style = None
            style = super().choose_scalar_style()
        return style

    @property
    def allow_unicode(self) -> bool:
        return getattr(self.event, "in_characters", False)

    @allow_unicode.setter
    def allow_unicode(self, value: bool) -> None:
        """Take what the base sets, which holds for no event."""


def _emit(text: str, root: Node, schema: Subschema | None) -> str:
    stream = io.StringIO()
    emitter = _Emitter(stream)
    for event in (
        StreamStartEvent(),
        DocumentStartEvent(explicit=False),
        *_events(text, root, schema),
        DocumentEndEvent(explicit=False),
        StreamEndEvent(),
    ):
        emitter.emit(event)
    return stream.getvalue()


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


def _scalar(text: str, node: Node, *, textual: bool = False, null: str = _NULL) -> ScalarEvent:
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
    event = _Scalar(None, tag, implicit, value, style=style)
    written = text[node.start.index : node.end.index]
    # Breaks other than a line feed are escaped, and everything in the same text with them.
    event.in_characters = not written.isascii() and _ODD_BREAKS.isdisjoint(value)
    return event
