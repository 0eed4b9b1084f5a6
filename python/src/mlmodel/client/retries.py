"""Whether, and after how long, a call is made again (RST-189)."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime
from time import time

__all__ = ["MOST_SECONDS", "pause"]

#: Who is told to come back later than this, is told so at once.
MOST_SECONDS = 60.0
_FIRST, _LONGEST = 0.2, 10.0


def pause(attempt: int, retry_after: str | None) -> float | None:
    """Return how long to wait before the next call; None if none is to be made.

    Args:
        attempt: how many calls were made again already.
        retry_after: the server's header, seconds or a date, which is never gone below.

    """
    spread = random.uniform(0.5, 1.0)  # noqa: S311 - so that clients do not come back together
    backoff = min(_LONGEST, _FIRST * 2.0**attempt) * spread
    asked = _seconds(retry_after)
    if asked is None:
        return backoff
    return None if asked > MOST_SECONDS else asked + backoff


def _seconds(header: str | None) -> float | None:
    if not header:
        return None
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except (ValueError, TypeError, OverflowError):
        return None
