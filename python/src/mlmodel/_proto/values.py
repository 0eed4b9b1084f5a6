"""Values of any type as the message ``mlmodel.v1.Value``, both ways, without loss (PRO-010 ff).

Needs no numpy; who has arrays and numpy's scalars in the values brings functions for them.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from mlmodel._proto import BadMessage
from mlmodel.errors import InvalidArgument, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MOST_LEVELS", "fill", "fill_rest", "read", "read_rest", "set_text", "too_deep"]

#: How deep values and types may lie in each other, for messages may nest 100 levels.
MOST_LEVELS = 80

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_DECIMAL = re.compile(r"-?[1-9][0-9]{0,3999}")
_NULL, _LIST, _MAPPING, _SET = 1, 2, 3, 4
#: Types that a field of the message holds as they are.
_FIELDS: dict[type, str] = {bool: "boolean", float: "number", str: "text", bytes: "binary"}


def fill(
    target: Any, value: Any, other: Callable[[Any, Any], bool] | None = None, level: int = 0
) -> None:
    """Write a value into a message ``Value``.

    Args:
        target: the message.
        value: null, boolean, number, text, bytes, date, time, list, mapping or set of such.
        other: called with the message and a value of any other type; says whether it wrote it.
        level: how deep this one lies.

    Raises:
        InvalidArgument: there is no form for it.

    """
    kind = type(value)
    field = _FIELDS.get(kind)
    if field is not None:
        set_text(target, field, value)
    elif value is None:
        target.form = _NULL
    elif kind is int:
        _fill_integer(target, value)
    elif kind in _CONTAINERS:
        if level >= MOST_LEVELS:
            raise too_deep()
        _fill_container(target, value, other, level + 1)
    elif kind is dt.datetime:
        target.timestamp = value.isoformat()
    elif kind is dt.date:
        target.date = value.isoformat()
    elif other is None or not other(target, value):
        raise InvalidArgument(
            f"A {kind.__name__} ({shown(value)}) has no form in the protocol buffers (PRO-010)"
        )


def too_deep() -> InvalidArgument:
    """Return the error for what nests too deep."""
    return InvalidArgument(f"Values and types nest at most {MOST_LEVELS} levels deep (PRO-003)")


def set_text(target: Any, field: str, value: Any) -> None:
    """Set a field; a text must be one in Unicode.

    Raises:
        InvalidArgument: it holds half of a surrogate pair.

    """
    try:
        setattr(target, field, value)
    except ValueError:  # UnicodeEncodeError, or the runtime's own
        raise InvalidArgument(f"{shown(value)} is not text in Unicode (PRO-010)") from None


def _fill_integer(target: Any, value: int) -> None:
    if _LOWEST <= value <= _HIGHEST:
        target.integer = value
        return
    try:
        text = str(value)
    except ValueError:
        text = ""
    if not _DECIMAL.fullmatch(text):
        raise InvalidArgument("An integer has at most 4,000 digits (PRO-010)")
    target.integer_text = text


_CONTAINERS: dict[type, int] = {
    list: _LIST,
    tuple: _LIST,
    dict: _MAPPING,
    set: _SET,
    frozenset: _SET,
}


def _fill_container(target: Any, value: Any, other: Any, level: int) -> None:
    form = _CONTAINERS[type(value)]
    target.form = form
    items = value
    if form == _MAPPING:
        for key in value:
            fill(target.keys.add(), key, other, level)
        items = value.values()
    elif form == _SET:
        items = sorted(value, key=repr)  # equal sets, equal bytes
    for item in items:
        fill(target.items.add(), item, other, level)


def read(value: Any, array: Callable[[Any], Any] | None = None, level: int = 0) -> Any:
    """Return the value of a message ``Value``.

    ``array`` reads a message ``Array``; without it, an array is refused.

    Raises:
        BadMessage: the message breaks a rule.

    """
    kind = value.WhichOneof("kind")
    if kind == "form":
        return _read_form(value, array, level)
    if value.keys or value.items:
        raise BadMessage(f"A value of the kind {kind} holds items (PRO-011).")
    if kind in _PLAIN:
        return getattr(value, kind)
    if kind == "array" and array is not None:
        return array(value.array)
    reader = _READERS.get(kind)
    if reader is None:
        what = "an array where none is allowed" if kind == "array" else "of no kind known here"
        raise BadMessage(f"A value is {what} (PRO-011).")
    return _parsed(getattr(value, kind), *reader)


_PLAIN = frozenset({"boolean", "integer", "number", "text", "binary"})


def _integer(text: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(text)
    return int(text)


_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "integer_text": (_integer, "a whole number in decimal"),
    "date": (dt.date.fromisoformat, "a date"),
    "timestamp": (dt.datetime.fromisoformat, "a date with a time"),
}


def _parsed(text: str, parse: Callable[[str], Any], expected: str) -> Any:
    try:
        return parse(text)
    except (ValueError, OverflowError):
        raise BadMessage(f"{shown(text)} is not {expected} (PRO-011).") from None


def _read_form(value: Any, array: Any, level: int) -> Any:
    form = value.form
    if level >= MOST_LEVELS and form != _NULL:
        raise BadMessage(str(too_deep()))
    if bool(value.keys) != (form == _MAPPING and bool(value.items)):
        raise BadMessage("A value that is not a mapping has keys, or a mapping has none (PRO-011).")
    items = [read(item, array, level + 1) for item in value.items]
    if form == _LIST:
        return items
    if form == _MAPPING:
        return _read_mapping([read(key, array, level + 1) for key in value.keys], items)
    if form == _SET:
        return _hashed(items, set)
    if form != _NULL or items:
        raise BadMessage("A value is null but holds items, or its form is not known (PRO-011).")
    return None


def _read_mapping(keys: list[Any], items: list[Any]) -> dict[Any, Any]:
    if len(keys) != len(items):
        raise BadMessage(f"A mapping has {len(keys)} keys for {len(items)} items (PRO-011).")
    made: dict[Any, Any] = _hashed(zip(keys, items, strict=True), dict)
    if len(made) != len(keys):
        raise BadMessage("A key appears twice in a mapping (PRO-011).")
    return made


def _hashed(items: Any, kind: type) -> Any:
    try:
        return kind(items)
    except TypeError:
        raise BadMessage("A list or mapping is a key, or in a set (PRO-011).") from None


# -- what has no field of its own -------------------------------------------------------------


def fill_rest(message_: Any, field: str, rest: Mapping[Any, Any]) -> None:
    """Write keys that have no field into the mapping that is kept for them."""
    if rest:
        fill(getattr(message_, field), dict(rest))


def read_rest(message_: Any, field: str, taken: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the keys that have no field.

    Raises:
        BadMessage: they are not a mapping, or one of them has a field (``taken``).

    """
    if not message_.HasField(field):
        return {}
    rest = read(getattr(message_, field))
    if not isinstance(rest, dict) or not taken.keys().isdisjoint(rest):
        raise BadMessage(
            f"`{field}` is not a mapping, or holds a key that is also given elsewhere (PRO-011)."
        )
    return rest
