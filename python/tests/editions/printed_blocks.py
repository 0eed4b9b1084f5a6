"""The code blocks of both editions, and the list of them in conformance/editions.md.

A block is named by its edition and the line of its directive, as the list names it: ``L135`` is of
the 1.28 edition, ``E228`` of the early one.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
TESTS = REPOSITORY / "python" / "tests"
LIST = REPOSITORY / "conformance" / "editions.md"
EDITIONS = {"L": "mlflow-models-1.28-edition.rst", "E": "mlflow-models-early-edition.rst"}

_DIRECTIVE = re.compile(r"( *)\.\. code(?:-block)?::")
#: A paragraph that ends so is followed by a block, too; a directive of another name is not.
_LITERAL = re.compile(r"( *)(?!\.\. ).*::$")
_ROW = re.compile(r"^\| (?P<place>[LE]\d+) \| [^|]+ \| (?P<repaired>[^|]+) \| (?P<shown>[^|]+) \|$")


@dataclass(frozen=True)
class Listed:
    """A row of the list: what is repaired, and what shows the block (or what it waits for)."""

    repaired: str
    shown: str

    @property
    def tests(self) -> list[str]:
        return re.findall(r"`([^`]+::[^`]+)`", self.shown)


def blocks_of(folder: Path, edition: str) -> dict[str, str]:
    """Return the blocks of an edition by their places, as they are printed."""
    text = (folder / "reference" / EDITIONS[edition]).read_text(encoding="utf-8")
    # A tab of the text stands for the columns up to the next eighth, as reStructuredText has it.
    lines = [line.expandtabs(8).rstrip() for line in text.splitlines()]
    found = {}
    for at, line in enumerate(lines):
        begun = _DIRECTIVE.match(line) or _LITERAL.match(line)
        if begun:
            found[f"{edition}{at + 1}"] = body(lines[at + 1 :], len(begun[1]))
    return found


def body(lines: list[str], indent: int) -> str:
    """Return what stands further right than what it belongs to."""
    own = []
    for line in lines:
        if line and len(line) - len(line.lstrip()) <= indent:
            break
        own.append(line)
    return textwrap.dedent("\n".join(own)).strip("\n") + "\n"


def listed() -> dict[str, Listed]:
    """Return the rows of the list by their places."""
    rows = map(_ROW.match, LIST.read_text(encoding="utf-8").splitlines())
    return {row["place"]: Listed(row["repaired"], row["shown"]) for row in rows if row}
