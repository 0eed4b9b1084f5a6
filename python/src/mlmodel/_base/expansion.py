"""How much may come out of what is compressed, or asks for more than its size."""

from __future__ import annotations

__all__ = ["FREE", "MOST", "TIMES"]

#: Bytes that may come out of it whatever its size …
FREE = 64 * 2**20
#: … how many times its size …
TIMES = 200
#: … and the most bytes where there is a limit for any size.
MOST = 8 * 2**30
