"""Which rules a report tells of (MLM-033)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mlmodel.reports.report import total

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.reports.report import Report

__all__ = ["Selection"]


class Selection(NamedTuple):
    """Which rules a report tells of: ids or beginnings of ids, as the user gave them (MLM-033).

    Of two that fit a rule the longer one holds; of two that are equal, the one that ignores.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    @classmethod
    def of(cls, select: Iterable[str], ignore: Iterable[str]) -> Selection:
        """Return the selection; each text may hold several, with commas.

        Raises:
            InvalidArgument: no rule has such an id.

        """
        return cls(_prefixes(select), _prefixes(ignore))

    def takes(self, name: str) -> bool:
        """Return whether violations of a rule are told."""
        chosen = _longest(name, self.select) if self.select else 0
        return chosen > _longest(name, self.ignore)

    def of_report(self, report: Report) -> Report:
        """Return the report without the violations that are ignored, which it counts."""
        if not self.select and not self.ignore:
            return report
        kept = tuple(one for one in report.violations if self.takes(one.rule))
        return replace(report, violations=kept, ignored=total(report.violations) - total(kept))


def _prefixes(given: Iterable[str]) -> tuple[str, ...]:
    found = [one.strip().upper() for text in given for one in text.split(",")]
    if found:
        from mlmodel.reports.rules import matching  # few select, and their texts are many

        for prefix in found:
            matching(prefix)
    return tuple(found)


def _longest(name: str, prefixes: Iterable[str]) -> int:
    """Return the length of the longest of the prefixes that fit, or -1."""
    return max((len(one) for one in prefixes if name.startswith(one)), default=-1)
