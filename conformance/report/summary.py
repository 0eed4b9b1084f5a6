"""The report in numbers: what is committed as JSON, and the tables made of it."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

from conformance.report.kinds import ACCEPTED, KINDS, OTHER, SKIPPED, TOLD_OTHERWISE, kind_of
from conformance.runner.results import PASSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["BEGIN", "END", "between_markers", "kinds_table", "readme", "summary", "wrong_table"]

BEGIN = "<!-- made by `make conformance-peers` -->"
END = "<!-- end of what is made -->"

#: A row of the table "Answers that must not be given" in conformance/README.md.
_ROW = re.compile(r"^\| (?P<what>[^|]+) \| `(?P<area>[\w-]+)` \| (?P<ids>[^|]+) \|$", re.MULTILINE)
#: Areas of rows about what a message says, which a comparison of results does not tell.
_OF_MESSAGES = frozenset({"errors"})
_RIGHT = (PASSED, TOLD_OTHERWISE)


def summary(reports: Sequence[dict[str, Any]], suite: str) -> dict[str, Any]:
    """Return the numbers of some reports.

    Args:
        reports: the reports, as ``conformance run --report json`` writes them.
        suite: the text of conformance/README.md.

    """
    return {
        "implementations": [_numbers(report) for report in reports],
        "wrong_answers": list(_wrong_answers(reports, suite)),
    }


def _numbers(report: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind_of(one) for one in report["results"]]
    counted = ("passed", "failed", "errored", "skipped")
    return {
        **{key: report[key] for key in ("implementation", "version", "language")},
        "on": report["started"][:10],
        "vectors": report["vectors"],
        "cases": len(kinds),
        "kinds": {kind: kinds.count(kind) for kind in KINDS},
        "accepted": _by_rule(report, ACCEPTED),
        "other": _by_rule(report, OTHER),
        "profiles": {
            name: {key: one[key] for key in (*counted, "conforms")}
            for name, one in report["profiles"].items()
        },
    }


def _by_rule(report: dict[str, Any], kind: str) -> dict[str, int]:
    """Return how many cases of a kind each rule has: that which refuses, or else the first."""
    found: Counter[str] = Counter()
    for one in report["results"]:
        if kind_of(one) == kind:
            found.update(_refused_by(one["expected"]) or {one["rules"][0]})
    return dict(sorted(found.items()))


def _refused_by(expected: dict[str, Any]) -> set[str]:
    """Return the rules by which an expected answer refuses something."""
    told = [*expected.get("violations", ()), *expected.get("details", ())]
    return {one["rule"] for one in told if "rule" in one and one.get("severity") != "warning"}


def _wrong_answers(reports: Sequence[dict[str, Any]], suite: str) -> Iterator[dict[str, Any]]:
    """Give the rows of the suite's table, with how many of its cases each answers wrongly."""
    begun = ""
    _, _, table = suite.partition("## Answers that must not be given")
    for row in _ROW.finditer(table.partition("\n## ")[0]):
        if row["area"] in _OF_MESSAGES:
            continue
        ids = re.findall(r"`([^`]+)`", row["ids"])
        counted = [_wrongly(report, row["area"], ids) for report in reports]
        # A row that begins with an ellipsis goes on as the one above it began.
        what = row["what"].strip().replace("…", begun, 1)
        begun = what.partition(" for ")[0]
        yield {"what": what, "wrong": counted}


def _wrongly(report: dict[str, Any], area: str, ids: Sequence[str]) -> list[int] | None:
    """Return of how many cases that were asked how many are wrong: ``[wrong, asked]``."""
    kinds = [kind_of(one) for one in report["results"] if _is_of(one["id"], area, ids)]
    asked = [kind for kind in kinds if kind != SKIPPED]
    return [sum(kind not in _RIGHT for kind in asked), len(asked)] if asked else None


def _is_of(case_id: str, area: str, ids: Sequence[str]) -> bool:
    """Return whether a case is one of these, or one of them in another form of a request."""
    topic, _, short = case_id.partition(":")
    if topic.partition("/")[0] != area:
        return False
    other_form = topic.endswith("answers-not-to-give-in-other-forms")
    return short in ids or (other_form and any(short.startswith(f"{one}-") for one in ids))


def readme(numbers: dict[str, Any]) -> str:
    """Return the part of a README: what the answers are, for each implementation."""
    columns = numbers["implementations"]
    head = ["", *(f"{one['implementation']} {one['version']}" for one in columns)]
    rows = [head, ["---", *("---:" for _ in columns)]]
    rows.append(["cases that were asked", *(str(_asked(one)) for one in columns)])
    for kind, says in KINDS.items():
        if kind != SKIPPED:
            rows.append([says, *(str(one["kinds"][kind]) for one in columns)])
    rows.append(["on", *(one["on"] for one in columns)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _asked(one: dict[str, Any]) -> int:
    return int(one["cases"] - one["kinds"][SKIPPED])


def between_markers(text: str, made: str) -> str:
    """Return a page in which what stands between the markers is this.

    Raises:
        ValueError: the page has no such place.

    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no place for what is made ({BEGIN} … {END})")
    return f"{before}{begin}\n\n{made}\n{end}{after}"


def kinds_table(numbers: dict[str, Any]) -> Iterator[str]:
    """Give the table of kinds, as lines of the page."""
    columns = numbers["implementations"]
    yield "<h2>What the answers are</h2>"
    yield "<p>Each was asked as its users would ask, by its public names; how, stands in "
    yield "conformance/report/README.md. What is told otherwise is amber in all tables.</p>"
    yield _row("head", "kind of answer", [(one["implementation"], "name") for one in columns])
    for kind, says in KINDS.items():
        cells = [(one["kinds"][kind], _color(kind, one["kinds"][kind])) for one in columns]
        yield _row("", says[0].upper() + says[1:], cells)


def _color(kind: str, number: int) -> str:
    if not number or kind == SKIPPED:
        return "none"
    return {PASSED: "good", TOLD_OTHERWISE: "known"}.get(kind, "bad")


def wrong_table(numbers: dict[str, Any]) -> Iterator[str]:
    """Give the table of answers that must not be given, as lines of the page."""
    yield "<h2>Answers that must not be given</h2>"
    yield "<p>Seen in servers of this format. A number is how many of the cases are answered so, "
    yield "or wrongly in another way; ✓ that none is.</p>"
    names = [(one["implementation"], "name") for one in numbers["implementations"]]
    yield _row("head", "answer", names)
    for row in numbers["wrong_answers"]:
        what = row["what"]
        yield _row("", what[0].upper() + what[1:], [_of_cases(one) for one in row["wrong"]])


def _of_cases(counted: list[int] | None) -> tuple[str, str]:
    if counted is None:
        return "-", "none"
    wrong, asked = counted
    return (f"{wrong} of {asked}", "bad") if wrong else (f"✓ {asked}", "good")


def _row(kind: str, what: str, cells: Sequence[tuple[Any, str]]) -> str:
    shown = [f"<span class={color}>{escape(str(text))}</span>" for text, color in cells]
    return f'<div class="row {kind}"><span>{_code(escape(what))}</span>{"".join(shown)}</div>'


def _code(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
