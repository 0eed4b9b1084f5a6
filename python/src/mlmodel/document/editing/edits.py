"""Changes of a YAML file in its own text: what is not meant stays as it is, to the character.

A :class:`Change` is one thing that was mended or brought up to date, with the pieces of text
that it replaces. ``fixes.py`` and ``upgrades.py`` make them; the formatter and
``mlmodel validate --fix`` apply them.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_left, insort
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import yaml.events

from mlmodel.document.editing.comments import COMMENT
from mlmodel.document.yaml import scalars
from mlmodel.document.yaml.emitter import Emitter
from mlmodel.errors import Violation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.document.document import Document
    from mlmodel.document.yaml.events import Node

__all__ = ["Change", "Edit", "apply", "node_end", "quote", "remove", "replace"]

_BLOCK = frozenset({"|", ">"})
#: What may stand behind the value of a line's key.
_REST = re.compile(r"[ \t]*(#[^\r\n\x85\u2028\u2029]*)?(\r\n|[\r\n\x85\u2028\u2029]|\Z)")


class Edit(NamedTuple):
    """The characters from ``begin`` to ``end`` (offsets) become ``text``."""

    begin: int
    end: int
    text: str


class Change(NamedTuple):
    """What was changed, at the place where it stood before, under the rule that asks for it."""

    rule: str
    message: str
    line: int
    column: int
    pointer: str
    edits: tuple[Edit, ...]

    def as_violation(self, file: str) -> Violation:
        """Return the change in the form in which a report lists it."""
        place = self.line, self.column, self.pointer
        return Violation(self.rule, self.message, file, *place, severity="fixed")


def apply(text: str, changes: Iterable[Change]) -> tuple[str, list[Change]]:
    """Return the text with the changes, and those that were made.

    A change that touches what one before it changed is left for the next time.
    """
    made: list[Change] = []
    taken: list[Edit] = []  # in the order of the text, none touching another
    for change in changes:
        places = [bisect_left(taken, edit) for edit in change.edits]
        if not any(map(partial(_touches, taken), places, change.edits)):
            for edit in change.edits:
                insort(taken, edit)
            made.append(change)
    parts, end = [], 0
    for edit in taken:
        parts += [text[end : edit.begin], edit.text]
        end = edit.end
    return "".join([*parts, text[end:]]), made


def _touches(taken: list[Edit], place: int, edit: Edit) -> bool:
    """Return whether an edit that belongs at ``place`` reaches into one of its neighbours."""
    before, behind = taken[max(place - 1, 0) : place], taken[place : place + 1]
    return any(one.end > edit.begin for one in before) or any(
        one.begin < edit.end for one in behind
    )


def quote(node: Node) -> Edit:
    """Put a plain scalar in quotes."""
    return Edit(node.start.index, node.end.index, "'" + node.value.replace("'", "''") + "'")


def replace(document: Document, pointer: str, value: str) -> Edit:
    """Give the text at ``pointer`` another value, in the style in which it is written."""
    key, node = document.nodes(pointer)
    raw = document.text[node.start.index : node.end.index]
    block = node.style in _BLOCK
    style = "|" if block else node.style or None
    plain = not node.style and scalars.resolve(value) == scalars.STRING
    event = yaml.events.ScalarEvent(None, None, (plain, True), value, style=style)
    stream = io.StringIO()
    writer = Emitter(stream, allow_unicode=not raw.isascii())
    # The state in which the writer would be when it comes to this place of the file.
    writer.event, writer.whitespace = event, True
    writer.indent, writer.column = key.start.column + writer.best_indent, node.start.column
    writer.mapping_context, writer.flow_level = True, int(not block)
    writer.process_scalar()
    new = stream.getvalue()
    if block and raw.endswith("\n") and not new.endswith("\n"):
        new += "\n"
    return Edit(node.start.index, node.end.index, new)


def node_end(text: str, node: Node) -> int:
    """Return the offset behind a node; the end that YAML gives a block lies further on."""
    while node.kind != "scalar" and node.value and text[node.start.index] not in "[{":
        node = node.value[-1][1] if node.kind == "map" else node.value[-1]
    return int(node.end.index)


def remove(document: Document, parent: Node, index: int) -> Edit | None:
    """Take the entry at a position out of a mapping, or None where its text is not its own.

    Comments stay, and so does what stands on the same lines.
    """
    text, pairs = document.text, parent.value
    key, value = pairs[index]
    if not key.start.index <= value.start.index <= value.end.index:
        return None  # an alias: the value stands elsewhere
    if text[parent.start.index : parent.start.index + 1] != "{":
        return _whole_line(text, key, value)
    if index + 1 < len(pairs):
        return Edit(key.start.index, pairs[index + 1][0].start.index, "")
    begin = node_end(text, pairs[index - 1][1]) if index else key.start.index
    return Edit(begin, node_end(text, value), "")


def _whole_line(text: str, key: Node, value: Node) -> Edit | None:
    """Take the lines of an entry out of a block, if nothing but a comment stands on them."""
    begin, end = key.start.index, value.end.index
    indent = text[begin - key.start.column : begin]
    rest = _REST.match(text, end)
    between = COMMENT.search(text[key.end.index : value.start.index])
    if (
        indent.strip(" \t")
        or rest is None
        or between
        or value.kind != "scalar"
        or value.style in _BLOCK
    ):
        return None
    comment = f"{indent}{rest[1]}{rest[2]}" if rest[1] else ""
    return Edit(begin - len(indent), rest.end(), comment)
