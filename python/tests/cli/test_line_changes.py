"""What changed between two texts: the library's form, in time that grows as they do (MLM-039)."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.cli.line_changes import changed_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = st.lists(st.sampled_from(["a", "b", "c", "", " a", *map(str, range(9))]), max_size=30)


def applied(before: list[str], diff: list[str]) -> list[str]:
    """Return the lines that a diff makes of others; every line of it must fit."""
    made: list[str] = []
    place = 0
    for line in diff[2:]:
        hunk = re.match(r"@@ -(\d+)(?:,(\d+))? ", line)
        if hunk:
            start = int(hunk[1]) - (hunk[2] != "0")
            made += before[place:start]
            place = start
        elif line[0] == "+":
            made.append(line[1:])
        else:
            assert before[place] == line[1:]
            place += 1
            made += [line[1:]] if line[0] == " " else []
    return made + before[place:]


@given(LINES, LINES)
def test_a_diff_makes_one_text_of_the_other(before: list[str], after: list[str]) -> None:
    diff = list(changed_lines(before, after, "m"))
    assert applied(before, diff) == after
    assert bool(diff) == (before != after)
    assert diff[:2] == (["--- m", "+++ m (formatted)"] if diff else [])


def test_of_an_ordinary_text_it_is_the_library_s() -> None:
    before = [f"key_{n}: {n}" for n in range(300)]
    after = [line.replace("key_", "key ") if n % 40 == 7 else line for n, line in enumerate(before)]
    after[100:100] = ["new"]
    told = difflib.unified_diff(before, after, "m", "m (formatted)", lineterm="")
    assert list(changed_lines(before, after, "m")) == list(told)


class Counted(str):
    """A line that counts how often it is compared."""

    __slots__ = ()
    times = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.times += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        Counted.times += 1
        return str.__ne__(self, other)


def alternating(number: int) -> Iterator[str]:
    yield from (("x", "y", "z")[place * place % 7 % 3] for place in range(number))


TEXTS = {
    "all the same": (["a"] * 20_000, ["b"] * 20_000),
    "blank lines go": ([*[""] * 20_000, "end"], ["end"]),
    "few kinds": (list(alternating(20_000)), list(alternating(20_000))[::-1]),
    "every other line": (
        ["a" if n % 2 else "b" for n in range(20_000)],
        ["a" if n % 2 else "c" for n in range(20_000)],
    ),
    "turned round": ([f"{n}" for n in range(20_000)], [f"{n}" for n in range(20_000)][::-1]),
    "few between": (
        [f"{n}" if n % 60 == 0 else "a" for n in range(20_000)],
        [f"{n}" if n % 60 == 0 else "ab"[n % 2] for n in range(20_000)],
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", TEXTS)
def test_lines_are_compared_as_often_as_there_are_lines(kind: str) -> None:
    """MLM-039: the library alone compares some of these 400 million times."""
    before, after = (list(map(Counted, lines)) for lines in TEXTS[kind])
    Counted.times = 0
    diff = list(changed_lines(before, after, "m"))
    assert Counted.times < 200 * len(before)
    assert len(diff) <= 4 * (len(before) + len(after))
    assert applied([*before], [*diff]) == after
