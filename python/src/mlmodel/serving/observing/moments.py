"""Moments as the log has them."""

from __future__ import annotations

import time

__all__ = ["stamp"]

_last: tuple[int, str] = (0, "")


def stamp(now: float, *, as_json: bool = False) -> str:
    """Return a moment: in local time as the log has it, or in UTC by RFC 3339."""
    global _last  # noqa: PLW0603 - the text of a second serves the requests of that second
    second = int(now)
    part = int((now - second) * 1000)
    if as_json:
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(second))}.{part:03d}Z"
    kept, text = _last
    if kept != second:
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        _last = second, text
    return f"{text},{part:03d}"
