"""Processes that tests start, and whether they are gone."""

from __future__ import annotations

from pathlib import Path


def is_running(number: int | str) -> bool:
    """Return whether a process runs, and is not only its entry for a parent that has not asked yet."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
