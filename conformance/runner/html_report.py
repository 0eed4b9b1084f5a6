"""Runs as one page for a browser: a summary of each, a row for each rule, no script.

A page is made of reports in JSON (schemas/v1/conformance-report.json), so that runs of other days
and machines can stand beside each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .profiles import PROFILES
from .results import ERRORED, FAILED, OUTCOMES, PASSED, SKIPPED, Counts, total_of_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["markdown", "page"]

_STYLE = Path(__file__).with_name("report.css")
#: How much of a wanted or given answer is shown.
_SHOWN = 800
_TITLE = "MLmodel conformance"
_BARS = (PASSED, "known", FAILED, ERRORED, SKIPPED)


@dataclass(frozen=True)
class _Cell:
    """What came of the cases of one rule or profile for one implementation."""

    counts: Counts = field(default_factory=Counts)

    @property
    def kind(self) -> str:
        """How it is colored."""
        found = self.counts
        if found.wrong:
            return "known" if found.wrong == found.known else "bad"
        if found.skipped or not found.passed:
            return "none"
        return "good"

    @property
    def text(self) -> str:
        """What it says."""
        found = self.counts
        asked = found.passed + found.wrong
        if found.wrong:
            return f"{found.passed} / {asked}"
        if not asked:
            return "skipped" if found.skipped else "-"
        return f"✓ {asked}" if not found.skipped else f"{asked} + {found.skipped} skipped"


@dataclass(frozen=True)
class _Row:
    """A rule: the results of its cases, for each implementation."""

    results: list[list[dict[str, Any]]]

    @property
    def cells(self) -> list[_Cell]:
        """What came of them."""
        return [_Cell(total_of_json(one)) for one in self.results]

    @property
    def others(self) -> list[list[dict[str, Any]]]:
        """Those that did not pass."""
        return [[one for one in each if one["outcome"] != PASSED] for each in self.results]


def page(reports: Sequence[dict[str, Any]], more: str = "") -> str:
    """Return the page of these reports, a column for each; ``more`` stands before its tables."""
    return "\n".join(_page(reports, more)) + "\n"


def markdown(reports: Sequence[dict[str, Any]]) -> str:
    """Return a table of profiles and implementations for a README."""
    names = [f"{one['implementation']} {one['version']}" for one in reports]
    rows = [["profile", *names], ["---"] * (len(names) + 1)]
    for name, cells in _profiles(reports):
        rows.append([f"`{name}`", *(cell.text for cell in cells)])
    rows.append(["on", *(one["started"][:10] for one in reports)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _page(reports: Sequence[dict[str, Any]], more: str) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{_TITLE}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>"
    yield f'<body style="--columns: {len(reports)}"><main><h1>{_TITLE}</h1>'
    yield from _introduction(reports)
    yield "<div class=cards>"
    for report in reports:
        yield from _card(report)
    yield "</div>"
    yield more
    yield from _profile_table(reports)
    yield from _rules(reports)
    yield "</main></body></html>"


def _introduction(reports: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield (
        "<p>Each case of the conformance vectors was asked, and the answer compared with what the "
        "specification wants. A number is how many cases passed; where some did not, of how many "
        "that were answered. Click on a rule to see what was wanted and what came.</p>"
    )
    if len({report["vectors"]["digest"] for report in reports}) > 1:
        yield '<p class="note">These runs were made with different states of the vectors.</p>'


def _card(report: dict[str, Any]) -> Iterator[str]:
    """Give the summary of one implementation."""
    found = total_of_json(report["results"])
    numbers, known = found.by_outcome, found.known
    name = escape(f"{report['implementation']} {report['version']}")
    yield f"<section class=card><h2>{name}</h2>"
    lenient = ", compared leniently" if report["lenient"] else ""
    yield f"<p>{escape(report['language'])}; {escape(report['started'][:10])}{lenient}</p>"
    yield f"<div class=bar>{_bar(report['results'])}</div>"
    said = ", ".join(f"<b>{number}</b> {name}" for name, number in numbers.items() if number)
    yield f"<p>{said}{f' ({known} known)' if known else ''}</p>"
    conforms = [name for name, one in report["profiles"].items() if one["conforms"]]
    listed = ", ".join(f"<code>{escape(name)}</code>" for name in conforms) or "no profile yet"
    yield f"<p>Conforms to {listed}.</p></section>"


def _bar(results: Sequence[dict[str, Any]]) -> str:
    """Return how many cases came out how, as lengths; known failures have a color of their own."""
    found = [
        "known" if "known" in one and one["outcome"] in {FAILED, ERRORED} else one["outcome"]
        for one in results
    ]
    shares = {name: found.count(name) / len(found) for name in _BARS if name in found}
    return "".join(f'<i class={name} style="flex:{one:.4f}"></i>' for name, one in shares.items())


def _profiles(reports: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[_Cell]]]:
    for profile in PROFILES:
        found = [report["profiles"].get(profile.name) for report in reports]
        if any(found):
            yield profile.name, [_of_counts(one) for one in found]


def _of_counts(counts: dict[str, Any] | None) -> _Cell:
    if counts is None:
        return _Cell()
    return _Cell(Counts(**{name: counts[name] for name in (*OUTCOMES, "known")}))


def _profile_table(reports: Sequence[dict[str, Any]]) -> Iterator[str]:
    says = {profile.name: profile.says for profile in PROFILES}
    yield "<h2>Profiles</h2>"
    yield _head(reports, "profile")
    for name, cells in _profiles(reports):
        yield f"<div class=row><span><code>{name}</code> <small>{says[name]}</small></span>"
        yield f"{_cells(cells)}</div>"


def _head(reports: Sequence[dict[str, Any]], what: str) -> str:
    names = "".join(f"<span>{escape(one['implementation'])}</span>" for one in reports)
    return f'<div class="row head"><span>{what}</span>{names}</div>'


def _cells(cells: Sequence[_Cell]) -> str:
    return "".join(f"<span class={cell.kind}>{cell.text}</span>" for cell in cells)


def _rules(reports: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield "<h2>Rules</h2>"
    yield "<label><input type=checkbox id=only> only rules that somebody breaks</label>"
    yield _head(reports, "rule")
    shown: list[set[str]] = [set() for _ in reports]
    for rule, row in sorted(_by_rule(reports).items()):
        cells, others = row.cells, row.others
        kind = "broken" if any(cell.counts.wrong for cell in cells) else "whole"
        summary = f"<span><code>{escape(rule)}</code></span>{_cells(cells)}"
        if not any(others):
            yield f'<div class="row {kind}">{summary}</div>'
            continue
        yield f"<details class={kind}><summary class=row>{summary}</summary>"
        for report, wrong, before in zip(reports, others, shown, strict=True):
            yield from _wrong(report, wrong, before)
        yield "</details>"


def _by_rule(reports: Sequence[dict[str, Any]]) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for number, report in enumerate(reports):
        for result in report["results"]:
            for rule in result["rules"]:
                row = rows.setdefault(rule, _Row([[] for _ in reports]))
                row.results[number].append(result)
    return rows


def _wrong(
    report: dict[str, Any], results: Sequence[dict[str, Any]], before: set[str]
) -> Iterator[str]:
    """Give the cases of a rule that an implementation did not pass.

    A case of several rules is shown in full at the first; ``before`` are those that were.
    """
    if not results:
        return
    yield f"<h3>{escape(report['implementation'])}</h3>"
    skipped: dict[str, int] = {}
    for one in results:
        if one["outcome"] == SKIPPED:
            reason = one.get("reason", "")
            skipped[reason] = skipped.get(reason, 0) + 1
            continue
        place = f"{report['implementation']}/{one['id']}"
        if one["id"] in before:
            yield f'<p><b>{escape(one["outcome"])}</b> <a href="#{escape(quote(place))}">'
            yield f"<code>{escape(one['id'])}</code></a></p>"
        else:
            before.add(one["id"])
            yield from _case(one, place)
    for reason, number in skipped.items():
        yield f"<p>{number} skipped: {escape(reason)}</p>"


def _case(result: dict[str, Any], place: str) -> Iterator[str]:
    yield f'<article id="{escape(place)}">'
    yield f"<p><b>{escape(result['outcome'])}</b> <code>{escape(result['id'])}</code><br>"
    yield f"{escape(result['description'])}</p>"
    if "known" in result:
        yield f"<p class=note>Known: {escape(result['known'])}</p>"
    if "reason" in result:
        yield f"<p>{escape(result['reason'])}</p>"
    yield f"<dl><dt>wanted<dd><pre>{_json(result['expected'])}</pre>"
    if "got" in result:
        yield f"<dt>got<dd><pre>{_json(result['got'])}</pre>"
    yield "</dl></article>"


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # Half a pair of UTF-16 cannot be written as UTF-8.
    text = text.encode("utf-8", "backslashreplace").decode()
    return escape(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…", quote=False)
