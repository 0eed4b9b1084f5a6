"""The deliberate breaks of the reference fit its source, and what tries them tells what came of it.

The breaks themselves are tried by ``make mutation``.
"""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from conformance.lint import Tree
from conformance.mutation import run
from conformance.mutation.breaks import ROOT, SOURCE, Break, broken_text, read_breaks
from conformance.runner.cases import read_vectors

if TYPE_CHECKING:
    from pathlib import Path

BREAKS = read_breaks()


@pytest.mark.thorough
@pytest.mark.parametrize("one", BREAKS, ids=str)
def test_a_break_fits_the_source(one: Break) -> None:
    text = broken_text(one)
    if one.file.endswith(".py"):
        compile(text, one.file, "exec")


def test_breaks_concern_rules_that_are_there() -> None:
    known = {rule.id for rule in Tree(ROOT).rules}
    assert {one.rule for one in BREAKS} <= known
    assert len(BREAKS) >= 150
    assert [name for name, times in Counter(map(str, BREAKS)).items() if times > 1] == []
    assert sum(bool(one.survives) for one in BREAKS) <= len(BREAKS) // 20


@pytest.mark.parametrize("text", ["", "a = 1\na = 1\n"])
def test_a_break_that_does_not_fit_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.py").write_text(text)
    with pytest.raises(ValueError, match="must stand there once"):
        broken_text(Break("page", "MLM-001", "it is broken", "a.py", "a = 1", "a = 2"), tmp_path)


def _break(rule: str, says: str) -> Break:
    return next(one for one in BREAKS if (one.rule, one.says) == (rule, says))


@pytest.mark.slow
def test_what_came_of_breaks(tmp_path: Path) -> None:
    """One is noticed, one changes nothing, one cannot run; the source is left as it was."""
    shutil.copytree(SOURCE, tmp_path / "mlmodel")
    cases = [one for one in read_vectors().cases if one.area == "mlmodel-file"]
    noticed = _break("MLM-002", "65 levels are read")
    same = Break("page", "MLM-002", "nothing is", noticed.file, noticed.old, f"{noticed.old}  # x")
    useless = Break("page", "MLM-002", "it cannot run", noticed.file, noticed.old, "depth: int =")
    before = (tmp_path / "mlmodel" / noticed.file).read_text()
    outcomes = [run.try_break(one, cases, tmp_path) for one in (noticed, same, useless)]
    assert [one.kind for one in outcomes] == ["noticed", "survived", "useless"]
    assert outcomes[0].by.startswith("mlmodel-file/")
    assert (tmp_path / "mlmodel" / noticed.file).read_text() == before
    assert [
        run.faults([(one, outcome)])
        for one, outcome in zip((noticed, same), outcomes[:2], strict=True)
    ] == [
        [],
        [f"no vector notices: {same}"],
    ]


def test_cases_that_cite_the_rule_come_first() -> None:
    ordered = ["MLM-004" in one.rules for one in run.cases_for("MLM-004", read_vectors().cases)]
    assert ordered == sorted(ordered, reverse=True)
    assert ordered[0]
