"""JSON bodies: the fast parse, the doubts about it, and the exact parse that settles them.

orjson is fast and forgives two things that must not be forgiven: of a key that stands twice it
keeps the last value (ENF-058), and an integer of 2^64 or more becomes a float (ENF-045). Both
are noticed from outside: the pairs of the parsed value are counted against the colons of the
body, and a float of such a size raises :class:`~mlmodel.signature.cells.reader.InexactParse`.

orjson refuses the tokens NaN, Infinity and -Infinity, which Python's json writes and reads. A
body that has them takes a second way (ENF-065): with texts in their place it must be JSON to
orjson, so that all else is judged as ever, and then it is read by the standard library.
"""

from __future__ import annotations

import codecs
import json
import re
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import numpy as np
import orjson

from mlmodel._base.collections import repeated
from mlmodel.errors import InputViolation, MalformedRequest, shown
from mlmodel.signature.cells.reader import DOUBTFUL

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Json",
    "colons_after_keys",
    "has_repeated",
    "is_doubtful",
    "kind_of",
    "loads",
    "loads_exactly",
    "may_have_rounded",
    "outer_pairs",
    "repeated_key",
]

#: A parsed value.
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

#: An integer literal that may be beyond 64 bits (or digits of a text, or of a rough float).
_LARGE_INTEGER = re.compile(rb"(?<![0-9.])[0-9]{19}")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
#: What stands before a colon between key and value: the key's quote, or white space.
_BEFORE_COLON = (b'":', b" :", b"\t:", b"\n:", b"\r:")
#: For every byte, whether it is one of those.
_ENDS_A_KEY = np.isin(np.arange(256), list(b'" \t\n\r'))
_DICT = frozenset({dict})
#: What stands before the next token outside of texts, and the token; no byte is tried twice.
_TO_TOKEN = re.compile(
    rb"""(?: [^"NI-]++                                              # nothing of a token
         | " [^"\\]*+ (?: \\.? [^"\\]*+ )*+ (?: " | \Z )             # a text, perhaps without end
         | (?! -?Infinity\b | NaN\b ) [NI-]
       )*+
       ( -?Infinity\b | NaN\b )""",
    re.DOTALL | re.VERBOSE,
)
#: The bytes from which on numpy is faster than Python.
_LONG = 20_000


def loads(body: bytes) -> Json:
    """Parse a body.

    Raises:
        MalformedRequest: it is not JSON (RST-004); the message says where.

    """
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" in body or b"Infinity" in body:
            return _loads_with_tokens(body)
        raise _not_json(body, error) from None
    return value


def _loads_with_tokens(body: bytes) -> Json:
    """Parse a body with tokens for NaN and infinities, which become floats."""
    try:
        orjson.loads(_without_tokens(body))
    except orjson.JSONDecodeError as error:
        raise _not_json(body, error) from None
    try:
        value: Json = json.loads(body)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:  # a token in the place of a key
        raise _not_json(body, error) from None
    return value


def _without_tokens(body: bytes) -> bytearray:
    """Return the body with an empty text for every token, at its place and as long."""
    changed = bytearray(body)
    end = 0
    while matched := _TO_TOKEN.match(body, end):
        start, end = matched.span(1)
        changed[start:end] = b'""'.ljust(end - start)
    return changed


def _not_json(body: bytes, error: json.JSONDecodeError) -> MalformedRequest:
    if not body.strip():
        return MalformedRequest("The body is empty; JSON is expected (RST-004).")
    if body.startswith(codecs.BOM_UTF8):
        return MalformedRequest(
            "The body is not JSON: it begins with a byte order mark; send UTF-8 without one "
            "(RST-004)."
        )
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in body[:2]:
        return MalformedRequest(
            "The body is not JSON in UTF-8, but in UTF-16 or UTF-32; send it in UTF-8 (RST-004)."
        )
    place = f"line {error.lineno}, column {error.colno}"
    return MalformedRequest(f"The body is not JSON: {error.msg}, at {place} (RST-004).")


def _too_deep() -> MalformedRequest:
    return MalformedRequest("The body is nested too deeply (RST-004).")


def loads_exactly(body: bytes, *, literals: bool = True) -> tuple[Json, dict[float, set[str]]]:
    """Parse a body that :func:`loads` has accepted, with every integer exact.

    Returns the value, and the decimal literals met, by the double that they round to; without
    ``literals`` none.

    Raises:
        MalformedRequest: a key appears twice in one object (ENF-058).

    """
    found: dict[float, set[str]] = {}

    def decimal(text: str) -> float:
        value = float(text)
        found.setdefault(value, set()).add(text)
        return value

    # Without the hook floats are read in C.
    read = decimal if literals else None
    try:
        value = json.loads(body, parse_float=read, object_pairs_hook=_object_of_pairs)
    except RecursionError:
        raise _too_deep() from None
    return value, found


def may_have_rounded(body: bytes) -> bool:
    """Return whether :func:`loads` may have made a float of an integer literal."""
    return _LARGE_INTEGER.search(body) is not None


def _object_of_pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = repeated(name for name, _ in pairs)[0]
        message = f"The key {shown(twice)} appears twice in one JSON object."
        raise MalformedRequest(
            f"{message} It is not clear which of its values is meant (ENF-058).",
            [InputViolation("ENF-058", message, got=shown(twice))],
        )
    return made


def kind_of(value: object) -> str:
    """Return what a parsed value is, with nothing of what it holds (ERR-007)."""
    return _KINDS.get(type(value), "a number")


_KINDS: dict[type, str] = {
    dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null",
}  # fmt: skip


def has_repeated(body: bytes, value: Json) -> bool:
    """Return whether a key appears twice in a body, given what :func:`loads` made of it.

    The value has fewer pairs than the body has colons outside of texts exactly if a key was
    repeated. Of the pairs the outermost are counted first, and the colons are bounded from above,
    both of which costs little: in most bodies the two are equal, and the cells need no look.
    """
    pairs = outer_pairs(value)
    if pairs == _colons(body):
        return False
    most = colons_after_keys(body)
    if pairs == most:
        return False
    pairs = sum(len(item) for level in _levels(value) for item in level if type(item) is dict)
    return pairs != most and pairs != _STRING.sub(b"", body).count(b":")


def repeated_key(body: bytes) -> MalformedRequest:
    """Return the error for a body in which a key appears twice (ENF-058)."""
    try:
        # What it holds is not wanted, and would be as large as what was read before.
        json.loads(body, object_pairs_hook=_without_repeated)
    except MalformedRequest as error:
        return error
    except RecursionError:
        return _too_deep()
    raise AssertionError("pairs were miscounted")


def _without_repeated(pairs: list[tuple[str, Json]]) -> None:
    if len(dict(pairs)) < len(pairs):
        _object_of_pairs(pairs)


def outer_pairs(value: Json) -> int:
    """Return how many pairs the outermost objects have: those that hold a table, or its rows."""
    if type(value) is list:
        return _pairs_of_rows(value)
    if type(value) is not dict:
        return 0
    pairs = len(value)
    for inner in value.values():
        if type(inner) is dict:
            pairs += len(inner)
        elif type(inner) is list:
            pairs += _pairs_of_rows(inner)
    return pairs


def _pairs_of_rows(rows: list[Json]) -> int:
    return sum(map(len, rows)) if _are_objects(rows) else 0


def _are_objects(rows: list[Json]) -> TypeGuard[list[dict[str, Json]]]:
    return _DICT.issuperset(map(type, rows))


def _colons(body: bytes) -> int:
    if len(body) < _LONG:
        return body.count(b":")
    # Where there are many, numpy counts them five times as fast.
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(":")))


def colons_after_keys(body: bytes) -> int:
    """Return how many colons may stand between key and value, by the byte before them."""
    if len(body) < _LONG:
        return sum(map(body.count, _BEFORE_COLON))
    read = np.frombuffer(body, np.uint8)
    return int(np.count_nonzero(_ENDS_A_KEY[read[np.flatnonzero(read == ord(":")) - 1]]))


def is_doubtful(value: Json) -> bool:
    """Return whether a float in a value, at any depth, may have been an integer literal."""
    return any(
        type(item) is float and not -DOUBTFUL < item < DOUBTFUL
        for level in _levels(value)
        for item in level
    )


def _levels(value: Json) -> Iterator[list[Json]]:
    """Yield what stands at each depth of a value."""
    level = [value]
    while level:
        yield level
        kinds = set(map(type, level))
        inner: list[Json] = []
        if dict in kinds:
            inner += chain.from_iterable([x.values() for x in level if type(x) is dict])
        if list in kinds:
            inner += chain.from_iterable([x for x in level if type(x) is list])
        level = inner
