"""What came of a run, as objects and as JSON (schemas/v1/conformance-report.json)."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .cases import Case
    from .subject import About

__all__ = ["FORM", "OUTCOMES", "Counts", "Result", "Run", "counts", "total", "total_of_json"]

#: The version of the form of reports.
FORM = 1
PASSED, FAILED, ERRORED, SKIPPED = OUTCOMES = ("passed", "failed", "errored", "skipped")


@dataclass(frozen=True)
class Result:
    """What came of one case.

    Attributes:
        case: the case.
        outcome: one of :data:`OUTCOMES`.
        differences: how the answer departs from what is expected, a line each.
        got: the answer of a failed case.
        reason: why a case was skipped, or has no answer.
        known: why this case is known to fail; None where it is not.

    """

    case: Case
    outcome: str
    differences: tuple[str, ...] = ()
    got: Any = None
    reason: str = ""
    known: str | None = None

    @property
    def is_right(self) -> bool:
        """Whether this is no news: a known failure fails, and everything else does not."""
        if self.known is not None:
            return self.outcome != PASSED
        return self.outcome in {PASSED, SKIPPED}

    def as_json(self) -> dict[str, Any]:
        """Return what a report says of it; what passed says no more than that."""
        case = self.case
        said: dict[str, Any] = {
            "id": case.id,
            "operation": case.operation,
            "profile": case.profile,
            "rules": list(case.rules),
            "outcome": self.outcome,
        }
        if self.known is not None:
            said["known"] = self.known
        if self.outcome != PASSED:
            said["description"] = case.description
        if self.outcome in {FAILED, ERRORED}:
            said["expected"] = case.expected
        if self.outcome == FAILED:
            said |= {"differences": list(self.differences), "got": self.got}
        if self.reason:
            said["reason"] = self.reason
        return said


@dataclass(frozen=True)
class Counts:
    """How many cases there were of each outcome; ``known`` of those that failed or errored."""

    passed: int = 0
    failed: int = 0
    errored: int = 0
    skipped: int = 0
    known: int = 0

    @property
    def wrong(self) -> int:
        """Those that failed or errored."""
        return self.failed + self.errored

    @property
    def cases(self) -> int:
        """All of them."""
        return self.passed + self.wrong + self.skipped

    @property
    def by_outcome(self) -> dict[str, int]:
        """The numbers by the names of the outcomes."""
        return {outcome: getattr(self, outcome) for outcome in OUTCOMES}

    @property
    def conforms(self) -> bool:
        """Whether there were cases, and every one passed."""
        return 0 < self.cases == self.passed


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        about: what was asked.
        results: what came of each case, in their order.
        unmatched: entries of the known failures that name no case.
        lenient: whether places and order were left out of the comparison.
        whole: the profiles of which every case was asked.
        vectors: version and digest of the vectors.
        started: when it began, in UTC.
        seconds: how long it took.

    """

    about: About
    results: Sequence[Result]
    unmatched: tuple[str, ...]
    lenient: bool
    whole: tuple[str, ...]
    vectors: dict[str, Any]
    started: str
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether there is nothing that was not known."""
        return not self.unmatched and all(one.is_right for one in self.results)

    def as_json(self) -> dict[str, Any]:
        """Return the report."""
        about = self.about
        return {
            "report": FORM,
            "implementation": about.implementation,
            "version": about.version,
            "language": about.language,
            "vectors": self.vectors,
            "lenient": self.lenient,
            "started": self.started,
            "seconds": round(self.seconds, 1),
            "right": self.is_right,
            "unmatched": list(self.unmatched),
            "profiles": self._profiles(),
            "results": [one.as_json() for one in self.results],
        }

    def _profiles(self) -> dict[str, Any]:
        return {
            name: {
                **found.by_outcome,
                "known": found.known,
                "whole": name in self.whole,
                "conforms": found.conforms and name in self.whole and not self.lenient,
            }
            for name, found in counts(self.results).items()
        }

    def as_text(self) -> str:
        """Return the report as the text of a file, which is ASCII.

        An answer may hold half a pair of UTF-16, which no file can hold but as an escape.
        """
        return json.dumps(self.as_json(), indent=1) + "\n"


def counts(results: Iterable[Result]) -> dict[str, Counts]:
    """Return the counts of each profile that has results, in the order of the table."""
    found: dict[str, list[Result]] = {}
    for one in results:
        found.setdefault(one.case.profile, []).append(one)
    return {line.name: total(found[line.name]) for line in PROFILES if line.name in found}


def total(results: Iterable[Result]) -> Counts:
    """Return the counts of results."""
    return _total((one.outcome, one.known is not None) for one in results)


def total_of_json(results: Iterable[dict[str, Any]]) -> Counts:
    """Return the counts of results as a report has them."""
    return _total((one["outcome"], "known" in one) for one in results)


def _total(outcomes: Iterable[tuple[str, bool]]) -> Counts:
    """Return the counts of outcomes, each with whether the case is known to fail."""
    found = Counter(outcomes)
    return Counts(
        **{name: found[name, False] + found[name, True] for name in OUTCOMES},
        known=found[FAILED, True] + found[ERRORED, True],
    )
