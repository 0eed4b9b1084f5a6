"""The opcodes that only hold data, run in one loop: nearly all of a large pickle are of these.

A function for each, as the others have (``opcodes.py``), would cost several times what
the opcode itself does: a vocabulary of a million words is three million of them.
"""

from __future__ import annotations

from struct import Struct, error, unpack_from
from typing import Protocol

from mlmodel.trust.pickles.findings import Malformed
from mlmodel.trust.pickles.values import LONGEST_TEXT, Items, Opaque, Value

__all__ = ["DATA_OPCODES", "decoded", "run_data"]

_double = Struct(">d").unpack_from
_MARK, _CONSTANTS = ord("("), {ord("N"): None, 0x88: True, 0x89: False}
_BYTE, _TWO_BYTES, _INT, _FLOAT = ord("K"), ord("M"), ord("J"), ord("G")
_SHORT_TEXT, _TEXT, _LIST = 0x8C, ord("X"), ord("]")
_MEMOIZE, _GET, _LONG_GET, _PUT, _LONG_PUT = 0x94, ord("h"), ord("j"), ord("q"), ord("r")

#: What :func:`run_data` runs.
DATA_OPCODES = frozenset(
    {
        *_CONSTANTS, _MARK, _LIST, _BYTE, _TWO_BYTES, _INT, _FLOAT, _SHORT_TEXT, _TEXT,
        _MEMOIZE, _GET, _LONG_GET, _PUT, _LONG_PUT,
    }
)  # fmt: skip


class Machine(Protocol):
    """What of the machine such opcodes need."""

    data: bytes
    pos: int
    count: int
    stack: list[Value]
    marks: list[int]
    memo: list[Value]
    gaps: int

    def got(self, number: int) -> Value: ...

    def put(self, number: int) -> None: ...


def run_data(machine: Machine, most: int) -> int | None:  # noqa: C901, PLR0912 - one loop, for its speed
    """Run and count opcodes that hold data, at most so many, the most frequent ones first.

    Returns the first other opcode, passed over and counted; None where there was none. What is
    read behind the end raises IndexError, or leaves ``machine.pos`` there, where the next one does.
    """
    data, stack, memo, pos = machine.data, machine.stack, machine.memo, machine.pos
    append, memoize, from_bytes = stack.append, memo.append, int.from_bytes
    floor = machine.marks[-1] if machine.marks else 0
    code: int | None = None
    for done in range(1, most + 1):  # noqa: B007 - how many there were
        code = data[pos]
        pos += 1
        if code == _MEMOIZE or code == _PUT or code == _LONG_PUT:  # noqa: PLR1714, SIM109 - faster
            if len(stack) <= floor:
                raise Malformed(f"it uses an empty stack, byte {pos - 1}")
            number = len(memo) - machine.gaps
            if code != _MEMOIZE:
                number, pos = (data[pos], pos + 1) if code == _PUT else (_four(data, pos), pos + 4)
            if number == len(memo):
                memoize(stack[-1])
            else:
                machine.put(number)
        elif code == _SHORT_TEXT or code == _TEXT:  # noqa: PLR1714, SIM109
            begin = pos + 1 if code == _SHORT_TEXT else pos + 4
            pos = begin + (data[pos] if code == _SHORT_TEXT else _four(data, pos))
            append(decoded(data, begin, pos))
        elif code == _BYTE:
            append(data[pos])
            pos += 1
        elif code == _TWO_BYTES:
            append(data[pos] | data[pos + 1] << 8)
            pos += 2
        elif code == _INT:
            append(from_bytes(data[pos : pos + 4], "little", signed=True))
            pos += 4
        elif code == _GET or code == _LONG_GET:  # noqa: PLR1714, SIM109
            number, pos = (data[pos], pos + 1) if code == _GET else (_four(data, pos), pos + 4)
            append(machine.got(number))
        elif code == _FLOAT:
            append(_float(data, pos))
            pos += 8
        elif code == _MARK:
            floor = len(stack)
            machine.marks.append(floor)
        elif code in _CONSTANTS:
            append(_CONSTANTS[code])
        elif code == _LIST:
            append(Items("list", []))
        else:
            break
        code = None
    machine.pos = pos
    machine.count += done
    return code


def _four(data: bytes, pos: int) -> int:
    if pos + 4 > len(data):
        raise IndexError
    number: int = unpack_from("<I", data, pos)[0]
    return number


def _float(data: bytes, pos: int) -> float:
    try:
        number: float = _double(data, pos)[0]
    except error:
        raise IndexError from None
    return number


def decoded(data: bytes, begin: int, end: int) -> Value:
    """Return the text of so many bytes; one that is long is not followed.

    Raises:
        IndexError: the bytes end early.
        Malformed: they are not UTF-8.

    """
    if end > len(data):
        raise IndexError
    if end - begin > LONGEST_TEXT:
        return Opaque("str", (begin, end))
    try:
        return data[begin:end].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise Malformed(f"the text at byte {begin} is not UTF-8") from None
