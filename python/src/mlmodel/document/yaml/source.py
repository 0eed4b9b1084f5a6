"""Which character of the file a character of a YAML scalar's value comes from.

A violation inside a signature stands in a JSON text that YAML folded over many lines and
quoted in one of five ways. The map from value to file is made only when a violation needs a
place; where it cannot be made, the scalar's own beginning is the place.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlmodel.document.yaml.events import Node

__all__ = ["SourceMap", "line_starts", "place"]

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_SPACES = re.compile(r"[ \t]*")
_ESCAPE_LENGTHS = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85",
    "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def line_starts(text: str) -> list[int]:
    """Return the offset at which each line begins."""
    if text.isascii() and "\r" not in text:
        lines = text.split("\n")
        return [0, *accumulate(len(line) + 1 for line in lines[:-1])]
    return [0, *(match.end() for match in _BREAK.finditer(text))]


def place(starts: list[int], offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of an offset."""
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


class SourceMap:
    """The characters of a scalar's value, each with its offset in the file."""

    def __init__(self, text: str, node: Node) -> None:
        self.begin: int = node.start.index
        self._characters: list[str] = []
        self._offsets: list[int] = []
        raw = text[node.start.index : node.end.index]
        if node.style in {"|", ">"}:
            self._block(raw, folded=node.style == ">")
        else:
            self._flow(raw, node.style or "")
        # Chomping at the end of a block concerns no character that a place is asked for.
        decoded = "".join(self._characters).rstrip("\n")
        self.exact = decoded == node.value.rstrip("\n")

    def offset(self, index: int) -> int:
        """Return the offset in the file of the value's character at ``index``."""
        if not self.exact or not self._offsets:
            return self.begin
        return self._offsets[min(index, len(self._offsets) - 1)]

    def _add(self, character: str, offset: int) -> None:
        self._characters.append(character)
        self._offsets.append(self.begin + offset)

    def _flow(self, raw: str, quote: str) -> None:
        at, end = len(quote), len(raw) - len(quote)
        kept = 0  # how many characters trailing spaces may not be taken from
        while at < end:
            character = raw[at]
            line_break = _BREAK.match(raw, at)
            if line_break:
                at = self._fold(raw, at, kept)
            elif quote == "'" and character == "'":
                self._add("'", at)
                at += 2
            elif quote == '"' and character == "\\":
                at = self._escape(raw, at)
                kept = len(self._characters)
            else:
                self._add(character, at)
                at += 1

    def _fold(self, raw: str, at: int, kept: int) -> int:
        while len(self._characters) > kept and self._characters[-1] in " \t":
            self._characters.pop()
            self._offsets.pop()
        breaks, first = 0, at
        while match := _BREAK.match(raw, at):
            breaks += 1
            at = match.end()
            spaces = _SPACES.match(raw, at)
            at = spaces.end() if spaces else at
        for character in " " if breaks == 1 else "\n" * (breaks - 1):
            self._add(character, first)
        return at

    def _escape(self, raw: str, at: int) -> int:
        line_break = _BREAK.match(raw, at + 1)
        if line_break:
            at = line_break.end()
            # Empty lines after an escaped break still count, each as one break.
            while True:
                spaces = _SPACES.match(raw, at)
                at = spaces.end() if spaces else at
                following = _BREAK.match(raw, at)
                if not following:
                    return at
                self._add("\n", at)
                at = following.end()
        kind = raw[at + 1 : at + 2]
        length = _ESCAPE_LENGTHS.get(kind)
        if length is None:
            self._add(_ESCAPES.get(kind, kind), at)
            return at + 2
        self._add(chr(int(raw[at + 2 : at + 2 + length], 16)), at)
        return at + 2 + length

    def _block(self, raw: str, *, folded: bool) -> None:
        lines = [(m.start(), m.group()) for m in re.finditer(r"[^\n]*\n?", raw) if m.group()]
        header, content = lines[0][1], lines[1:]
        digit = re.search(r"[1-9]", header.partition("#")[0])
        filled = [line for _, line in content if line.strip(" \r\n")]
        if not filled:
            return
        # An explicit indentation counts from the parent's, which the first line shows too,
        # unless it begins with spaces of its own: then the check above says "not exact".
        shown = len(filled[0]) - len(filled[0].lstrip(" "))
        indent = min(shown, *(len(x) - len(x.lstrip(" ")) for x in filled)) if digit else shown
        if folded:
            self._folded_lines(content, indent)
        else:
            self._literal_lines(content, indent)

    def _literal_lines(self, content: list[tuple[int, str]], indent: int) -> None:
        for start, line in content:
            bare = line.rstrip("\r\n")
            for column in range(min(indent, len(bare)), len(bare)):
                self._add(bare[column], start + column)
            self._add("\n", start + len(bare))

    def _folded_lines(self, content: list[tuple[int, str]], indent: int) -> None:
        pending: list[int] = []  # breaks since the last line with text
        was_deeper = False
        started = False
        for start, line in content:
            bare = line.rstrip("\r\n")
            text = bare[indent:]
            if not text:
                pending.append(start + len(bare))
                continue
            deeper = text[0] in " \t"
            self._join_lines(pending, started=started, kept=was_deeper or deeper)
            for column, character in enumerate(text):
                self._add(character, start + indent + column)
            pending = [start + len(bare)]
            was_deeper, started = deeper, True

    def _join_lines(self, pending: list[int], *, started: bool, kept: bool) -> None:
        if started and not kept and len(pending) == 1:
            self._add(" ", pending[0])
            return
        for offset in pending if kept or not started else pending[1:]:
            self._add("\n", offset)
