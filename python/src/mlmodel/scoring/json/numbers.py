"""JSON of numbers alone, read into arrays without a Python object for each.

simdjson gives the numbers of a list, and of the lists in it, as one buffer, in a third of the time
that orjson takes to make objects of them. It is not required (extra ``fast``). What it reads counts
only with a proof that the exact way reads the very same:

- every list and every object of the text was looked at, since it has no further bracket, and lists
  on one axis are equally long;
- no number has the size from which on one may have been rounded;
- no text is escaped, so that a text has the brackets that it is written with.

What lacks it (:class:`Unproved`) is left to :mod:`mlmodel.scoring.json.body`, which says what is
wrong, if anything is. Words for missing numbers are written as a number before, of which there
must then be as many as there were words.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mlmodel.signature.data.arrays import EXACT, all_below

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    #: float64, or int64, to which an integer literal alone is read.
    Code = Literal["d", "i"]

__all__ = ["Document", "Unproved", "is_there", "without_words"]

#: The number that stands for a missing one. What follows a digit, a sign or an exponent is not
#: JSON with it, and a digit that follows makes another number.
_GAP, _GAP_TEXT = -9e9, b"-9e9"
_WORDS = (b"null", b"NaN")
#: A key is looked for from the first one on, so that very many cost their number squared.
_MOST_KEYS = 1000
#: What simdjson raises: this is not JSON to it, a cell is not a number, there is no room.
_REFUSED = (ValueError, TypeError, RuntimeError, LookupError, MemoryError)


class Unproved(Exception):
    """It is not known that the exact way reads the same."""


@cache
def _library() -> Any:
    try:
        import simdjson
    except ImportError:
        return None
    return simdjson


def is_there() -> bool:
    """Return whether simdjson is installed."""
    return _library() is not None


def without_words(text: bytes) -> tuple[bytes, int]:
    """Return a text with a number for every word that may mean a missing one, and how many."""
    words = 0
    for word in _WORDS:
        found = text.count(word)
        words += found
        text = text.replace(word, _GAP_TEXT) if found else text
    return text, words


class Document:
    """A text of JSON, taken apart piece by piece.

    ``value`` is what simdjson calls a proxy of it, which :meth:`pairs`, :meth:`items` and
    :meth:`array` open. ``words`` is how many were replaced by :func:`without_words`.

    Raises:
        Unproved: it is not JSON, or a text in it may be escaped; the methods raise it, too.

    """

    def __init__(self, text: bytes | memoryview, words: int = 0) -> None:
        library = _library()
        self._bytes = np.frombuffer(text, np.uint8)
        self._list, self._object = library.Array, library.Object
        self._words = words
        #: How many brackets and braces open what was looked at, or stand in texts.
        self._brackets = self._braces = 0
        try:
            self.value: Any = library.Parser().parse(text)
        except _REFUSED:
            raise Unproved from None

    def is_list(self, proxy: Any) -> bool:
        """Return whether a proxy is one of a list."""
        return isinstance(proxy, self._list)

    def pairs(self, proxy: Any) -> dict[str, Any]:
        """Return the pairs of an object, no key of which stands twice."""
        if not isinstance(proxy, self._object) or len(proxy) > _MOST_KEYS:
            raise Unproved
        keys = list(proxy)
        held = {key: proxy[key] for key in keys}
        if len(held) < len(keys):
            raise Unproved
        self._braces += 1
        self._note_texts(keys)
        return held

    def items(self, proxy: Any) -> list[Any]:
        """Return the items of a list."""
        if not isinstance(proxy, self._list):
            raise Unproved
        items = list(proxy)
        self._brackets += 1
        self._note_texts(items)
        return items

    def array(self, proxy: Any, code: Code) -> npt.NDArray[Any]:
        """Return a list of numbers, or of lists of one shape, as an array of that shape."""
        if not isinstance(proxy, self._list):
            raise Unproved
        try:
            shape = self._shape_of(proxy)
            values = np.frombuffer(proxy.as_buffer(of_type=code), f"{'f' if code == 'd' else 'i'}8")
        except _REFUSED:
            raise Unproved from None
        if values.size != prod(shape):
            raise Unproved
        if code == "d":
            if not all_below((), values, EXACT):
                raise Unproved
            if self._words:
                missing = values == _GAP
                self._words -= int(np.count_nonzero(missing))
                values[missing] = np.nan
        return values.reshape(shape)

    def prove(self) -> None:
        """Make sure that nothing else is in the text than what was looked at."""
        opened = self._count("["), self._count("{"), self._count("\\")
        if self._words or opened != (self._brackets, self._braces, 0):
            raise Unproved

    def _shape_of(self, proxy: Any) -> list[int]:
        """Return the shape of lists of one length on each axis."""
        axes, first = 1, proxy[0]
        while isinstance(first, self._list):
            axes, first = axes + 1, first[0]
        shape = [len(proxy)]
        self._brackets += 1
        level: Iterable[Any] = [proxy]
        for axis in range(1, axes):
            below = chain.from_iterable(level)
            # The innermost lists are most of all, and are not kept.
            level = below if axis == axes - 1 else list(below)
            lengths = set(map(len, level))
            if len(lengths) != 1:
                raise Unproved
            self._brackets += prod(shape)
            shape.append(lengths.pop())
        return shape

    def _note_texts(self, items: Iterable[Any]) -> None:
        texts = "".join([item for item in items if type(item) is str])
        self._brackets += texts.count("[")
        self._braces += texts.count("{")

    def _count(self, char: str) -> int:
        return int(np.count_nonzero(self._bytes == ord(char)))
