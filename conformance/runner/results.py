"""What came of a run, as objects and as JSON (schemas/v1/conformance-report.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .cases import Case
    from .subject import About

__all__ = ["FORM", "OUTCOMES", "Counts", "Result", "Run", "counts"]

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
    def cases(self) -> int:
        """All of them."""
        return self.passed + self.failed + self.errored + self.skipped

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
                **{outcome: getattr(found, outcome) for outcome in (*OUTCOMES, "known")},
                "whole": name in self.whole,
                "conforms": found.conforms and name in self.whole and not self.lenient,
            }
            for name, found in counts(self.results).items()
        }

    def as_text(self) -> str:
        """Return the report as the text of a file.

        It is ASCII, since an answer may hold half a pair of UTF-16.
        """
        return json.dumps(self.as_json(), indent=1) + "\n"


def counts(results: Iterable[Result]) -> dict[str, Counts]:
    """Return the counts of each profile that has results, in the order of the table."""
    found: dict[str, dict[str, int]] = {}
    for one in results:
        numbers = found.setdefault(one.case.profile, {})
        numbers[one.outcome] = numbers.get(one.outcome, 0) + 1
        if one.known is not None and one.outcome in {FAILED, ERRORED}:
            numbers["known"] = numbers.get("known", 0) + 1
    return {line.name: Counts(**found[line.name]) for line in PROFILES if line.name in found}
