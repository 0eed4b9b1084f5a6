"""The comments and blank lines of a YAML file, moved to another text of the same tree.

What stands between two scalars of a file is indicators, white space and comments only, so
comments are found without a scanner of our own. A comment at the end of a line goes with the
scalar before it, any other with the scalar behind it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from mlmodel.document.yaml.lines import BREAK, line_starts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.yaml.events import Node

__all__ = ["COMMENT", "Tree", "are_in_place", "with_comments"]

#: A comment, in what stands between the scalars of a file.
COMMENT = re.compile(r"(?:^|(?<=\s))#[^\r\n\x85\u2028\u2029]*")
_SPACES = re.compile(" *")
_BLOCK = frozenset({"|", ">"})
#: A dash, a question mark or a bracket, after which something follows.
_OPENING = re.compile(r"[-?]|\[(?!\])|\{(?!\})")
_SIGN = re.compile(r"[|>][-+0-9]*$")
#: Keys behind question marks, empty lists and mappings: beside them a comment has a way of its own.
_ODD_PLACES = re.compile(r"^ *(- )*[?:]( |$)|\[\]$|\{\}$|![^ \n]*$", re.MULTILINE)
_KEEP = re.compile(r"[|>][1-9]?\+")


class _Entry(NamedTuple):
    """A key or an item: its column, and the entry around it (-1: none)."""

    column: int
    parent: int


class _Leaf(NamedTuple):
    """A scalar of the tree."""

    node: Node
    #: The entry that it is, or whose value it is.
    entry: int
    #: The column of the outermost entry that begins with it.
    column: int
    #: The leaf that is the key of this value (itself where it is none).
    key: int
    #: Whether it is a key with a scalar as its value.
    paired: bool = False


class Tree:
    """The scalars of a text in their order, an alias visited as what it stands for."""

    def __init__(self, text: str, root: Node) -> None:
        self.text = text
        self.starts = line_starts(text)
        self.entries: list[_Entry] = []
        self.leaves: list[_Leaf] = []
        self._first_column: int | None = None
        self._visit(root, -1, -1)

    def _visit(self, node: Node, entry: int, key: int) -> None:
        if node.kind == "scalar":
            self._add(node, entry, node.start.column, key)
        elif node.kind == "map":
            for key_node, value in node.value:
                at, leaf = len(self.entries), len(self.leaves)
                column = self._key_column(key_node)
                self.entries.append(_Entry(column, entry))
                self._add(key_node, at, column, -1, paired=value.kind == "scalar")
                self._visit(value, at, leaf if value.kind == "scalar" else -1)
        else:
            flow = self.text[node.start.index : node.start.index + 1] == "["
            for item in node.value:
                at = len(self.entries)
                # The dashes of a block stand where the block begins.
                column = (item if flow else node).start.column
                self.entries.append(_Entry(column, entry))
                if self._first_column is None:
                    self._first_column = column
                self._visit(item, at, -1)
                self._first_column = None

    def _key_column(self, key: Node) -> int:
        """Return the column of a key, or of the question mark before it."""
        at, spaces = key.start.index, 0
        column: int = key.start.column
        # Backwards, and no further than the spaces: a line may hold thousands of keys.
        while spaces < column and self.text[at - spaces - 1] == " ":
            spaces += 1
        marked = 0 < spaces < column and self.text[at - spaces - 1] == "?"
        return column - spaces - 1 if marked else column

    def _add(self, node: Node, entry: int, column: int, key: int, *, paired: bool = False) -> None:
        column = column if self._first_column is None else self._first_column
        self._first_column = None
        at = len(self.leaves)
        self.leaves.append(_Leaf(node, entry, column, at if key < 0 else key, paired))

    def line(self, offset: int) -> int:
        """Return the line, from 0, of an offset."""
        return bisect_right(self.starts, offset) - 1

    def end(self, leaf: _Leaf) -> int:
        """Return the offset behind the last character that belongs to a scalar."""
        begin, end = leaf.node.start.index, int(leaf.node.end.index)
        if leaf.node.style in _BLOCK:
            raw = self.text[begin:end]
            return end if _KEEP.match(raw) else begin + len(raw.rstrip())
        return end

    def last_line(self, leaf: _Leaf) -> int:
        """Return the line, from 0, of the last character of a scalar."""
        return self.line(max(leaf.node.start.index, self.end(leaf) - 1))


class _Line(NamedTuple):
    """A line of its own: a comment, or an empty text, and the entry whose column it has.

    Without an entry it has the column of the line before which it stands.
    """

    text: str
    entry: int | None = None


class _Comments:
    """The comments of a tree: behind which leaf, before which leaf (-1: at the end)."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.behind: dict[int, list[str]] = defaultdict(list)
        self.before: dict[int, list[_Line]] = defaultdict(list)
        previous: int | None = None
        for index in self._written():
            self._gap(previous, index)
            leaf = tree.leaves[index]
            if leaf.node.style in _BLOCK:
                self._header(leaf)
            previous = index
        self._gap(previous, -1)

    def _written(self) -> Iterator[int]:
        """Give the leaves that stand in the text: aliases were written where they are defined."""
        seen: set[int] = set()
        end = 0
        for index, leaf in enumerate(self.tree.leaves):
            if id(leaf.node) not in seen and leaf.node.start.index >= end:
                seen.add(id(leaf.node))
                end = self.tree.end(leaf)
                yield index

    def _header(self, leaf: _Leaf) -> None:
        """Keep the comment beside the sign of a block scalar."""
        raw = self.tree.text[leaf.node.start.index : leaf.node.end.index]
        for comment in COMMENT.findall(BREAK.split(raw, maxsplit=1)[0]):
            self.before[leaf.key].append(_Line(comment.rstrip()))

    def _gap(self, previous: int | None, following: int) -> None:
        tree = self.tree
        before = None if previous is None else tree.leaves[previous]
        begin = 0 if before is None else tree.end(before)
        end = len(tree.text) if following < 0 else tree.leaves[following].node.start.index
        pieces = BREAK.split(tree.text[begin:end])
        if before is not None and tree.starts[tree.line(begin)] != begin:
            comment = COMMENT.search(" " + pieces[0])
            if comment and previous is not None:
                self._add_behind(previous, comment[0].rstrip())
            pieces = pieces[1:]
        # On the line of the leaf that follows nothing but indicators stands before it.
        self._own_lines(previous, following, pieces if following < 0 else pieces[:-1])

    def _add_behind(self, leaf: int, comment: str) -> None:
        found = self.tree.leaves[leaf]
        if found.paired:
            leaf, found = leaf + 1, self.tree.leaves[leaf + 1]
        if found.node.style in _BLOCK:
            self.before[found.key].append(_Line(comment))
        else:
            self.behind[leaf].append(comment)

    def _own_lines(self, previous: int | None, following: int, pieces: list[str]) -> None:
        target = following if following < 0 else self.tree.leaves[following].key
        is_value = following not in {-1, target}
        lines: list[_Line] = []
        inner = previous is not None and not is_value
        for piece in pieces:
            comment = COMMENT.search(piece)
            code = (piece[: comment.start()] if comment else piece).rstrip()
            if _OPENING.search(code) and not code.endswith(("[]", "{}")):
                inner = False  # what follows has begun
            if comment:
                entry = self._entry_beside(previous, following, comment.start()) if inner else None
                inner = entry is not None
                lines.append(_Line(comment[0].rstrip(), entry))
            elif not piece.strip() and not is_value and (not lines or lines[-1].text):
                lines.append(_Line(""))
        if lines and not lines[0].text and (previous is None or self._keeps(previous)):
            lines = lines[1:]
        if following < 0 and lines and not lines[-1].text:
            lines.pop()
        self.before[target] += lines

    def _keeps(self, leaf: int) -> bool:
        """Return whether blank lines behind a scalar are part of it."""
        node = self.tree.leaves[leaf].node
        return node.style in _BLOCK and bool(_KEEP.match(self.tree.text, node.start.index))

    def _entry_beside(self, previous: int | None, following: int, column: int) -> int | None:
        """Return the entry that a comment at ``column`` is the last line of, if it is one's."""
        outer = -1 if following < 0 else self.tree.leaves[following].column
        entry = -1 if previous is None else self.tree.leaves[previous].entry
        while entry >= 0:
            found = self.tree.entries[entry]
            if outer < found.column <= column:
                return entry
            entry = found.parent
        return None


def _indent(text: str, begin: int) -> int:
    """Return how many spaces stand at an offset."""
    spaces = _SPACES.match(text, begin)
    return spaces.end() - begin if spaces else 0


def are_in_place(text: str, bare: str) -> bool:
    """Return whether a text is ``bare`` with comments just where :func:`with_comments` puts them.

    Of a text with blank lines or odd places it says no.
    """
    if _ODD_PLACES.search(bare):
        return False
    lines, found = bare.split("\n"), 0
    indents: set[int] = set()
    for line in text.split("\n"):
        if found == len(lines):
            return False
        if line != lines[found]:
            if _is_comment(line):
                indents.add(_indent(line, 0))
                continue
            if line.rstrip() != line or _behind(line) != lines[found]:
                return False
        # A comment on a line of its own stands as far in as what follows.
        if indents and indents != {_indent(line, 0)}:
            return False
        indents.clear()
        found += 1
    return found == len(lines)


def _is_comment(line: str) -> bool:
    return line.lstrip(" ").startswith("#") and line.rstrip() == line


def _behind(line: str) -> str | None:
    """Return what stands before a comment at the end of a line; None where it is not so."""
    code, mark, _ = line.partition("  #")
    return None if not mark or _SIGN.search(code) else code


def with_comments(source: Tree, target: Tree) -> str | None:
    """Return the text of ``target`` with the comments and blank lines of ``source``.

    None where the two are not the same tree.
    """
    if len(source.leaves) != len(target.leaves) or len(source.entries) != len(target.entries):
        return None
    comments = _Comments(source)
    for index in list(comments.behind):
        leaf = target.leaves[index]
        if leaf.node.style in _BLOCK:  # behind its last line a comment would be part of it
            comments.before[leaf.key] += [_Line(text) for text in comments.behind.pop(index)]
    inserted: list[tuple[int, str]] = []  # offset, text
    for index, found in sorted(comments.before.items()):
        number = len(target.starts) - 1
        if index >= 0:
            number = target.line(target.leaves[index].node.start.index)
        begin = target.starts[number]
        indent = _indent(target.text, begin)
        for line in found:
            column = indent if line.entry is None else target.entries[line.entry].column
            text = " " * column + line.text if line.text else ""
            inserted.append((begin, text + "\n"))
    for index, texts in comments.behind.items():
        number = target.last_line(target.leaves[index])
        end = target.starts[number + 1] - 1
        inserted.append((end, "  " + " ".join(texts)))
    parts, begin = [], 0
    # Those at one offset stay in their order.
    for offset, new in sorted(inserted, key=itemgetter(0)):
        parts.append(target.text[begin:offset])
        parts.append(new)
        begin = offset
    return "".join([*parts, target.text[begin:]])
