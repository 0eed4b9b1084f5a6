"""From YAML events to text: what PyYAML's emitter writes, to the byte, in less of its time.

PyYAML's emitter goes through every text character by character, in Python. libyaml's, in C,
writes most documents equally, and :func:`emit` knows which; for the others there is PyYAML's own
with the same loops over long texts as searches. Documents that MLflow wrote stay as they are.
"""

from __future__ import annotations

import io
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import yaml.emitter
from yaml.events import CollectionEndEvent, CollectionStartEvent, MappingStartEvent, ScalarEvent

from mlmodel.document.yaml.scalars import PREFIX, STRING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Emitter", "emit"]

#: The first libyaml that ends a document, and a text with a break at its end, as PyYAML does.
_LIBYAML = (0, 2, 5)
#: A key that every emitter writes as a simple one; longer ones are measured differently.
_SIMPLE_KEY = 100
#: Tags of texts that may need quotes (`yaml` is that of `&`, `*` and `!`); numbers, times and
#: the like do without.
_NOT_ALWAYS_PLAIN = frozenset({STRING, PREFIX + "yaml"})
# The patterns are compiled when they are needed, by `re`, which keeps them.
#: What puts a text in double quotes, which libyaml folds at other places.
_DOUBLE_QUOTED = r"[^\n -~]| \n|\n "

#: Texts of fewer characters are left to PyYAML.
LONG = 200
_BREAKS = "\n\x85\u2028\u2029"
_WHITE = "\0 \t\r" + _BREAKS
_ODD_BREAK = "[\x85\u2028\u2029]"
#: Characters that only double quotes can hold: where those beyond ASCII are escaped, and where not.
_SPECIAL = {
    False: r"[^\n -~]",
    True: "[^\n -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffe]",
}
#: Characters that are escaped in double quotes, likewise.
_ESCAPED = {
    False: r"[^ !#-\[\]-~]",
    True: "[^ !#-\\[\\]-~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]",
}
_BLOCK_INDICATOR = rf":(?=[{_WHITE}]|\Z)|#(?<=[{_WHITE}]#)"
_FLOW_INDICATOR = r".[,?\[\]{}:]"
_AT_FIRST = frozenset("#,[]{}&*!|>'\"%@`")
_SPACE_BREAK, _BREAK_SPACE = f" [{_BREAKS}]", f"[{_BREAKS}] "
#: A space at which a line may end: one alone, inside a text.
_FOLD = "(?<=[^ ]) (?=[^ ])"
#: The same in double quotes, where a line may end behind what is escaped too (NUL for backslash).
_FOLD_OR_ESCAPE = "(?s) |\0(?:x..|u....|U........|[^xuU])"
_LONGEST_ESCAPE = len("\\U0010ffff")
_LINE = r"(\n*)([^\n]*)"
_FILLED_LINE = r"(?m)^(?=[^\n])"


def emit(events: Sequence[Any]) -> str:
    """Return the text of a stream of YAML events, in block style and without anchors.

    Of an event of a scalar, ``in_characters`` may say that characters beyond ASCII stand in it
    as they are; else they are escaped.
    """
    stream = io.StringIO()
    fast = libyaml_emitter()
    emitter = fast(stream) if fast and is_equal_in_libyaml(events) else ByEvent(stream)
    for event in events:
        emitter.emit(event)
    return stream.getvalue()


@cache
def libyaml_emitter() -> Any:
    """Return libyaml's emitter, or None where it is not compiled in or an early one."""
    if version_of_libyaml() < _LIBYAML:
        return None
    from yaml import _yaml

    return _yaml.CEmitter


def version_of_libyaml() -> tuple[int, ...]:
    """Return the version of libyaml that PyYAML was compiled with; (0,) without one."""
    try:
        from yaml import _yaml
    except ImportError:
        return (0,)
    version: tuple[int, ...] = _yaml.get_version()
    return version


def is_equal_in_libyaml(events: Sequence[Any]) -> bool:
    """Return whether libyaml writes the events as PyYAML does.

    It does not where keys are long, empty or of several lines, in double quotes, in blocks, for
    tags of scalars, and for a scalar that is all of the document.
    """
    outer: list[bool | None] = []  # of the open collections: see `turn`
    turn: bool | None = None  # whether a key comes next, None in a list
    for event in events:
        if isinstance(event, CollectionEndEvent):
            turn = outer.pop()
            continue
        is_key, turn = bool(turn), None if turn is None else not turn
        if isinstance(event, ScalarEvent):
            text: str = event.value
            plain, quoted = event.implicit
            tagged = not (quoted or (plain and event.tag not in _NOT_ALWAYS_PLAIN))
            if event.style or tagged or not outer:
                return False
            if is_key and not 0 < len(text) <= _SIMPLE_KEY:
                return False
            # Most texts are of one line and need no search.
            printable = text.isascii() and text.isprintable()
            if not printable and (is_key or re.search(_DOUBLE_QUOTED, text)):
                return False
        elif isinstance(event, CollectionStartEvent):
            outer.append(turn)
            turn = True if isinstance(event, MappingStartEvent) else None
    return True


@lru_cache(4096)
def _escaped(character: str) -> str:
    """Return what a character is escaped as; NUL, which never stays, stands for the backslash."""
    short = yaml.emitter.Emitter.ESCAPE_REPLACEMENTS.get(character)
    if short:
        return f"\0{short}"
    form = "x%02X" if character <= "\xff" else "u%04X" if character <= "\uffff" else "U%08X"
    return "\0" + form % ord(character)


def _escape(match: re.Match[str]) -> str:
    return _escaped(match[0])


class Emitter(yaml.emitter.Emitter):
    """PyYAML's emitter; it takes long texts a line at a time, not a character at a time."""

    def analyze_scalar(self, scalar: str) -> Any:
        if len(scalar) < LONG:
            return super().analyze_scalar(scalar)
        first, last = scalar[0], scalar[-1]
        indicator = (
            first in _AT_FIRST
            or (first in "?-" and scalar[1] in _WHITE)
            or scalar.startswith(("---", "..."))
            or bool(re.search(_BLOCK_INDICATOR, scalar))
        )
        in_flow = indicator or first in "?:" or bool(re.search(_FLOW_INDICATOR, scalar, re.DOTALL))
        breaks = "\n" in scalar or bool(re.search(_ODD_BREAK, scalar))
        quoted = bool(re.search(_SPECIAL[bool(self.allow_unicode)], scalar)) or (
            breaks and bool(re.search(_SPACE_BREAK, scalar))
        )
        deeper = breaks and bool(re.search(_BREAK_SPACE, scalar))
        plain = not (breaks or quoted or " " in {first, last})
        return yaml.emitter.ScalarAnalysis(
            scalar=scalar,
            empty=False,
            multiline=breaks,
            allow_flow_plain=plain and not in_flow,
            allow_block_plain=plain and not indicator,
            allow_single_quoted=not (quoted or deeper),
            allow_double_quoted=True,
            allow_block=not (quoted or last == " "),
        )

    def write_plain(self, text: str, split: bool = True) -> None:
        if not (split and self._is_long(text)) or self.root_context:
            super().write_plain(text, split)
            return
        if not self.whitespace:
            self._put(" ")
        self._put_line(text)
        self.whitespace = self.indention = False

    def write_single_quoted(self, text: str, split: bool = True) -> None:
        if not (split and self._is_long(text)):
            super().write_single_quoted(text, split)
            return
        self.write_indicator("'", need_whitespace=True)
        for breaks, line in re.findall(_LINE, text.replace("'", "''")):
            if breaks:
                self._break(len(breaks) + 1)
                self.write_indent()
            self._put_line(line)
        self.write_indicator("'", need_whitespace=False)

    def write_literal(self, text: str) -> None:
        if not self._is_long(text):
            super().write_literal(text)
            return
        self._begin_block("|", text)
        self.stream.write(re.sub(_FILLED_LINE, " " * (self.indent or 0), text))
        self._break(not text.endswith("\n"))

    def write_folded(self, text: str) -> None:
        if not self._is_long(text):
            super().write_folded(text)
            return
        self._begin_block(">", text)
        deeper = True
        for breaks, line in re.findall(_LINE, text):
            if breaks:
                self._break(len(breaks) + (bool(line) and not deeper and line[0] != " "))
            if line:
                deeper = line[0] == " "
                self.write_indent()
                self._put_line(line)
        self._break(not text.endswith("\n"))

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        if not split or len(text) < LONG or self._is_deep():
            super().write_double_quoted(text, split)
            return
        self.write_indicator('"', need_whitespace=True)
        escaped = re.sub(_ESCAPED[bool(self.allow_unicode)], _escape, text)
        begin = 0
        while place := self._double_quoted_fold(escaped, begin):
            self._put(escaped[begin:place].replace("\0", "\\") + "\\")
            self.write_indent()
            self.whitespace = self.indention = False
            begin = place
            if escaped[place] == " ":
                self._put("\\")
        self._put(escaped[begin:].replace("\0", "\\"))
        self.write_indicator('"', need_whitespace=False)

    def _double_quoted_fold(self, escaped: str, begin: int) -> int:
        """Return where the line that has come to ``begin`` ends, or 0 where it has room for all.

        It may end before a space, and behind what is escaped; neither counts as the first or the
        last character.
        """
        room = self.best_width - self.column + begin  # the first place beyond the width, less one
        matches = re.compile(_FOLD_OR_ESCAPE).finditer
        for match in matches(escaped, max(begin, room - _LONGEST_ESCAPE)):
            start, end = match.span()
            if match[0] == " ":
                if start > room and start and end < len(escaped):
                    return start
            elif end > room and end < len(escaped):
                inner = start > 0 and end > room + 1
                # What follows counts too, if it is a character itself, and not the last one.
                if inner or (escaped[end] != "\0" and end + 1 < len(escaped)):
                    return end
        return 0

    def _is_deep(self) -> bool:
        return (self.indent or 0) + 2 >= self.best_width

    def _is_long(self, text: str) -> bool:
        return len(text) >= LONG and not self._is_deep() and not re.search(_ODD_BREAK, text)

    def _begin_block(self, sign: str, text: str) -> None:
        hints = self.determine_block_hints(text)
        self.write_indicator(sign + hints, need_whitespace=True)
        self.open_ended = hints.endswith("+")
        self.write_line_break()

    def _break(self, times: int) -> None:
        for _ in range(times):
            self.write_line_break()

    def _put(self, text: str) -> None:
        self.column += len(text)
        self.stream.write(text)

    def _put_line(self, line: str) -> None:
        """Write a text without breaks, in several lines where it goes beyond the width."""
        begin, search = 0, re.compile(_FOLD).search
        while True:
            room = max(self.best_width - self.column + 1, 0)
            fold = search(line, begin + room)
            if fold is None:
                break
            self._put(line[begin : fold.start()])
            self.write_indent()
            begin = fold.end()
        self._put(line[begin:])


class ByEvent(Emitter):
    """The emitter of :func:`emit`: the event says what may stand as the character it is."""

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
