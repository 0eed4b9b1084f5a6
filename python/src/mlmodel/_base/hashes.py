"""How many keys of one mapping or set have the same hash (TRU-086, MLM-037).

A dict finds a key by its hash: of n keys that share one, each is compared with all before it.
Texts and bytes are hashed with a seed that nobody knows; the hash of a number, and of a
tuple of numbers, is known to whoever writes the file. Keys whose hashes share some bits alone cost
little: the search goes on by the other bits of the hash.
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["MOST_OF_ONE_HASH", "Hashes", "are_spread", "is_crowded"]

#: So many keys of one mapping may share a hash. Honest ones do where they are powers of two.
MOST_OF_ONE_HASH = 64
#: Whole numbers of less than this have a hash of their own, but for -1 and -2.
_MODULUS = sys.hash_info.modulus
_FREE = frozenset({str, bytes, type(None), bool, dt.date})
_FREE_OR_WHOLE = _FREE | {int}


def are_spread(keys: Collection[Any]) -> bool:
    """Return whether it is seen at a glance that at most a few of these keys share a hash."""
    kinds = set(map(type, keys))
    if not kinds <= _FREE_OR_WHOLE:
        return False
    if int not in kinds:
        return True
    whole = keys if len(kinds) == 1 else [one for one in keys if type(one) is int]
    return min(whole) > -_MODULUS and max(whole) < _MODULUS


def is_crowded(values: Collection[Any]) -> bool:
    """Return whether too many different ones of these share a hash; they may be repeated.

    What cannot be a key is passed over.
    """
    if are_spread(values):
        return False
    seen: set[Any] = set()
    hashes = Hashes()
    for one in values:
        try:
            if one in seen:
                continue
            if hashes.is_one_too_many(one):
                return True
            seen.add(one)
        except TypeError:
            continue
    return False


class Hashes:
    """Counts the keys of one mapping or set by hash; the caller leaves out what is spread."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def add(self, hashed: int) -> int:
        """Count a key; return how many have its hash."""
        count = self._counts[hashed] = self._counts.get(hashed, 0) + 1
        return count

    def is_one_too_many(self, key: Any) -> bool:
        """Count a key; return whether it must not be put in.

        Raises:
            TypeError: it cannot be a key.

        """
        return not are_spread((key,)) and self.add(hash(key)) > MOST_OF_ONE_HASH
