"""The list of code blocks in conformance/editions.md: each block of both editions is in it."""

from __future__ import annotations

import re

import pytest
from printed_blocks import LIST, TESTS, body, listed

#: What is not shown yet says what brings it, and what is no program says so.
_WAITS = re.compile(r"waits for (deployment \(step 8\)|evaluation \(step 9\))|is no program: .+")


def test_each_block_is_listed_once(every_block):
    assert len(every_block) > 50
    places = re.findall(r"^\| ([LE]\d+) ", LIST.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(places) == sorted(every_block)
    assert listed().keys() == every_block.keys()


@pytest.mark.parametrize("place", sorted(listed()))
def test_what_a_row_names_is_there(place):
    row = listed()[place]
    if not row.tests:
        assert _WAITS.fullmatch(row.shown), row.shown
        assert row.repaired == "\N{EN DASH}"
        return
    for name in row.tests:
        file, _, function = name.partition("::")
        text = (TESTS / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {re.escape(function)}\(", text, re.MULTILINE), name
        assert file.startswith("editions/"), "its fixtures see that a test is listed"
        assert f'"{place}"' in text, f"{name} does not name {place}"


def test_a_block_ends_where_the_text_goes_on():
    lines = ["", "    a", "", "      b", "", "text", "    c"]
    assert body(lines, 0) == "a\n\n  b\n"
    assert body(["   :name: x", "        a"], 4) == "\n"
