"""A run as text for people: what is not as it should be, then a line for each profile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .results import PASSED, SKIPPED, counts, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .results import Result, Run

__all__ = ["lines", "summary"]

#: How many cases are shown in full, how many lines of one, and how long a line is.
_SHOWN, _LINES, _WIDTH = 50, 8, 400


def lines(run: Run) -> Iterator[str]:
    """Give the lines of the report."""
    wrong = [one for one in run.results if not one.is_right]
    for one in wrong[:_SHOWN]:
        yield from _case(one)
    if len(wrong) > _SHOWN:
        yield f"… and {len(wrong) - _SHOWN} more; --report json or html has them all."
    for pattern in run.unmatched:
        yield f"known failure {pattern}: no case has this id; take the line out."
    yield from _reasons(run)
    yield from _table(run)
    yield summary(run)


def summary(run: Run) -> str:
    """Return the run in one line."""
    about = run.about
    found = total(run.results)
    parts = [f"{number} {name}" for name, number in found.by_outcome.items() if number]
    parts += [f"{found.known} of these known"] if found.known else []
    lenient = ", leniently" if run.lenient else ""
    return (
        f"{about.implementation} {about.version} ({about.language}){lenient}: "
        f"{', '.join(parts)} in {run.seconds:.0f} s"
    )


def _case(one: Result) -> Iterator[str]:
    kind = "unexpectedly passed" if one.outcome == PASSED else one.outcome
    yield f"{kind} {one.case.id}  ({', '.join(one.case.rules)}) {one.case.description}"
    if one.outcome == PASSED:
        yield f"    known to fail: {one.known}"
    if one.reason:
        yield f"    {_cut(one.reason)}"
    for line in one.differences[:_LINES]:
        yield f"    {_cut(line)}"
    if one.differences:
        yield f"    wanted {_cut(json.dumps(one.case.expected))}"
        yield f"    got    {_cut(json.dumps(one.got))}"


def _reasons(run: Run) -> Iterator[str]:
    """Give each reason for which cases were skipped, with how many there were."""
    reasons: dict[str, int] = {}
    for one in run.results:
        if one.outcome == SKIPPED:
            reasons[one.reason] = reasons.get(one.reason, 0) + 1
    for reason, number in sorted(reasons.items(), key=lambda item: -item[1])[:_SHOWN]:
        yield f"skipped {number}: {_cut(reason)}"


def _table(run: Run) -> Iterator[str]:
    yield f"{'profile':14} {'cases':>6} {'passed':>7} {'failed':>7} {'errored':>8} {'skipped':>8}"
    for name, found in counts(run.results).items():
        numbers = f"{found.cases:6} {found.passed:7} {found.failed:7} {found.errored:8}"
        verdict = _verdict(run, name, conforms=found.conforms)
        yield f"{name:14} {numbers} {found.skipped:8}  {verdict}".rstrip()


def _verdict(run: Run, name: str, *, conforms: bool) -> str:
    if not conforms:
        return ""
    if name not in run.whole:
        return "as far as asked"
    return "conforms, leniently" if run.lenient else "conforms"


def _cut(text: str) -> str:
    text = text.replace("\n", "\\n")
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
