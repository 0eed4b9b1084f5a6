"""What is read off an encoded message that is not unfolded: how many parts it has, and a text.

A part takes two bytes of a message and a hundred in memory, so a server counts them first. Runs of
numbers, texts and bytes, whose messages hold no others, are passed over: they cost what they weigh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeAlias

    #: Number of a field -> whether each of them counts as a part, and the descriptor of its message
    #: if that holds messages itself.
    _Fields: TypeAlias = dict[int, tuple[bool, Any]]

__all__ = ["has_more_parts", "text_of"]

_BYTES, _NUMBER = 2, 0
#: The largest byte of a number that has no other bytes behind it.
_LAST = 127
_UNKNOWN = (False, None)
_FIXED = {1: 8, 5: 4}
#: No text is looked for behind so many fields: whatever writes messages puts them in order.
_MOST_FIELDS = 1000
#: By the full name of a message: the packages of the pools have different names.
_KNOWN: dict[str, _Fields] = {}


def has_more_parts(encoded: bytes, kind: Any, most: int) -> bool:
    """Return whether an encoded message has more elements of repeated fields than ``most``.

    Args:
        encoded: the message; what is none says the parser.
        kind: the message's class.
        most: how many elements of repeated fields of messages, texts and bytes it may have, those
            of the messages within it counted too.

    """
    parts = 0
    place, end, fields = 0, len(encoded), _fields_of(kind.DESCRIPTOR)
    left: list[tuple[int, int, _Fields]] = []
    while True:
        while place < end:
            tag = encoded[place]
            place += 1
            if tag > _LAST:
                tag, place = _varint(encoded, place - 1)
            wire = tag & 7
            if wire == _BYTES and place < end:
                size, place = _varint(encoded, place)
                counts, inner = fields.get(tag >> 3, _UNKNOWN)
                parts += counts
                if parts > most:
                    return True
                if inner is not None and size > 1:
                    left.append((place + size, end, fields))
                    end, fields = min(place + size, end), _fields_of(inner)
                else:
                    place += size
            elif wire == _NUMBER:
                _, place = _varint(encoded, place)
            else:
                place += _FIXED.get(wire, 0)
        if not left:
            return False
        place, end, fields = left.pop()


def text_of(encoded: bytes, kind: Any, name: str) -> str:
    """Return the text of a field of an encoded message; "" where it has none, or is no message.

    Args:
        encoded: the message, of which no more is read than a thousand fields.
        kind: the message's class.
        name: the field's, which is a text and not repeated.

    """
    wanted = kind.DESCRIPTOR.fields_by_name[name].number
    place, found = 0, b""
    for _ in range(_MOST_FIELDS):
        if place >= len(encoded):
            break
        tag, place = _varint(encoded, place)
        wire = tag & 7
        if wire == _BYTES:
            size, place = _varint(encoded, place)
            if tag >> 3 == wanted:
                found = encoded[place : place + size]  # the last of them counts
            place += size
        elif wire == _NUMBER:
            _, place = _varint(encoded, place)
        elif wire in _FIXED:
            place += _FIXED[wire]
        else:
            break
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _fields_of(descriptor: Any) -> _Fields:
    found = _KNOWN.get(descriptor.full_name)
    if found is None:
        found = {}
        for field in descriptor.fields:
            inner = field.message_type
            if inner is not None or field.type in (field.TYPE_STRING, field.TYPE_BYTES):
                holds = inner is not None and any(one.message_type for one in inner.fields)
                found[field.number] = (_is_repeated(field), inner if holds else None)
        _KNOWN[descriptor.full_name] = found
    return found


def _is_repeated(field: Any) -> bool:
    told = getattr(field, "is_repeated", None)  # which older versions do not have
    return bool(field.label == field.LABEL_REPEATED if told is None else told)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number and the place behind it; nonsense ends somewhere too."""
    byte = data[place] if place < len(data) else 0
    if byte <= _LAST:
        return byte, place + 1
    value = 0
    for at, byte in enumerate(data[place : place + 10]):
        value |= (byte & _LAST) << 7 * at
        if byte <= _LAST:
            return value, place + at + 1
    return 0, place + 10
