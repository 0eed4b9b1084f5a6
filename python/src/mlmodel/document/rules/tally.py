"""How many violations of a rule were found where there may be millions of them (MLM-034)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mlmodel.errors import MOST_LISTED, more_violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.errors import Violation

__all__ = ["MOST_ASKED", "Tally"]

#: How often what is slow to tell (another library, the disk) is asked for what is wrong.
MOST_ASKED = 200


class Tally:
    """Counts violations; only those that a report lists are made and placed, which is slow."""

    def __init__(self) -> None:
        self._found: Counter[tuple[str, str]] = Counter()

    def of_many(self, number: int, rule: str, severity: str = "error") -> int:
        """Return how many of so many violations are listed; the others are counted."""
        before = self._found[rule, severity]
        self._found[rule, severity] = before + number
        return max(0, min(number, MOST_LISTED - before))

    def asks(self, rule: str, severity: str = "error") -> bool:
        """Return whether more violations of a rule are to be looked for where that is slow."""
        return self._found[rule, severity] < MOST_ASKED

    def rest(self, file: str, line: int = 1, column: int = 1) -> Iterator[Violation]:
        """Give the entries that stand for what is not listed, with the place of it all."""
        for (rule, severity), number in self._found.items():
            if number > MOST_LISTED:
                more = number - MOST_LISTED
                yield more_violations(file, rule, severity, more, line, column)
