"""The table of answers that must not be given names vectors that are there (conformance/README)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

CONFORMANCE = Path(__file__).resolve().parents[3] / "conformance"
ROW = re.compile(r"\| (?P<seen>[^|]+) \| `(?P<area>[a-z-]+)` \| (?P<vectors>`[^|]+) \|")


def _rows() -> list[tuple[str, str, list[str]]]:
    text = (CONFORMANCE / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Answers that must not be given")[2].partition("\n## ")[0]
    return [
        (row["seen"], row["area"], re.findall(r"`([^`]+)`", row["vectors"]))
        for row in ROW.finditer(table)
    ]


def test_the_table_is_read() -> None:
    assert len(_rows()) >= 26


@pytest.mark.parametrize(("seen", "area", "ids"), _rows())
def test_every_answer_has_its_vectors(seen: str, area: str, ids: list[str]) -> None:
    there = {
        case["id"]
        for path in (CONFORMANCE / "vectors" / "v1" / area).glob("*.json")
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
    }
    assert ids, seen
    assert [one for one in ids if one not in there] == []
