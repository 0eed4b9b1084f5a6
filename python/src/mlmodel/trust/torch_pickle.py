"""Pickles of torch that hold tensors and plain values alone, read without unpickling (TRU-020).

A state dict is such a pickle: dicts, lists, tuples, numbers, texts, and tensors that are parts of
storages beside it. The machine here knows the opcodes that torch's pickler writes for these and no
other, builds them itself, and calls nothing that the file names. Every tensor is held against the
size of its storage, so that nothing that is built leads out of it.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from math import prod
from struct import unpack_from
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles.findings import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlmodel.trust.pickles.budget import Budget

__all__ = ["BY_DTYPE", "Leaf", "NotPlain", "Storage", "Tensor", "read"]

#: The elements of storages that are told by their class: class -> dtype.
_STORAGES = {
    "FloatStorage": "float32", "DoubleStorage": "float64", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
}  # fmt: skip
#: Dtype -> the bytes of an element.
BY_DTYPE = {
    "float32": 4, "float64": 8, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2,
    "int8": 1, "uint8": 1, "bool": 1, "complex64": 8, "complex128": 16, "uint16": 2, "uint32": 4,
    "uint64": 8, "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1,
}  # fmt: skip
_BYTES = "uint8"
_MOST_AXES = 64
#: Whole numbers below have hashes of their own; larger ones are no keys of a state dict.
_LARGEST_KEY = 2**60
_PERSISTENT = 5


class NotPlain(Exception):
    """The pickle holds something else than tensors and plain values; the message says what."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers that stand beside the pickle under ``key``: ``count`` elements of ``dtype``."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A part of a storage: element ``offset``, and steps of ``stride`` from there."""

    storage: Storage
    dtype: str
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    requires_grad: bool
    is_parameter: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of a class of torch's own: ``kind`` is dtype, device or Size."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class _Name:
    """A name that the pickle looks up, which stands for itself until it is called."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class _Mark:
    """Where a tuple, list or dict begins on the stack."""


def read(
    data: bytes, budget: Budget, make: Callable[[Tensor | Leaf], Any] = lambda leaf: leaf
) -> Any:
    """Return what a pickle holds; ``make`` makes of tensors and leaves what stands for them.

    Raises:
        NotPlain: it holds something else than tensors and plain values.
        Malformed: it is not one whole pickle, or a tensor leads out of its storage.
        Spent: it costs more than its size warrants.

    """
    return _Machine(data, budget, make).run()


class _Machine:
    def __init__(self, data: bytes, budget: Budget, make: Callable[[Tensor | Leaf], Any]) -> None:
        self._data, self._budget, self._make = data, budget, make
        self._at = 0
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        #: The tensors that were made, by what was made of them, for parameters.
        self._tensors: dict[int, tuple[Any, Tensor]] = {}

    def run(self) -> Any:
        self._budget.read += len(self._data)
        try:
            while True:
                code = self.take(1)[0]
                if code == pickle.STOP[0]:
                    break
                self._budget.run(1, 0)
                step = _STEPS.get(code)
                if step is None:
                    raise NotPlain(f"the opcode {code:#04x}, with which torch writes no tensors")
                step(self)
            value = self._stack.pop()
        except (IndexError, KeyError, UnicodeDecodeError, TypeError):
            raise Malformed("its pickle is damaged") from None
        if self._stack or self._at != len(self._data):
            raise Malformed("more follows its pickle, or stands before it")
        return self._usable(value)

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        if len(part) != count:
            raise Malformed("its pickle is cut off")
        self._at += count
        return part

    def _line(self) -> str:
        end = self._data.find(b"\n", self._at)
        if end < 0:
            raise Malformed("its pickle is cut off")
        text = self._data[self._at : end]
        self._at = end + 1
        return text.decode("ascii")

    def number(self, form: str, size: int) -> int:
        found: int = unpack_from(form, self.take(size))[0]
        return found

    def skip(self, count: int) -> None:
        self.take(count)

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        value = self._stack.pop()
        if isinstance(value, _Mark):
            raise Malformed("its pickle is damaged")
        return value

    def items(self) -> list[Any]:
        """Take what stands behind the last mark."""
        place = len(self._stack) - 1
        while not isinstance(self._stack[place], _Mark):
            place -= 1
            if place < 0:
                raise Malformed("its pickle is damaged")
        found = self._stack[place + 1 :]
        del self._stack[place:]
        return found

    def remember(self, place: int) -> None:
        top = self._stack[-1]
        if isinstance(top, _Mark):
            raise Malformed("its pickle is damaged")
        self._memo[place] = top

    def recall(self, place: int) -> None:
        self.push(self._memo[place])

    def look_up(self) -> None:
        module, name = self._line(), self._line()
        module = {"__builtin__": "builtins"}.get(module, module)
        if module == "torch" and name in BY_DTYPE:
            self.push(self._make(Leaf("dtype", name)))
            return
        found = _Name(module, name)
        if str(found) not in _CALLS and not _is_storage(found):
            raise NotPlain(str(found))
        self.push(found)

    def _usable(self, value: Any) -> Any:
        """Return a value that may be held; a name may not."""
        if isinstance(value, _Name):
            raise NotPlain(f"{value}, which is held and not called")
        return value

    def tuple_of(self, count: int | None) -> None:
        found = self.items() if count is None else [self.pop() for _ in range(count)][::-1]
        self.push(tuple(found))

    def append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise Malformed("its pickle is damaged")
        target.extend(map(self._usable, values))

    def set_items(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) not in (dict, OrderedDict) or len(values) % 2:
            raise Malformed("its pickle is damaged")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[_key(key)] = self._usable(value)

    def build(self) -> None:
        """Give the dict of a module's state what torch notes beside it: ``_metadata``."""
        state, target = self.pop(), self._stack[-1]
        if (
            type(target) is not OrderedDict
            or type(state) is not dict
            or set(state) != {"_metadata"}
        ):
            raise NotPlain("an object that is given a state")
        target._metadata = state["_metadata"]  # type: ignore[attr-defined]  # noqa: SLF001 - torch's

    def persistent(self) -> None:
        given = self.pop()
        if type(given) is not tuple or len(given) != _PERSISTENT or given[0] != "storage":
            raise NotPlain("an object that stands outside of it")
        _, kind, key, place, count = given
        if not isinstance(kind, _Name) or not _is_storage(kind) or type(key) is not str:
            raise NotPlain("a storage of another kind")
        if type(place) is not str or type(count) is not int or count < 0:
            raise Malformed("a storage in its pickle is damaged")
        self.push(Storage(key, _STORAGES.get(kind.name, _BYTES), count))

    def call(self) -> None:
        given, function = self.pop(), self.pop()
        if not isinstance(function, _Name) or type(given) is not tuple:
            raise NotPlain("a call of something that is no name")
        called = _CALLS.get(str(function))
        if called is None:
            raise NotPlain(f"a call of {function}")
        self.push(called(self, given))

    # What may be called: each is built here, nothing is imported.

    def ordered(self, given: tuple[Any, ...]) -> Any:
        if given:
            raise NotPlain("an OrderedDict with arguments")
        return OrderedDict()

    def leaf(self, kind: str, given: tuple[Any, ...]) -> Any:
        wanted: type | tuple[type, ...] = tuple if kind == "Size" else (str, int)
        right = bool(given) and isinstance(given[0], wanted) and len(given) <= _OF_DEVICE[kind]
        if not right or not all(type(one) in (str, int, tuple) for one in given):
            raise NotPlain(f"a {kind} that is not understood")
        return self._make(Leaf(kind, given))

    def set_of(self, given: tuple[Any, ...]) -> Any:
        if len(given) != 1 or type(given[0]) is not list:
            raise NotPlain("a set that is not understood")
        return {_key(one) for one in given[0]}

    def complex_of(self, given: tuple[Any, ...]) -> complex:
        if len(given) != len("ri") or not all(type(one) is float for one in given):
            raise NotPlain("a complex number that is not understood")
        return complex(*given)

    def bytes_of(self, given: tuple[Any, ...]) -> bytes:
        if (
            len(given) != len(("text", "latin1"))
            or given[1] != "latin1"
            or type(given[0]) is not str
        ):
            raise NotPlain("bytes that are not understood")
        return given[0].encode("latin1")

    def tensor(self, given: tuple[Any, ...], *, typed: bool) -> Any:
        """Return a tensor by ``_rebuild_tensor_v2``, or v3, which says its dtype too."""
        least = 6 if typed else 7
        if not least <= len(given) <= least + 1 or (len(given) > least and given[least]):
            raise NotPlain("a tensor with more than numbers")
        storage, offset, size, stride, needs, hooks = given[:6]
        if not isinstance(storage, Storage) or type(hooks) is not OrderedDict or hooks:
            raise NotPlain("a tensor with functions")
        dtype = storage.dtype if typed else self._dtype_of(given[6])
        size = size.value[0] if isinstance(size, Leaf) else size
        found = Tensor(storage, dtype, offset, size, stride, needs)
        self._hold(found)
        made = self._make(found)
        self._tensors[id(made)] = made, found
        return made

    def _dtype_of(self, given: Any) -> str:
        name = given.value if isinstance(given, Leaf) else str(given).removeprefix("torch.")
        if name not in BY_DTYPE or name == "bool":  # whose storage says so itself
            raise NotPlain(f"a tensor of the dtype {name}")
        return str(name)

    def _hold(self, one: Tensor) -> None:
        """Hold a tensor against its storage: what it reaches last lies within."""
        numbers = (one.offset, *_of_ints(one.size), *_of_ints(one.stride))
        right = len(one.size) == len(one.stride) <= _MOST_AXES
        if not right or type(one.requires_grad) is not bool or min(numbers) < 0:
            raise Malformed("a tensor in it has a shape that cannot be")
        if any(type(number) is not int for number in numbers):
            raise Malformed("a tensor in it has a shape that cannot be")
        width = BY_DTYPE[one.dtype]
        room = one.storage.count * BY_DTYPE[one.storage.dtype]
        last = one.offset + sum((n - 1) * s for n, s in zip(one.size, one.stride, strict=True))
        count = prod(one.size)
        if (count and (last + 1) * width > room) or one.offset * width > room:
            raise Malformed("a tensor in it leads out of its storage")
        if count * width > room:  # elements that several places share
            self._budget.set_aside(count * width)

    def parameter(self, given: tuple[Any, ...]) -> Any:
        _, known = self._tensors.get(id(given[0]), (None, None))
        right = len(given) == len(("data", "requires_grad", "hooks")) and known is not None
        if not right or type(given[1]) is not bool or type(given[2]) is not OrderedDict or given[2]:
            raise NotPlain("a parameter with functions")
        assert known is not None  # noqa: S101 - for the type checker
        return self._make(
            Tensor(
                known.storage, known.dtype, known.offset, known.size, known.stride, given[1],
                is_parameter=True,
            )
        )  # fmt: skip


def _of_ints(given: Any) -> tuple[int, ...]:
    if type(given) is not tuple:
        raise Malformed("a tensor in it has a shape that cannot be")
    return given


def _is_storage(name: _Name) -> bool:
    return (name.module == "torch" and name.name in _STORAGES) or (
        str(name) == "torch.storage.UntypedStorage"
    )


def _key(key: Any) -> Any:
    """Return a key whose hash is its own: a text, or a number that is not large (TRU-086)."""
    if type(key) is str or key is None or type(key) is bool:
        return key
    if type(key) is int and abs(key) < _LARGEST_KEY:
        return key
    raise NotPlain("a key that is no text and no small number")


def _long(machine: _Machine) -> None:
    size = machine.number("<B", 1)
    machine.push(int.from_bytes(machine.take(size), "little", signed=True))


def _text(machine: _Machine) -> None:
    size = machine.number("<I", 4)
    machine.push(machine.take(size).decode("utf-8", "surrogatepass"))


def _pushing(make: Callable[[], Any]) -> Callable[[_Machine], None]:
    return lambda machine: machine.push(make())


_OF_DEVICE = {"device": 2, "Size": 1}
_CALLS: Mapping[str, Callable[[_Machine, tuple[Any, ...]], Any]] = {
    "collections.OrderedDict": _Machine.ordered,
    "torch._utils._rebuild_tensor_v2": lambda m, given: m.tensor(given, typed=True),
    "torch._utils._rebuild_tensor_v3": lambda m, given: m.tensor(given, typed=False),
    "torch._utils._rebuild_parameter": _Machine.parameter,
    "torch.device": lambda m, given: m.leaf("device", given),
    "torch.Size": lambda m, given: m.leaf("Size", given),
    "builtins.set": _Machine.set_of,
    "builtins.complex": _Machine.complex_of,
    "_codecs.encode": _Machine.bytes_of,
}
_STEPS: Mapping[int, Callable[[_Machine], None]] = {
    code[0]: step
    for code, step in {
        pickle.PROTO: lambda m: m.skip(1),
        pickle.GLOBAL: _Machine.look_up,
        pickle.BINPUT: lambda m: m.remember(m.number("<B", 1)),
        pickle.LONG_BINPUT: lambda m: m.remember(m.number("<I", 4)),
        pickle.BINGET: lambda m: m.recall(m.number("<B", 1)),
        pickle.LONG_BINGET: lambda m: m.recall(m.number("<I", 4)),
        pickle.MARK: _pushing(_Mark),
        pickle.BINPERSID: _Machine.persistent,
        pickle.EMPTY_DICT: _pushing(dict),
        pickle.EMPTY_LIST: _pushing(list),
        pickle.EMPTY_TUPLE: _pushing(tuple),
        pickle.TUPLE: lambda m: m.tuple_of(None),
        pickle.TUPLE1: lambda m: m.tuple_of(1),
        pickle.TUPLE2: lambda m: m.tuple_of(2),
        pickle.TUPLE3: lambda m: m.tuple_of(3),
        pickle.BINUNICODE: _text,
        pickle.BININT: lambda m: m.push(m.number("<i", 4)),
        pickle.BININT1: lambda m: m.push(m.number("<B", 1)),
        pickle.BININT2: lambda m: m.push(m.number("<H", 2)),
        pickle.BINFLOAT: lambda m: m.push(unpack_from(">d", m.take(8))[0]),
        pickle.LONG1: _long,
        pickle.NONE: _pushing(lambda: None),
        pickle.NEWTRUE: _pushing(lambda: True),
        pickle.NEWFALSE: _pushing(lambda: False),
        pickle.REDUCE: _Machine.call,
        pickle.SETITEM: lambda m: m.set_items([m.pop(), m.pop()][::-1]),
        pickle.SETITEMS: lambda m: m.set_items(m.items()),
        pickle.APPEND: lambda m: m.append([m.pop()]),
        pickle.APPENDS: lambda m: m.append(m.items()),
        pickle.BUILD: _Machine.build,
    }.items()
}  # fmt: skip
