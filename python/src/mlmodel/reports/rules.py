"""The rules of the specification: their texts, their addresses, and which of them are looked at."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from mlmodel._base.origin import specification
from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.reports.report import Report

__all__ = ["Rule", "Selection", "matching", "rule", "rules"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, its page of the specification (``trust``), and its text."""

    id: str
    page: str
    text: str

    @property
    def file(self) -> str:
        """The page in the repository."""
        return f"spec/{self.page}.md"

    @property
    def address(self) -> str:
        """Where the rule is read: a link where the package knows one, else a name (a URN)."""
        base = specification()
        page = f"{base}/{self.page}.md" if base else f"urn:mlmodel:spec:v1:{self.page}"
        return f"{page}#{self.id}"

    @property
    def severity(self) -> str:
        """What breaking it is, by its words: ``error``, ``warning``, ``error or warning``, none."""
        words = self.text.split()
        found = [kind for word, kind in (("MUST", "error"), ("SHOULD", "warning")) if word in words]
        return " or ".join(found) or "none"

    def as_dict(self) -> dict[str, str]:
        """Return what ``mlmodel rule --format json`` prints for it."""
        return {
            "rule": self.id,
            "severity": self.severity,
            "page": self.file,
            "address": self.address,
            "text": self.text,
        }


@cache
def rules() -> dict[str, Rule]:
    """Return all rules by their ids, sorted."""
    text = (files("mlmodel.reports") / "_rules.json").read_text(encoding="utf-8")
    return {name: Rule(name, one["page"], one["text"]) for name, one in json.loads(text).items()}


def rule(name: str) -> Rule:
    """Return a rule by its id; of one that is not known, that it is one."""
    return rules().get(name) or Rule(name, "README", f"The rule {name}.")


def matching(prefix: str) -> list[Rule]:
    """Return the rule of this id, or those whose ids begin so (``ENV``, ``MLM-01``).

    Raises:
        InvalidArgument: there is none; the message says which were meant, perhaps.

    """
    wanted = prefix.strip().upper()
    found = [one for name, one in rules().items() if wanted and name.startswith(wanted)]
    if found:
        return found
    from difflib import get_close_matches

    # Of one prefix, numbers that look alike come first; of none that is known, the prefixes.
    page = wanted.partition("-")[0]
    prefixes = sorted({name.partition("-")[0] for name in rules()})
    near = [name for name in rules() if name.startswith(f"{page}-")] if page in prefixes else []
    close = get_close_matches(wanted, near, 3) or get_close_matches(page, prefixes, 3, 0.5)
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close
        else f"they begin with {', '.join(prefixes)}."
    )
    raise InvalidArgument(f"There is no rule {prefix!r}; {hint}")


@dataclass(frozen=True, slots=True)
class Selection:
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
        return replace(report, violations=kept, ignored=len(report.violations) - len(kept))


def _prefixes(given: Iterable[str]) -> tuple[str, ...]:
    found = [one.strip().upper() for text in given for one in text.split(",")]
    for prefix in found:
        matching(prefix)
    return tuple(found)


def _longest(name: str, prefixes: Iterable[str]) -> int:
    """Return the length of the longest of the prefixes that fit, or -1."""
    return max((len(one) for one in prefixes if name.startswith(one)), default=-1)
