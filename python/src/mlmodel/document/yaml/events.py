"""From YAML text to a tree of nodes with positions, in bounded time and memory (MLM-002).

Events are consumed one by one and the tree is built here: libyaml's own composer
recurses, so 30,000 nested brackets crash the process, while its event parser stops as
soon as nobody asks for the next event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from mlmodel.errors import Violation

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEFAULT_LIMITS", "Limits", "Node", "Problem", "compose", "decode"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# libyaml compares every %TAG directive with all before it; no model file needs one.
_MAX_DIRECTIVES = 8
#: How a text begins that other encodings wrote, with null bytes in it.
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Limits(NamedTuple):
    """How much of a YAML file is read before it is refused (MLM-002).

    ``bytes`` bounds the file, ``events`` its nodes (counted again at every alias),
    ``depth`` its nesting, ``aliases`` the number of references.
    """

    bytes: int = 8 * 1024 * 1024
    events: int = 50_000
    depth: int = 64
    aliases: int = 1_000


DEFAULT_LIMITS = Limits()


class Problem(NamedTuple):
    """A broken rule of the YAML text itself, at ``line`` and ``column`` (from 1)."""

    rule: str
    message: str
    line: int | None = None
    column: int | None = None
    pointer: str | None = None
    severity: str = "error"

    def violation(self, file: str) -> Violation:
        """Return the violation that this problem is in ``file``."""
        return Violation(
            self.rule, self.message, file, self.line, self.column, self.pointer, self.severity
        )


class Node:
    """A node of the YAML tree.

    ``value`` is the text of a scalar, the list of items of a sequence, or the list of
    (key, value) of a mapping; ``size`` counts the values and ``height`` the levels that it is, with
    all that is below, aliases included.
    """

    __slots__ = ("end", "height", "kind", "plain", "size", "start", "style", "tag", "value")

    def __init__(self, kind: str, event: Any, value: Any, *, plain: bool = False) -> None:
        self.kind = kind
        self.tag: str | None = event.tag
        self.start = event.start_mark
        self.end = event.end_mark
        self.value = value
        self.plain = plain
        self.style: str | None = None
        self.size = 1
        self.height = int(kind != "scalar")

    @property
    def position(self) -> tuple[int, int]:
        """Line and column of the first character, from 1."""
        return self.start.line + 1, self.start.column + 1


class _Refused(Exception):
    def __init__(self, rule: str, message: str, mark: Any = None) -> None:
        super().__init__(message)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
        self.problem = Problem(rule, message, line, column)


def decode(content: bytes) -> str | Problem:
    """Return the text of a file, or what keeps it from being UTF-8 (MLM-001)."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in content and not content.startswith(_UTF16):
            return Problem(
                "MLM-001", "The file holds binary data; a text is expected (YAML, in UTF-8).", 1, 1
            )
        from mlmodel.document.yaml.lines import line_starts, place

        # Without the byte order mark, which neither the error nor a column counts.
        read = error.object[: error.start].decode()
        offset = len(content) - len(error.object) + error.start
        return Problem(
            "MLM-001",
            f"The file is not UTF-8: the byte 0x{content[offset]:02x} at offset "
            f"{offset} cannot be read. Save it as UTF-8.",
            *place(line_starts(read), len(read)),
        )


def compose(text: str, limits: Limits = DEFAULT_LIMITS) -> Node | Problem:
    """Return the root node of the one YAML document in ``text``, or why there is none.

    Takes time linear in the text and never recurses, whatever the text holds.
    """
    try:
        _check_text(text, limits)
        loader = _LOADER(text)
    except _Refused as refused:
        return refused.problem
    except yaml.YAMLError as error:
        return _syntax_problem(error)
    try:
        return _Composer(loader.get_event, limits).run()
    except _Refused as refused:
        return refused.problem
    except yaml.YAMLError as error:
        return _syntax_problem(error)
    finally:
        loader.dispose()


def _check_text(text: str, limits: Limits) -> None:
    try:
        size = len(text) if len(text) > limits.bytes else len(text.encode())
    except UnicodeEncodeError as error:
        raise _Refused(
            "MLM-001", f"The text holds half of a surrogate pair at offset {error.start}."
        ) from None
    if size > limits.bytes:
        raise _Refused(
            "MLM-002",
            f"The file has more than {limits.bytes:,} bytes and was not read. "
            "Move large values out of it, or raise the limit.",
        )
    if "%" in text and text.startswith("%") + text.count("\n%") > _MAX_DIRECTIVES:
        raise _Refused(
            "MLM-002", f"More than {_MAX_DIRECTIVES} lines begin with %; a model file needs none."
        )


def _syntax_problem(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    message = f"The YAML cannot be read: {f'{context}, ' if context else ''}{said}."
    if mark is None:
        return Problem("MLM-001", message)
    return Problem("MLM-001", message, mark.line + 1, mark.column + 1)


class _Composer:
    """Builds the tree from events; the stack holds the open collections."""

    def __init__(self, get_event: Callable[[], Any], limits: Limits) -> None:
        self.get_event = get_event
        self.limits = limits
        self.anchors: dict[str, Node] = {}
        self.stack: list[Node] = []
        self.key: list[Node | None] = []
        self.root: Node | None = None
        self.aliases = 0
        self.total = 0

    def run(self) -> Node:
        handlers: dict[type, Callable[[Any], None]] = {
            ScalarEvent: self.scalar,
            MappingStartEvent: self.open,
            SequenceStartEvent: self.open,
            MappingEndEvent: self.close,
            SequenceEndEvent: self.close,
            AliasEvent: self.alias,
            DocumentStartEvent: self.begin,
        }
        event = self.get_event()
        while type(event) is not StreamEndEvent:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
            event = self.get_event()
        if self.root is None:
            raise _Refused(
                "MLM-001", "The file is empty; a mapping with the key flavors is expected."
            )
        return self.root

    def begin(self, event: Any) -> None:
        if self.root is not None:
            raise _Refused(
                "MLM-001",
                "A second YAML document begins here; the file holds one.",
                event.start_mark,
            )

    def scalar(self, event: Any) -> None:
        node = Node("scalar", event, event.value, plain=event.implicit[0])
        node.style = event.style
        self.add(node, event)

    def alias(self, event: Any) -> None:
        self.attach(self.resolve(event), event)

    def add(self, node: Node, event: Any) -> None:
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self.attach(node, event)

    def open(self, event: Any) -> None:
        kind = "map" if type(event) is MappingStartEvent else "seq"
        node = Node(kind, event, [])
        self.add(node, event)
        self.stack.append(node)
        self.key.append(None)
        if len(self.stack) > self.limits.depth:
            raise _Refused(
                "MLM-002",
                f"The YAML is nested deeper than {self.limits.depth} levels here; reading stopped.",
                event.start_mark,
            )

    def close(self, event: Any) -> None:
        node = self.stack.pop()
        self.key.pop()
        node.end = event.end_mark
        if self.stack:
            parent = self.stack[-1]
            parent.size += node.size
            parent.height = max(parent.height, node.height + 1)

    def attach(self, node: Node, event: Any) -> None:
        self.total += 1
        if self.total > self.limits.events:
            raise _Refused(
                "MLM-002",
                f"The YAML has more than {self.limits.events:,} values (an alias counts as all "
                f"the values that it repeats); reading stopped.",
                event.start_mark,
            )
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if node.kind == "scalar":
            parent.size += 1
        if parent.kind == "seq":
            parent.value.append(node)
        elif self.key[-1] is None:
            self.key[-1] = node
        else:
            parent.value.append((self.key[-1], node))
            self.key[-1] = None

    def resolve(self, event: Any) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            raise _Refused(
                "MLM-001",
                f"The alias *{event.anchor:.60} refers to an anchor that does not stand before it.",
                event.start_mark,
            )
        self.aliases += 1
        if self.aliases > self.limits.aliases:
            raise _Refused(
                "MLM-002", f"More than {self.limits.aliases:,} aliases.", event.start_mark
            )
        if node in self.stack:
            raise _Refused(
                "MLM-002",
                f"The alias *{event.anchor:.60} is inside the value that it refers to.",
                event.start_mark,
            )
        if len(self.stack) + node.height > self.limits.depth:
            raise _Refused(
                "MLM-002",
                f"With the alias *{event.anchor:.60} the YAML is nested deeper than "
                f"{self.limits.depth} levels.",
                event.start_mark,
            )
        self.total += node.size - 1
        if node.kind != "scalar" and self.stack:
            parent = self.stack[-1]
            parent.size += node.size
            parent.height = max(parent.height, node.height + 1)
        return node
