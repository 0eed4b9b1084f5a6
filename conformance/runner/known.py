"""Known failures: what an implementation is not yet right about, each with a reason.

A line of the file is the id of a case or a pattern of ids (``*``, ``?``), a space, and the reason.
Lines that begin with ``#`` and empty ones say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Known", "read_known"]


@dataclass(frozen=True)
class Known:
    """The entries of a file: id or pattern -> reason."""

    entries: dict[str, str] = field(default_factory=dict)

    def reason(self, case_id: str) -> str | None:
        """Return why a case is known to fail; None where it is not. An exact id comes first."""
        if case_id in self.entries:
            return self.entries[case_id]
        for pattern, reason in self.entries.items():
            if fnmatchcase(case_id, pattern):
                return reason
        return None

    def unmatched(self, ids: Iterable[str]) -> list[str]:
        """Return the entries that name none of these cases."""
        known = list(ids)
        return [
            pattern
            for pattern in self.entries
            if not any(fnmatchcase(one, pattern) for one in known)
        ]


def read_known(path: Path) -> Known:
    """Read a file of known failures.

    Raises:
        ValueError: a line has no reason, or an entry stands twice.
        OSError: the file cannot be read.

    """
    entries: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        pattern, *reason = line.split(maxsplit=1)
        if not reason:
            raise ValueError(
                f"{path}, line {number}: {pattern} has no reason. "
                "Write it behind the id, after a space."
            )
        if pattern in entries:
            raise ValueError(f"{path}, line {number}: {pattern} stands twice.")
        entries[pattern] = reason[0].strip()
    return Known(entries)
