"""JSON bodies: the fast parse, the doubts about it, and the exact parse that settles them.

orjson is fast and forgives two things that must not be forgiven: of a key that stands twice it
keeps the last value (ENF-058), and an integer of 2^64 or more becomes a float (ENF-045). Both
are noticed from outside: the pairs of the parsed form are counted against the colons of the
body, and a float of such a size raises :class:`~mlmodel.signature.cells.reader.InexactParse`.

orjson refuses the tokens NaN, Infinity and -Infinity, which Python's json writes and reads. A
body that has them takes a second way (ENF-065): with texts in their place it must be JSON to
orjson, so that all else is judged as ever, and then it is read by the standard library.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import orjson

from mlmodel._base.collections import repeated
from mlmodel.errors import InputViolation, MalformedRequest, shown
from mlmodel.signature.cells.reader import DOUBTFUL, InexactParse

__all__ = ["check_pairs", "count_pairs", "kind_of", "loads", "loads_exactly"]

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
#: What stands before a colon between key and value: the key's quote, or white space.
_BEFORE_COLON = (b'":', b" :", b"\t:", b"\n:", b"\r:")
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


def loads(body: bytes) -> Any:
    """Parse a body.

    Raises:
        MalformedRequest: it is not JSON (RST-004); the message says where.

    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" in body or b"Infinity" in body:
            return _loads_with_tokens(body)
        raise _malformed(body, error) from None


def _loads_with_tokens(body: bytes) -> Any:
    """Parse a body with tokens for NaN and infinities, which become floats."""
    try:
        orjson.loads(_without_tokens(body))
    except orjson.JSONDecodeError as error:
        raise _malformed(body, error) from None
    try:
        return json.loads(body)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:  # a token in the place of a key
        raise _malformed(body, error) from None


def _without_tokens(body: bytes) -> bytearray:
    """Return the body with an empty text for every token, at its place and as long."""
    changed = bytearray(body)
    end = 0
    while matched := _TO_TOKEN.match(body, end):
        start, end = matched.span(1)
        changed[start:end] = b'""'.ljust(end - start)
    return changed


def _malformed(body: bytes, error: json.JSONDecodeError) -> MalformedRequest:
    if not body.strip():
        return MalformedRequest("The body is empty; JSON is expected (RST-004).")
    place = f"line {error.lineno}, column {error.colno}"
    return MalformedRequest(f"The body is not JSON: {error.msg}, at {place} (RST-004).")


def _too_deep() -> MalformedRequest:
    return MalformedRequest("The body is nested too deeply (RST-004).")


def loads_exactly(body: bytes) -> tuple[Any, dict[float, set[str]]]:
    """Parse a body that :func:`loads` has accepted, with every integer exact.

    Returns the value, and the decimal literals met, by the double that they round to.

    Raises:
        MalformedRequest: a key stands twice in one object (ENF-058).

    """
    literals: dict[float, set[str]] = {}

    def decimal(text: str) -> float:
        value = float(text)
        literals.setdefault(value, set()).add(text)
        return value

    try:
        value = json.loads(body, parse_float=decimal, object_pairs_hook=_object)
    except RecursionError:
        raise _too_deep() from None
    return value, literals


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = repeated(name for name, _ in pairs)[0]
        message = f"The key {shown(twice)} stands twice in one JSON object."
        raise MalformedRequest(
            f"{message} Which of its values is meant cannot be known (ENF-058).",
            [InputViolation("ENF-058", message, got=shown(twice))],
        )
    return made


def kind_of(value: Any) -> str:
    """Return what a parsed value is, with nothing of what it holds (ERR-007)."""
    return _KINDS.get(type(value), "a number")


_KINDS: dict[type, str] = {
    dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null",
}  # fmt: skip


def check_pairs(body: bytes, pairs: int) -> None:
    """Refuse a body in which a key stands twice, given the pairs of its parsed form.

    The parsed form has fewer pairs than the body has colons outside of texts exactly if a key
    was repeated. The colons are bounded from above first, which costs nothing in most cases.

    Raises:
        MalformedRequest: a key stands twice in one object (ENF-058).

    """
    if _colons(body) == pairs or sum(map(body.count, _BEFORE_COLON)) == pairs:
        return
    if _STRING.sub(b"", body).count(b":") != pairs:
        loads_exactly(body)
        raise AssertionError("pairs were miscounted")


def _colons(body: bytes) -> int:
    if len(body) < _LONG:
        return body.count(b":")
    # Where there are many, numpy counts them five times as fast.
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(":")))


def count_pairs(value: Any, *, exact: bool = True) -> int:
    """Return how many key/value pairs a parsed value holds, at any depth.

    Raises:
        InexactParse: a float may have been an integer literal, unless ``exact``.

    """
    pairs = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is dict:
            pairs += len(item)
            waiting.extend(item.values())
        elif type(item) is list:
            waiting.extend(item)
        elif type(item) is float and not exact and not -DOUBTFUL < item < DOUBTFUL:
            raise InexactParse
    return pairs
