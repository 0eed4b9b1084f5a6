"""What an opcode of a pickle does to the symbolic machine: one small function for each.

The semantics are those of CPython's C unpickler; where a pickle could make use of a corner that
is not followed here, the function refuses it or calls the pickle malformed.
"""

from __future__ import annotations

from pickle import LONG_BINGET, LONG_BINPUT
from typing import TYPE_CHECKING

from mlmodel.trust.pickles.data_opcodes import decoded
from mlmodel.trust.pickles.findings import Malformed
from mlmodel.trust.pickles.line_opcodes import (
    float_line,
    global_line,
    int_line,
    long_line,
    memo_line,
    name_line,
    string_line,
    text_line,
)
from mlmodel.trust.pickles.values import (
    LONGEST_TEXT,
    Blob,
    Global,
    Items,
    Made,
    Mapping,
    Opaque,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.trust.pickles.machine import Machine


__all__ = ["OPCODES"]


def _push(value: Value) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        machine.stack.append(value)

    return run


def _long(width: int) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        size = machine.take_number(width, signed=width == 4)  # noqa: PLR2004 - LONG4's is signed
        begin = machine.skip(size)
        if size > 16:  # noqa: PLR2004 - no shape, index or count is that long
            machine.stack.append(Opaque("int", (begin, begin + size)))
        else:
            chunk = machine.data[begin : begin + size]
            machine.stack.append(int.from_bytes(chunk, "little", signed=True))

    return run


def _text(width: int) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        size = machine.take_number(width)
        begin = machine.skip(size)
        machine.stack.append(decoded(machine.data, begin, machine.pos))

    return run


def _old_string(width: int) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        size = machine.take_number(width, signed=width == 4)  # noqa: PLR2004 - BINSTRING's is
        begin = machine.skip(size)
        text = machine.data[begin : begin + min(size, LONGEST_TEXT)]
        plain = size <= LONGEST_TEXT and text.isascii()
        unsure = Opaque("unsure str", (begin, begin + size))
        machine.stack.append(text.decode("ascii") if plain else unsure)

    return run


def _blob(width: int) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        size = machine.take_number(width)
        begin = machine.skip(size)
        small = machine.data[begin : begin + size] if size <= 64 else None  # noqa: PLR2004 - names
        machine.stack.append(Blob(size, small, (begin, begin + size)))

    return run


def _tuple(size: int) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        machine.stack.append(tuple(machine.held_all(machine.pop_some(size))))

    return run


def _mark_tuple(machine: Machine) -> None:
    machine.stack.append(tuple(machine.held_all(machine.pop_mark())))


def _items(kind: str) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        made = Items(kind, machine.held_all(machine.pop_mark()))
        if kind == "frozenset":
            machine.put_keys(made, made.values)
        machine.stack.append(made)

    return run


def _empty_items(kind: str) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        machine.stack.append(Items(kind, []))

    return run


def _empty_dict(machine: Machine) -> None:
    machine.stack.append(Mapping())


def _mark_dict(machine: Machine) -> None:
    values = machine.pop_mark()
    mapping = Mapping()
    _put_all(machine, mapping, values)
    machine.stack.append(mapping)


def _put_all(machine: Machine, target: Value, values: list[Value]) -> None:
    if len(values) % 2:
        raise Malformed(f"a key has no value, byte {machine.pos - 1}")
    machine.held_all(values)
    if type(target) is Mapping:
        if target.frozen and values:
            machine.refuse("", "a state is changed after an object took it")
        if machine.put_keys(target, values[::2]):
            target.put_all(values)
    elif values:
        _fill(machine, target, "dict", values[::2])


def _fill(machine: Machine, target: Value, use: str, keys: list[Value]) -> None:
    """Check that items may be put into what is not a plain container."""
    if type(target) is not Made:
        machine.refuse("", "items are put into something that holds none")
        return
    entry = target.maker.entry
    if entry is not None and use not in entry.uses:
        machine.refuse(target.maker.full_name, "items are put into it by its own methods")
    elif keys and entry is not None:
        machine.put_keys(target, keys)


def _set_item(machine: Machine) -> None:
    value = machine.pop()
    key = machine.pop()
    _put_all(machine, machine.top(), [key, value])


def _set_items(machine: Machine) -> None:
    values = machine.pop_mark()
    _put_all(machine, machine.top(), values)


def _append_all(machine: Machine, values: list[Value], kind: str) -> None:
    target = machine.top()
    machine.held_all(values)
    if type(target) is Items and target.kind == kind:
        if kind == "set":
            machine.put_keys(target, values)
        target.values.extend(values)
    elif values:
        _fill(machine, target, kind, values if kind == "set" else [])


def _append(machine: Machine) -> None:
    _append_all(machine, [machine.pop()], "list")


def _appends(machine: Machine) -> None:
    _append_all(machine, machine.pop_mark(), "list")


def _add_items(machine: Machine) -> None:
    _append_all(machine, machine.pop_mark(), "set")


def _pop(machine: Machine) -> None:
    # A mark on top is what POP takes away, as the C unpickler does.
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


def _pop_mark(machine: Machine) -> None:
    machine.pop_mark()


def _dup(machine: Machine) -> None:
    machine.stack.append(machine.top())


def _get(machine: Machine, number: int) -> None:
    machine.stack.append(machine.got(number))


def _put(machine: Machine, number: int) -> None:
    machine.top()
    machine.put(number)


def _stack_global(machine: Machine) -> None:
    name = machine.pop()
    module = machine.pop()
    machine.look_up(module, name)


def _reduce(machine: Machine) -> None:
    args = machine.pop()
    callee = machine.pop()
    machine.stack.append(machine.call(callee, args))


def _new(machine: Machine) -> None:
    args = machine.pop()
    cls = machine.pop()
    machine.stack.append(machine.make(cls, args))


def _new_ex(machine: Machine) -> None:
    kwargs = machine.pop()
    args = machine.pop()
    cls = machine.pop()
    if type(kwargs) is not Mapping or kwargs.known or not kwargs.exact:
        machine.refuse(
            cls.full_name if type(cls) is Global else "", "it is made with arguments by name"
        )
    machine.stack.append(machine.make(cls, args))


def _instance(machine: Machine, cls: Value, args: list[Value]) -> None:
    machine.held_all(args)
    # Without arguments the C unpickler makes the object by __new__, with them by a call.
    new = not args and type(cls) is Global and cls.entry is not None and "new" in cls.entry.uses
    machine.stack.append((machine.make if new else machine.call)(cls, tuple(args)))


def _obj(machine: Machine) -> None:
    values = machine.pop_mark()
    if not values:
        raise Malformed(f"OBJ has no class, byte {machine.pos - 1}")
    _instance(machine, values[0], values[1:])


def _inst(machine: Machine) -> None:
    module, name = name_line(machine), name_line(machine)
    cls = machine.named(module, name)
    # No opcode without lines does the same, and no Python 3 writes it.
    machine.refuse(cls.full_name, "it is made by an opcode of Python 2's old classes (INST)")
    _instance(machine, cls, machine.pop_mark())


def _build(machine: Machine) -> None:
    machine.build()


def _proto(machine: Machine) -> None:
    version = machine.take(1)[0]
    if version > 5:  # noqa: PLR2004 - the highest there is
        raise Malformed(f"protocol {version} is not known")


def _frame(machine: Machine) -> None:
    begin = machine.pos - 1
    machine.enter_frame(machine.take_number(8))
    machine.write(begin, b"")


def _refused(what: str, pops: int = 0) -> Callable[[Machine], None]:
    def run(machine: Machine) -> None:
        for _ in range(pops):
            machine.pop()
        machine.refuse("", what)
        machine.stack.append(Opaque("unsure"))

    return run


def _extension(width: int) -> Callable[[Machine], None]:
    refused = _refused("it uses the registry of extension codes (EXT)")

    def run(machine: Machine) -> None:
        machine.take(width)
        refused(machine)

    return run


def _persistent_line(machine: Machine) -> None:
    machine.line()
    _refused("it refers to objects outside itself (persistent id)")(machine)


#: Opcode -> what it does, of those that do more than hold data (``data_opcodes.py``).
OPCODES: dict[int, Callable[[Machine], None]] = {
    ord(code): run
    for code, run in {
        "0": _pop,
        "1": _pop_mark,
        "2": _dup,
        "F": float_line,
        "I": int_line,
        "L": long_line,
        "P": _persistent_line,
        "Q": _refused("it refers to objects outside itself (persistent id)", pops=1),
        "R": _reduce,
        "S": string_line,
        "T": _old_string(4),
        "U": _old_string(1),
        "V": text_line,
        "a": _append,
        "b": _build,
        "c": global_line,
        "d": _mark_dict,
        "}": _empty_dict,
        "e": _appends,
        "g": memo_line(LONG_BINGET, _get),
        "i": _inst,
        "l": _items("list"),
        "o": _obj,
        "p": memo_line(LONG_BINPUT, _put),
        "s": _set_item,
        "t": _mark_tuple,
        ")": _push(()),
        "u": _set_items,
        "B": _blob(4),
        "C": _blob(1),
        "\x80": _proto,
        "\x81": _new,
        "\x82": _extension(1),
        "\x83": _extension(2),
        "\x84": _extension(4),
        "\x85": _tuple(1),
        "\x86": _tuple(2),
        "\x87": _tuple(3),
        "\x8a": _long(1),
        "\x8b": _long(4),
        "\x8d": _text(8),
        "\x8e": _blob(8),
        "\x8f": _empty_items("set"),
        "\x90": _add_items,
        "\x91": _items("frozenset"),
        "\x92": _new_ex,
        "\x93": _stack_global,
        "\x95": _frame,
        "\x96": _blob(8),
        "\x97": _refused("it needs buffers from outside (protocol 5)"),
        "\x98": _refused("it needs buffers from outside (protocol 5)", pops=1),
    }.items()
}
