"""Which character of the file a character of a YAML scalar's value comes from.

A violation inside a signature stands in a JSON text that YAML folded over many lines and
quoted in one of five ways. The map from value to file is made only when a violation needs a
place; where it cannot be made, the scalar's own beginning is the place.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from mlmodel.document.yaml.lines import BREAK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.yaml.events import Node

__all__ = ["SourceMap"]

_SPACES = re.compile(r"[ \t]*")
_LINE = re.compile(r"[^\n]*\n?")
#: What stands for itself in a scalar, by its quotes: up to a break, a quote or an escape.
_RUNS = {
    "": re.compile("[^\n\r\x85\u2028\u2029]+"),
    "'": re.compile("[^'\n\r\x85\u2028\u2029]+"),
    '"': re.compile('[^"\\\\\n\r\x85\u2028\u2029]+'),
}
_ESCAPE_LENGTHS = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85",
    "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


class SourceMap:
    """The characters of a scalar's value, each with its offset in the file.

    They are kept as runs of characters that stand one behind the other in the file.
    """

    def __init__(self, text: str, node: Node) -> None:
        self.begin: int = node.start.index
        self._runs: list[str] = []
        #: Where each run begins in the value, and in the file.
        self._starts, self._offsets = array("q"), array("q")
        self._length = 0
        raw = text[node.start.index : node.end.index]
        if node.style in {"|", ">"}:
            self._block(raw, folded=node.style == ">")
        else:
            self._flow(raw, node.style or "")
        # Chomping at the end of a block concerns no character that a place is asked for.
        decoded = "".join(self._runs).rstrip("\n")
        self._runs.clear()
        self.exact = decoded == node.value.rstrip("\n")

    def offset(self, index: int) -> int:
        """Return the offset in the file of the value's character at ``index``."""
        if not self.exact or not self._starts:
            return self.begin
        index = min(index, self._length - 1)
        run = bisect_right(self._starts, index) - 1
        return self._offsets[run] + index - self._starts[run]

    def _add(self, characters: str, offset: int) -> None:
        if characters:
            self._runs.append(characters)
            self._starts.append(self._length)
            self._offsets.append(self.begin + offset)
            self._length += len(characters)

    def _flow(self, raw: str, quote: str) -> None:
        at, end = len(quote), len(raw) - len(quote)
        run = _RUNS[quote].match
        while at < end:
            found = run(raw, at, end)
            if found:
                # Spaces before a break are not part of the value.
                folds = found.end() < end and BREAK.match(raw, found.end())
                self._add(found[0].rstrip(" \t") if folds else found[0], at)
                at = found.end()
            elif raw[at] == "'":
                self._add("'", at)
                at += 2
            elif raw[at] == "\\":
                at = self._escape(raw, at)
            else:
                at = self._fold(raw, at)

    def _fold(self, raw: str, at: int) -> int:
        breaks, first = 0, at
        while match := BREAK.match(raw, at):
            breaks += 1
            at = match.end()
            spaces = _SPACES.match(raw, at)
            at = spaces.end() if spaces else at
        for character in " " if breaks == 1 else "\n" * (breaks - 1):
            self._add(character, first)
        return at

    def _escape(self, raw: str, at: int) -> int:
        line_break = BREAK.match(raw, at + 1)
        if line_break:
            at = line_break.end()
            # Empty lines after an escaped break still count, each as one break.
            while True:
                spaces = _SPACES.match(raw, at)
                at = spaces.end() if spaces else at
                following = BREAK.match(raw, at)
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
        header = raw.partition("\n")[0]
        digit = re.search(r"[1-9]", header.partition("#")[0])
        indents = (
            len(line) - len(line.lstrip(" ")) for _, line in _lines(raw) if line.strip(" \r\n")
        )
        shown = next(indents, None)
        if shown is None:
            return
        # An explicit indentation counts from the parent's, which the first line shows too,
        # unless it begins with spaces of its own: then the check above says "not exact".
        indent = min(indents, default=shown) if digit else shown
        (self._folded_lines if folded else self._literal_lines)(_lines(raw), min(indent, shown))

    def _literal_lines(self, content: Iterator[tuple[int, str]], indent: int) -> None:
        for start, line in content:
            bare = line.rstrip("\r\n")
            begin = min(indent, len(bare))
            self._add(bare[begin:] + "\n", start + begin)

    def _folded_lines(self, content: Iterator[tuple[int, str]], indent: int) -> None:
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
            self._add(text, start + indent)
            pending = [start + len(bare)]
            was_deeper, started = deeper, True

    def _join_lines(self, pending: list[int], *, started: bool, kept: bool) -> None:
        if started and not kept and len(pending) == 1:
            self._add(" ", pending[0])
            return
        for offset in pending if kept or not started else pending[1:]:
            self._add("\n", offset)


def _lines(raw: str) -> Iterator[tuple[int, str]]:
    """Give the lines of a block behind its first one, each with its offset."""
    at = raw.find("\n") + 1
    while 0 < at < len(raw):
        line = _LINE.match(raw, at)
        if line is None:
            return
        yield at, line[0]
        at = line.end()
