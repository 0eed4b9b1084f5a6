"""Records of the same keys -> their names, and their cells as lists of JSON.

``[{"a": 1, "b": 2}, {"a": 3, "b": 4}]`` becomes ``[[     1,      2], [     3,      4]]``: the keys
of the first two records, with the signs around them, are looked for in all others by numpy, and
written over. There is no text in the records but those keys, each of which has its sign before it
and its colon behind, so that lists of as many cells as there are keys have every cell at its key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Cells", "are_records", "without_keys"]

_SPACE = rb"[ \t\r\n]*+"
_BEGIN = re.compile(_SPACE.join([b"", rb"\{", b'"([a-z_]+)"', b":", rb"(?=\[", rb"\{)"]))
_END = re.compile(_SPACE.join([rb"(\})", rb"(\])", rb"\}", rb"\Z"]))
#: In how many of the last bytes a body ends, if it has no strange number of spaces there.
_TAIL = 64
#: How many bytes of a body there are for each key, where it is quicker to look for the keys so.
_WORTH = 4096
#: How many records are looked at together, key by key: what processors keep at hand.
_AT_ONCE = 4096
_AS_LISTS = bytes.maketrans(b"{}", b"[]")


class Cells(NamedTuple):
    """Records without their keys.

    ``key`` is that of the envelope, ``names`` are those of the records, of which there are
    ``rows``; ``text`` is a list of as many lists of cells.
    """

    key: str
    names: tuple[str, ...]
    rows: int
    text: memoryview


def are_records(body: bytes) -> bool:
    """Return whether a body begins as an envelope of records does."""
    return _BEGIN.match(body) is not None


def without_keys(body: bytes) -> Cells | None:
    """Return the cells of the records in an envelope.

    The text is JSON if the body is, and then has those very cells if it is a list of ``rows``
    lists of as many cells as there are names. None where it is not known to be so (a record has
    other keys or another order of them, a cell is a text, or the spaces differ), and where the
    records are too few for it to be worth while.
    """
    begin, end = _BEGIN.match(body), _END.search(body, max(0, len(body) - _TAIL))
    if begin is None or end is None or b"\\" in body:
        return None
    names = _names_of(body, begin.end())
    if not names or len(body) < _WORTH * len(names):
        return None
    found = np.flatnonzero(np.frombuffer(body, np.uint8)[begin.end() :] == ord('"'))
    if len(found) % (2 * len(names)):
        return None
    quotes = (found + begin.end()).reshape(-1, len(names), 2)
    changed = bytearray(body)
    if not _blank(changed, quotes[:1], names, b"{"):
        return None
    for row in range(1, len(quotes), _AT_ONCE):
        if not _blank(changed, quotes[row : row + _AT_ONCE], names, b"},{"):
            return None
    changed[end.start(1)] = ord("]")
    text = memoryview(changed)[begin.end() : end.end(2)]
    return Cells(begin[1].decode("ascii"), names, len(quotes), text)


def _names_of(body: bytes, start: int) -> tuple[str, ...]:
    """Return the keys of the first record."""
    first = body.index(b"{", start)
    try:
        return tuple(orjson.loads(body[first : body.index(b"}", first) + 1]))
    except orjson.JSONDecodeError:
        return ()


def _blank(
    changed: bytearray, quotes: npt.NDArray[Any], names: tuple[str, ...], signs: bytes
) -> bool:
    """Write over the keys of some records; return whether all of them are as the first record's.

    ``quotes`` has the places of the two quotes of each key, ``signs`` stand before a first key.
    """
    keys = enumerate(names)
    return all(_blank_key(changed, quotes[:, n], key, b"," if n else signs) for n, key in keys)


def _blank_key(changed: bytearray, quotes: npt.NDArray[Any], name: str, signs: bytes) -> bool:
    """Write spaces over a key and its colon, and lists' brackets for braces among the signs.

    The signs before the key may have spaces between them. Nothing is changed if they or the key
    are others in some record.
    """
    opening, closing = quotes[0].tolist()
    start = changed.rfind(signs[:1], 0, opening)
    before, key = bytes(changed[start:opening]), b'"%b":' % name.encode()
    if b"".join(before.split()) != signs or changed[opening : closing + 2] != key:
        return False
    size = len(before) + len(key)
    places = quotes[:, 0] - len(before)
    if places[-1] + size > len(changed):
        return False
    held = np.ndarray((len(changed) - size + 1,), f"V{size}", changed, 0, (1,))
    found = held[places].view(np.uint8).reshape(-1, size)
    if not (found == np.frombuffer(before + key, np.uint8)).all():
        return False
    held[places] = np.void(before.translate(_AS_LISTS).ljust(size))
    return True
