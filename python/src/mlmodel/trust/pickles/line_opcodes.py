"""The opcodes whose argument ends with a line: what they do, and what is loaded in their place.

Two unpicklers may read a line differently where it crosses the end of a frame, so none of these
opcodes reaches the one that builds objects: each is written anew, with a length (TRU-049).
"""

from __future__ import annotations

import re
from codecs import escape_decode
from math import isinf
from pickle import (
    BINFLOAT,
    BINUNICODE8,
    LONG4,
    NEWFALSE,
    NEWTRUE,
    STACK_GLOBAL,
)
from struct import pack
from typing import TYPE_CHECKING

from mlmodel.trust.pickles.findings import Malformed
from mlmodel.trust.pickles.values import LONGEST_TEXT, Opaque

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.trust.pickles.machine import Machine

__all__ = [
    "float_line",
    "global_line",
    "int_line",
    "long_line",
    "memo_line",
    "name_line",
    "string_line",
    "text_line",
]

#: As Python writes it: C takes ``-0`` of INT for a boolean. It reads no more digits than these.
_INTEGER = re.compile(rb"(0|-?[1-9][0-9]{0,4299})\Z")
_SHORT_NUMBER = 19
_FLOAT = re.compile(rb"[-+0-9.eEinfa]+\Z")
#: In decimal there is no infinity: C refuses what is too large to be a float.
_INFINITY = re.compile(rb"[-+]?inf\Z")
_INDEX = re.compile(rb"[0-9]{1,9}\Z")
#: What Python 2's repr writes between the quotes.
_ESCAPED = re.compile(rb"(?:[^\\]|\\(?:[\\'\"abfnrtv]|x[0-9a-fA-F]{2}|[0-3][0-7]{2}))*\Z")


def int_line(machine: Machine) -> None:
    """INT: a whole number, or a boolean as protocol 0 writes it."""
    begin, text = machine.pos - 1, machine.line()
    if text in {b"00", b"01"}:
        machine.stack.append(text == b"01")
        machine.write(begin, NEWTRUE if text == b"01" else NEWFALSE)
    else:
        _whole_number(machine, begin, text)


def long_line(machine: Machine) -> None:
    """LONG: a whole number with an L at its end."""
    begin = machine.pos - 1
    _whole_number(machine, begin, machine.line().removesuffix(b"L"))


def _whole_number(machine: Machine, begin: int, text: bytes) -> None:
    try:
        value = int(text) if _INTEGER.match(text) else None
    except ValueError:  # this process reads fewer digits
        value = None
    if value is None:
        raise Malformed(f"a number is not written as one, byte {begin}")
    machine.stack.append(value if len(text) <= _SHORT_NUMBER else _opaque("int", value))
    size = value.bit_length() // 8 + 1
    written = value.to_bytes(size, "little", signed=True)
    machine.write(begin, LONG4 + size.to_bytes(4, "little") + written)


def float_line(machine: Machine) -> None:
    """FLOAT: a number in decimal."""
    begin, text = machine.pos - 1, machine.line()
    try:
        value = float(text) if _FLOAT.match(text) else None
    except ValueError:
        value = None
    if value is None or (isinf(value) and not _INFINITY.match(text)):
        raise Malformed(f"a number is not written as one, byte {begin}")
    machine.stack.append(value)
    machine.write(begin, BINFLOAT + pack(">d", value))


def text_line(machine: Machine) -> None:
    """UNICODE: a text with Python's escapes of raw strings."""
    begin, text = machine.pos - 1, machine.line()
    try:
        value = text.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        raise Malformed(f"a text has a wrong escape, byte {begin}") from None
    machine.stack.append(value if len(text) <= LONGEST_TEXT else _opaque("str", value))
    machine.write(begin, _written(value))


def string_line(machine: Machine) -> None:
    """Read STRING: a text of Python 2 in quotes, which the unpickler takes in ASCII alone."""
    begin, text = machine.pos - 1, machine.line()
    quoted = len(text) > 1 and text[0] == text[-1] and text[:1] in {b"'", b'"'}
    if not quoted or not _ESCAPED.match(text[1:-1]):
        raise Malformed(f"a text is not written as one, byte {begin}")
    try:
        value = escape_decode(text[1:-1])[0].decode("ascii")
    except UnicodeDecodeError:
        raise Malformed(f"a text of Python 2 is not ASCII, byte {begin}") from None
    machine.stack.append(value if len(text) <= LONGEST_TEXT else _opaque("str", value))
    machine.write(begin, _written(value))


def _opaque(kind: str, value: int | str) -> Opaque:
    """Return a constant that is not followed; its bytes are not those that will be loaded."""
    size = value.bit_length() // 8 if type(value) is int else 0
    return Opaque(kind, (0, size), hash(value))


def _written(text: str) -> bytes:
    """Return the opcode that gives a text, by its length."""
    data = text.encode("utf-8", "surrogatepass")
    return BINUNICODE8 + len(data).to_bytes(8, "little") + data


def memo_line(opcode: bytes, act: Callable[[Machine, int], None]) -> Callable[[Machine], None]:
    """Return what does the same as ``opcode``, whose number is binary."""

    def run(machine: Machine) -> None:
        begin, text = machine.pos - 1, machine.line()
        if not _INDEX.match(text):
            raise Malformed(f"a number of the memo is not a number, byte {begin}")
        act(machine, int(text))
        machine.write(begin, opcode + int(text).to_bytes(4, "little"))

    return run


def global_line(machine: Machine) -> None:
    """GLOBAL: a name, module and qualified name on a line each."""
    begin = machine.pos - 1
    module, name = name_line(machine), name_line(machine)
    machine.look_up(module, name)
    machine.write(begin, _written(module) + _written(name) + STACK_GLOBAL)


def name_line(machine: Machine) -> str:
    """Return a line that is (a part of) a name."""
    text = machine.line()
    try:
        if len(text) <= LONGEST_TEXT:
            return text.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise Malformed(f"a name is not text, byte {machine.pos - 1}")
