"""The result of validating one or several models, as text and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlmodel._base.texts import counted
from mlmodel.errors import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.errors import Violation

__all__ = ["Report", "as_document", "summary", "total"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one model.

    ``path`` is the model folder or MLmodel file as it was given; ``violations`` are in
    document order; ``unreadable`` says why the file could not be looked at (then there are
    no violations, or the one of the limit that it broke). ``fixed`` lists what was mended
    before, each with the place where it stood; ``unchecked`` says what was not looked at, and
    why; ``ignored`` counts the violations of rules that the user ignores, which are not in it.
    """

    path: str
    violations: tuple[Violation, ...] = ()
    unreadable: str | None = None
    fixed: tuple[Violation, ...] = ()
    unchecked: tuple[str, ...] = ()
    ignored: int = 0

    @property
    def errors(self) -> tuple[Violation, ...]:
        """The violations that make the model invalid."""
        return tuple(v for v in self.violations if v.severity == "error")

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """The violations that leave the model valid."""
        return tuple(v for v in self.violations if v.severity != "error")

    def shortened(self) -> Report:
        """Return the report with one entry for each rule of a file, and no more (DIR-010)."""
        return replace(self, violations=tuple(listed(self.violations, 0)))

    def count(self, severity: str) -> int:
        """Return how many violations of a severity there are, those that are not listed too."""
        return total(one for one in self.violations if one.severity == severity)

    @property
    def valid(self) -> bool:
        """Whether the model was read and breaks no rule that makes it invalid."""
        return self.unreadable is None and not self.errors

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 0 for valid, 1 for not valid (``strict``: or warned of), 2 for unreadable."""
        if self.unreadable is not None:
            return 2
        return int(bool(self.errors) or (strict and bool(self.warnings)))

    def as_dict(self) -> dict[str, Any]:
        """Return the object of ``schemas/v1/report.json`` for one model."""
        found: dict[str, Any] = {"path": self.path, "valid": self.valid}
        if self.unreadable is not None:
            found["unreadable"] = self.unreadable
        found["violations"] = [violation.as_dict() for violation in self.violations]
        if self.fixed:
            found["fixed"] = [fixed.as_dict() for fixed in self.fixed]
        if self.unchecked:
            found["unchecked"] = list(self.unchecked)
        if self.ignored:
            found["ignored"] = self.ignored
        return found


def total(violations: Iterable[Violation]) -> int:
    """Return how many violations entries of a report stand for (MLM-034)."""
    return sum(one.times for one in violations)


def as_document(reports: list[Report], *, strict: bool = False) -> dict[str, Any]:
    """Return the object of ``schemas/v1/report.json``: every model, and the counts."""
    codes = [report.exit_code(strict=strict) for report in reports]
    return {
        "version": 1,
        "models": [report.as_dict() for report in reports],
        "summary": {
            "models": len(reports),
            "valid": codes.count(0),
            "invalid": codes.count(1),
            "unreadable": codes.count(2),
            "errors": sum(report.count("error") for report in reports),
            "warnings": sum(report.count("warning") for report in reports),
            "ignored": sum(report.ignored for report in reports),
        },
    }


def summary(reports: list[Report], *, strict: bool = False, mended: bool = False) -> str:
    """Return one line that says how many models are valid, and what was found.

    Where they were ``mended``, it says how many violations were, be it none.
    """
    counts = as_document(reports, strict=strict)["summary"]
    parts = [f"{counts['valid']} valid", f"{counts['invalid']} not valid"]
    if counts["unreadable"]:
        parts.append(f"{counts['unreadable']} unreadable")
    found = f"{counted(counts['errors'], 'error')}, {counted(counts['warnings'], 'warning')}"
    if counts["ignored"]:
        found += f", {counts['ignored']} ignored"
    if mended:
        found += f", {sum(total(report.fixed) for report in reports)} fixed"
    return f"{counted(counts['models'], 'model')}: {', '.join(parts)} ({found})"
