"""Random pickles, read by the check and by CPython's C unpickler: both must see the same.

``python differential.py COUNT [SEED]`` tries so many streams and ends with 1 at a difference.
Streams are mostly right (an opcode is chosen among those that the stack allows), with frames at
any place, arguments as lines and as bytes, numbers of the memo given twice, and a byte changed
now and then. Only names that do no harm occur in them, so the C unpickler may read them as they are.
"""

from __future__ import annotations

import io
import pickle
import random
import struct
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import MlmodelError
from mlmodel.trust.pickles.names import Names
from mlmodel.trust.pickles.scanner import scan
from mlmodel.trust.pickles.unpickle import load_restricted
from mlmodel.trust.pickles.values import Blob, Global, Items, Made, Mapping, Opaque

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = [
    ("builtins", "range"), ("builtins", "slice"), ("builtins", "complex"), ("builtins", "set"),
    ("builtins", "bytes"), ("builtins", "list"), ("collections", "OrderedDict"), ("collections", "Counter"),
    ("numpy", "dtype"), ("numpy", "log1p"), ("numpy", "float64"),
    ("sklearn.linear_model._base", "LinearRegression"), ("sklearn.pipeline", "Pipeline"),
]  # fmt: skip
TEXTS = ["", "a", "b", "f8", "O8", "numpy", "dtype", "range", "builtins", "coef_", "é", "x" * 70]
TEXTS += [part for name in NAMES[-3:] for part in name]
LINES = [b"1", b"12", b"2", b"00", b"01", b"-7", b"010", b"0x1", b" 3", b"1_0", b"9" * 25, b"1L"]
LINES += [b"-0", b"+1", b"0L", b"-0L", b"1.5", b"nan", b"-nan", b"inf", b"1e5", b"9e999", b"1e-999"]
LINES += [b"'a'", b'"b"', b"'\\x41'", b"'\\101'", b"'\\q'", b"f8", b"\\u0041"]


#: The share of streams that must be allowed, and so compared; usually it is a quarter.
_LEAST_ALLOWED = 0.15
#: Symbols that say nothing of the value that can be compared.
_UNKNOWN = frozenset({Opaque, Global, Made})


class Writer:
    """Writes one random stream; ``depth`` and ``marks`` are those of the unpickler's stack."""

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.out = bytearray()
        self.depth = 0
        self.marks: list[int] = []
        self.memo: list[int] = []

    def stream(self) -> bytes:
        choose = self.random.choice
        if self.random.random() < 0.7:
            self.out += b"\x80" + bytes([choose([0, 2, 3, 4, 5])])
        for _ in range(self.random.randint(1, 24)):
            choose(_STEPS)(self)
        while self.marks:
            self._mark_all(b"t")
        while self.depth > 1:
            self._take(2, b"\x86")
        if not self.depth:
            self._text()
        self.out += b"."
        if self.random.random() < 0.15:
            self.out[self.random.randrange(len(self.out))] = self.random.randrange(256)
        return bytes(self.out)

    def _here(self) -> int:
        return self.depth - (self.marks[-1] if self.marks else 0)

    def _push(self, data: bytes) -> None:
        self.out += data
        self.depth += 1

    def _take(self, count: int, opcode: bytes) -> None:
        if self._here() >= count:
            self.out += opcode
            self.depth -= count - 1

    def _text(self) -> None:
        data = self.random.choice(TEXTS).encode()
        length = len(data)
        self._push(
            self.random.choice(
                [
                    b"\x8c" + bytes([length]) + data,
                    b"X" + struct.pack("<I", length) + data,
                    b"\x8d" + struct.pack("<Q", length) + data,
                    b"C" + bytes([length]) + data,
                ]
            )
        )

    def _line(self) -> None:
        opcode = self.random.choice([b"I", b"L", b"F", b"S", b"V", b"V", b"S"])
        self._push(opcode + self.random.choice(LINES) + b"\n")

    def _constant(self) -> None:
        numbers = [b"K\x01", b"K\x0c", b"M\x00\x01", b"J\xff\xff\xff\xff", b"\x8a\x02\xff\x7f"]
        others = [b"N", b"\x88", b"\x89", b")", b"]", b"}", b"\x8f", b"G" + struct.pack(">d", 2.5)]
        self._push(self.random.choice(numbers + others))

    def _name(self) -> None:
        module, name = (part.encode() for part in self.random.choice(NAMES))
        if self.random.random() < 0.5:
            self._push(b"c" + module + b"\n" + name + b"\n")
        else:
            self._push(b"\x8c%c%b\x8c%c%b\x93" % (len(module), module, len(name), name))

    def _call(self) -> None:
        self._name()
        self._push(self.random.choice([b")", b"K\x03\x85", b"](K\x01K\x02e\x85", b"\x8c\x02f8\x89\x88\x87"]))  # fmt: skip
        self._take(2, self.random.choice([b"R", b"R", b"\x81"]))

    def _frame(self) -> None:
        self.out += b"\x95" + struct.pack("<Q", self.random.randint(0, 12))

    def _mark(self) -> None:
        self.marks.append(self.depth)
        self.out += b"("

    def _mark_all(self, opcode: bytes | None = None) -> None:
        if self.marks:
            self.depth = self.marks.pop() + 1
            self.out += opcode or self.random.choice([b"t", b"l", b"d", b"\x91"])

    def _fill(self) -> None:
        below = self.marks[-1] if self.marks else 0
        if self.marks and below:
            self.depth = self.marks.pop()
            self.out += self.random.choice([b"e", b"u", b"\x90"])

    def _put(self) -> None:
        if not self._here():
            return
        form = self.random.choice(["q", "r", "p", "memoize"])
        kept = len(set(self.memo))
        number = kept if form == "memoize" else self.random.choice([kept, 0, 1, 12])
        self.memo.append(number)
        self.out += {
            "q": b"q%c" % number,
            "r": b"r" + struct.pack("<I", number),
            "p": b"p%d\n" % number,
            "memoize": b"\x94",
        }[form]

    def _get(self) -> None:
        if self.memo:
            number = self.random.choice(self.memo)
            forms = [b"h%c" % number, b"j" + struct.pack("<I", number), b"g%d\n" % number]
            self._push(self.random.choice(forms))


_STEPS: list[Callable[[Writer], None]] = [
    *([Writer._text] * 4), *([Writer._line] * 3), *([Writer._constant] * 4), *([Writer._name] * 1),
    *([Writer._call] * 2), *([Writer._frame] * 2), *([Writer._mark] * 2), *([Writer._mark_all] * 2),
    *([Writer._fill] * 2), *([Writer._put] * 3), *([Writer._get] * 3),
    lambda writer: writer._take(1, b"\x85"), lambda writer: writer._take(2, b"\x86"),
    lambda writer: writer._take(3, b"\x87"), lambda writer: writer._take(2, b"b"),
    lambda writer: writer._take(3, b"s"), lambda writer: writer._take(2, b"a"),
    lambda writer: writer._here() and writer._push(b"2"), lambda writer: writer._here() > 1 and writer._take(2, b"00N"),
]  # fmt: skip


_LIST = Names()


class Plain(pickle.Unpickler):
    """CPython's own, which tells what it looks up."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.looked_up: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> Any:
        # A changed byte may have made another name of the list.
        if (module, name) not in NAMES and _LIST.find(module, name)[2] is None:
            raise AssertionError(f"{module}.{name} was let through")
        self.looked_up.append((module, name))
        return super().find_class(module, name)


def difference(data: bytes) -> str:
    """Return how the check and the C unpickler differ on a stream; nothing where they agree."""
    found = scan(data, "pickle")
    if not found.allowed or found.recording is None:
        return ""
    try:
        loaded: Any = load_restricted(found, Names(), "file")
    except MlmodelError as error:
        loaded = error
    if b"\x95" not in data and (plainly := _unlike_plain(data, loaded, found.recording.globals)):
        return plainly
    return "" if isinstance(loaded, MlmodelError) else unlike(found.recording.value, loaded, {})


def _unlike_plain(data: bytes, loaded: Any, names: list[tuple[str, str]]) -> str:
    """Return how the very bytes are read otherwise; frames, which C believes blindly, are not in them."""
    plain = Plain(data)
    try:
        raw: Any = plain.load()
    except AssertionError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever the objects raise
        return "" if isinstance(loaded, MlmodelError) else f"built {loaded!r}, plainly {error!r}"
    if isinstance(loaded, MlmodelError):
        return f"plainly {raw!r}, then {loaded}"
    if plain.looked_up != names:
        return f"looked up {plain.looked_up}, expected {names}"
    return "" if _described(raw) == _described(loaded) else f"built {loaded!r}, plainly {raw!r}"


class Description(pickle._Pickler):
    """A pickle in which sets have an order: that of two equal ones may differ, with NaN in them."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_in_order(self, values: Any) -> None:
        self.save((type(values).__name__, sorted(map(repr, values))))  # type: ignore[attr-defined]

    dispatch[set] = dispatch[frozenset] = save_in_order  # type: ignore[assignment]


def _described(value: object) -> object:
    written = io.BytesIO()
    try:
        Description(written, 4).dump(value)
    except Exception:  # noqa: BLE001 - half-built objects cannot be pickled
        return type(value)
    return written.getvalue()


def unlike(symbol: Any, value: Any, seen: dict[int, object]) -> str:
    """Return how a value differs from its symbol in the machine."""
    if id(symbol) in seen and type(symbol) in {Items, Mapping, Made, tuple}:
        return "" if seen[id(symbol)] is value or type(symbol) is tuple else "another object"
    seen[id(symbol)] = value
    if type(symbol) in _UNKNOWN:
        return ""
    if type(symbol) is Blob:
        right = isinstance(value, bytes | bytearray) and len(value) == symbol.length
    elif type(symbol) is Items:
        right = type(value).__name__ == symbol.kind
    elif type(symbol) is Mapping:
        right = type(value) is dict
    else:
        right = type(symbol) is type(value) and (
            type(symbol) is tuple or repr(symbol) == repr(value)  # as NaN is
        )
    if not right:
        return f"{_shown(value)} is not {_shown(symbol)}"
    if type(symbol) is Mapping and not symbol.exact:
        return _unlike_some(symbol, value, seen)
    return _unlike_all(*_parts(symbol, value), seen)


def _shown(value: object) -> str:
    try:
        return f"{value!r:.80}"
    except Exception:  # noqa: BLE001 - an object without its attributes
        return object.__repr__(value)


def _unlike_some(symbol: Mapping, value: dict[Any, Any], seen: dict[int, object]) -> str:
    """Compare a dict with a key that is not plain: it may be equal to one that is (1.0 and 1).

    Which value is under which key is not known then, but each is one of those that were put in.
    """
    others = symbol.others or []
    if ... in others:
        return ""
    for key, one in value.items():
        had = [symbol.known[key]] if key in symbol.known else []
        # Each is tried: which objects are whose symbols is not learnt from a guess.
        reasons = [unlike(candidate, one, dict(seen)) for candidate in [*had, *others[1::2]]]
        if all(reasons):
            return f"nothing that was put in is like the value of {_shown(key)}: {reasons}"
    missing = [key for key in symbol.known if key not in value]
    return f"it has no {_shown(missing[0])}" if missing else ""


def _parts(symbol: Any, value: Any) -> tuple[Any, Any]:
    """Return what is in both, where that has an order."""
    if type(symbol) is Mapping:
        return list(symbol.known.values()), [value.get(key, Mapping) for key in symbol.known]
    if type(symbol) is tuple or (type(symbol) is Items and symbol.kind == "list"):
        return getattr(symbol, "values", symbol), value
    return (), ()


def _unlike_all(symbols: Any, values: Any, seen: dict[int, object]) -> str:
    if len(symbols) != len(values):
        return f"{len(values)} values, not {len(symbols)}"
    return next(filter(None, map(lambda a, b: unlike(a, b, seen), symbols, values)), "")


def main(count: int, seed: int) -> int:
    """Try ``count`` streams; write what differs."""
    warnings.simplefilter("ignore")
    source, allowed = random.Random(seed), 0
    for number in range(count):
        data = Writer(source).stream()
        try:
            found = difference(data)
        except Exception as error:  # noqa: BLE001 - a crash of ours is a find
            found = f"{type(error).__name__}: {error}"
        if found:
            sys.stdout.write(f"stream {number} of seed {seed}: {data!r}\n  {found}\n")
            return 1
        allowed += scan(data, "pickle").allowed
    sys.stdout.write(f"{count:,} streams, {allowed:,} allowed, no difference (seed {seed})\n")
    return int(allowed < count * _LEAST_ALLOWED)  # a check that refuses everything agrees, too


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
