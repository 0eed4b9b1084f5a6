"""A flavor's module holds what is its own, and is short: what two of them would say stands in one place."""

from __future__ import annotations

import ast
import statistics
from collections import defaultdict
from pathlib import Path

import pytest

FLAVORS = Path(__file__).resolve().parents[2] / "src" / "mlmodel" / "flavors"
#: The modules of flavors, and with them their parts and what they share.
MODULES = {path.name: path.read_text(encoding="utf-8") for path in FLAVORS.glob("[!_]*.py")}
ALL = {path.name: path.read_text(encoding="utf-8") for path in FLAVORS.glob("*.py")}

#: So many lines in a row are something that is written twice.
ROW = 6
MEDIAN, LONGEST = 120, 200


def lines_of(text):
    """The lines of a module with their numbers, without blank ones and imports."""
    left_out = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            left_out.update(range(node.lineno, node.end_lineno + 1))
    numbered = enumerate(map(str.strip, text.splitlines()), 1)
    return [(at, line) for at, line in numbered if line and at not in left_out]


def written_twice(modules):
    """The places of rows of lines that stand in two modules, each with its first line."""
    found = defaultdict(dict)
    for name, text in modules.items():
        lines = lines_of(text)
        for start in range(len(lines) - ROW + 1):
            row = lines[start : start + ROW]
            found[tuple(line for _, line in row)].setdefault(name, row[0][0])
    return [
        f"{row[0]!r}: " + ", ".join(f"{name}:{at}" for name, at in sorted(places.items()))
        for row, places in found.items()
        if len(places) > 1
    ]


@pytest.mark.thorough
def test_no_six_lines_in_a_row_stand_in_two_modules():
    assert written_twice(ALL) == []


def test_modules_of_flavors_are_short():
    lengths = {name: len(text.splitlines()) for name, text in MODULES.items()}
    assert statistics.median(lengths.values()) < MEDIAN
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


BODY = "".join(f"{name} = 1\n" for name in "abcdef")


@pytest.mark.parametrize(
    ("first", "second", "is_found"),
    [
        (BODY, BODY, True),
        (f"x = 1\n{BODY}", f"import os\n{BODY}y = 1\n", True),
        (BODY.replace("c", "\nc"), BODY.replace("d", "    \nd"), True),
        (BODY, BODY.replace("f", "g"), False),
        ("import os\n" * ROW, "import os\n" * ROW, False),
        ("from a import (\n    b,\n    c,\n    d,\n    e,\n)\n" * 2,) * 2 + (False,),
    ],
)
def test_what_is_written_twice_is_found(first, second, is_found):
    assert bool(written_twice({"first.py": first, "second.py": second})) is is_found
