"""Values that become keys of a dict or set while a model predicts (TRU-097).

An encoder makes a dict of its categories, a vectorizer one of its list of words, whatever these
are. Keys of one hash are compared with each other, and a tuple is hashed with all that is in it.
Which list becomes a dict is the libraries' affair and changes with their versions, so everything
that a model reaches counts as if it were a key of one dict.
"""

from __future__ import annotations

import sys
from typing import Any

from mlmodel._base.hashes import Hashes, are_spread

__all__ = ["Crowd"]

#: As deep may keys be nested (TRU-087).
_DEEPEST = 32
#: So many parts may all tuples and large numbers have together, as often as they are held.
_MOST_PARTS = 5 * 10**7
_DIGITS_PER_PART = 30
#: Fewer than 64 floats have the same hash; types are hashed by where they are.
_FREE = frozenset({str, bytes, bool, float, type(None), type, bytearray, range, list, dict, set})

#: What is hashed with all that is in it; slices are so since Python 3.12.
_NESTING = (tuple, frozenset, slice)


class Crowd:
    """Counts values by their hashes; ``wrong`` says what is wrong with them, or nothing."""

    def __init__(self) -> None:
        self.wrong = ""
        self._seen: set[Any] = set()
        self._hashes = Hashes()
        self._parts = 0
        #: Tuple, by its identity -> its parts, and how deep they are nested.
        self._known: dict[int, tuple[int, int]] = {}
        numpy = sys.modules.get("numpy")
        self._free: Any = ()
        if numpy is not None:  # scalars of fields can be changed, and are hashed by nothing
            self._free = (numpy.integer, numpy.floating, numpy.void, numpy.dtype)
        self._array: Any = numpy.ndarray if numpy is not None else ()

    def meet(self, one: Any) -> None:
        """Count one value that the model holds somewhere, or each number of a complex array."""
        kind = type(one)
        if kind in _FREE or (kind is int and are_spread((one,))) or self.wrong:
            return
        if isinstance(one, self._array):
            for number in one.ravel().tolist() if one.dtype.kind == "c" else ():
                self.meet(number)
        elif not isinstance(one, self._free) and self._is_cheap(one):
            self._count(one)

    def _is_cheap(self, one: Any) -> bool:
        """Whether a value may be hashed at all."""
        if isinstance(one, _NESTING):
            first = id(one) not in self._known
            parts, depth = self._measured(one)
        else:
            first, depth = True, 0
            parts = one.bit_length() // _DIGITS_PER_PART if isinstance(one, int) else 0
        self._parts += parts
        if depth > _DEEPEST:
            self.wrong = "tuples are nested too deep to be keys"
        elif self._parts > _MOST_PARTS:
            self.wrong = "tuples have too many parts to be keys"
        return first and not self.wrong

    def _measured(self, top: Any) -> tuple[int, int]:
        """Return how many parts a tuple has, those of its tuples among them, and how deep."""
        pending = [top]
        while pending:
            one = pending[-1]
            every = (one.start, one.stop, one.step) if isinstance(one, slice) else one
            inner = [part for part in every if isinstance(part, _NESTING)]
            new = [part for part in inner if id(part) not in self._known]
            if new:
                pending.extend(new)
                continue
            found = [self._known[id(part)] for part in inner]
            parts = 1 + len(every) + sum(count for count, _ in found)
            self._known[id(one)] = parts, 1 + max((depth for _, depth in found), default=0)
            pending.pop()
        return self._known[id(top)]

    def _count(self, one: Any) -> None:
        try:
            if one not in self._seen:
                if self._hashes.is_one_too_many(one):
                    self.wrong = "too many values have the same hash"
                self._seen.add(one)
        except Exception:  # noqa: BLE001, S110 - what cannot be hashed or compared is not a key
            pass
