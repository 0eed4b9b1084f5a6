"""The hashes that the keys of a pickle will have, worked out on symbols (TRU-086, TRU-087).

The C unpickler puts keys into dicts and sets without asking, so they are counted before. What
is worked out here is the same for two keys wherever their real hashes are; where the real one is
not known, all keys of a class count as having the same.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from mlmodel._base.hashes import MOST_OF_ONE_HASH, Hashes, are_spread
from mlmodel.trust.pickles.dtypes import dtype_of
from mlmodel.trust.pickles.values import Blob, Global, Items, Made, Mapping, Opaque, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

__all__ = ["Keys", "keys_given"]

#: A key may be nested so deep: C code hashes it without looking at the stack.
_DEEPEST = 32
#: What is hashed is counted in portions of this.
_PORTION = 10_000
_PLAIN = frozenset({str, bool, int, float, type(None)})
_BITS = 2**64 - 1
_IMAGINARY = 1_000_003
_CROWDED = (
    f"more than {MOST_OF_ONE_HASH} keys of a dict or set in it have the same hash, so that "
    "building it would take the square of their number (TRU-086)"
)
_DEEP = f"a key of a dict or set in it is nested more than {_DEEPEST} deep (TRU-087)"
_FLOATS = {2: "e", 4: "f", 8: "d"}
#: What is called with pairs of keys and values.
_OF_PAIRS = frozenset({"collections.OrderedDict", "collections.defaultdict"})
#: Calls of these make equal things of equal numbers, and hashes that cannot be chosen freely:
#: by a seed, or of fewer numbers than hashes. Times of a zone are not among them.
_BY_ARGUMENTS = frozenset(
    {
        "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta",
        "builtins.bytes", "pandas._libs.tslibs.timestamps._unpickle_timestamp",
        "pandas._libs.tslibs.timedeltas._timedelta_unpickle",
    }
)  # fmt: skip

#: The hash, what computing it costs, and how deep the value is nested.
Hashed = tuple[int, int, int]


class _TooDeep(Exception):
    pass


class _Known:
    """Stands for a part of a tuple by its hash."""

    __slots__ = ("_hash",)

    def __init__(self, hash_: int) -> None:
        self._hash = hash_

    def __hash__(self) -> int:
        return self._hash


def _hash_of_parts(hashes: Iterable[int]) -> int:
    """Return the hash of the tuple whose items have these hashes."""
    return hash(tuple(map(_Known, hashes)))


def keys_given(maker: Global, value: Value) -> tuple[Collection[Value], int]:
    """Return the keys that a call of a collection makes of its argument, and how many it reads."""
    if type(value) is Mapping:
        return (), len(value.known) + len(value.others or ())
    items = value if type(value) is tuple else value.values if type(value) is Items else ()
    if maker.full_name not in _OF_PAIRS:
        return items, len(items)
    pairs = (one.values if type(one) is Items else one for one in items)
    return [one[0] for one in pairs if type(one) in {tuple, list} and one], len(items)


class Keys:
    """Counts the keys of one pickle's dicts and sets.

    Args:
        data: the bytes of the pickle, in which constants stand that are not kept.
        spend: takes what hashing costs, and raises where it is too much.

    """

    def __init__(self, data: bytes, spend: Callable[[int], None]) -> None:
        self._data = data
        self._spend = spend
        #: The parts of keys that were seen, by their identity, which lasts while they are kept.
        self._seen: dict[int, tuple[Value, Hashed]] = {}

    def wrong(self, target: Mapping | Items | Made, keys: Collection[Value]) -> str:
        """Count keys that are put into something; return why they may not be, or an empty text."""
        if are_spread(keys):
            return ""
        if target.hashes is None:
            target.hashes = Hashes()
        hashes, cost = target.hashes, 0
        for key in keys:
            if type(key) is str:
                continue
            try:
                hashed, weight, _ = self._of(key, 0)
            except _TooDeep:
                return _DEEP
            count = hashes.add(hashed)
            cost += weight * count
            if cost > _PORTION:
                self._spend(cost)
                cost = 0
            if count > MOST_OF_ONE_HASH and not are_spread((key,)):
                return _CROWDED
        self._spend(cost)
        return ""

    def _of(self, value: Value, level: int) -> Hashed:
        kind = type(value)
        if kind in _PLAIN:
            return hash(value), 1 + (value.bit_length() // 64 if kind is int else 0), 0
        if kind is tuple and _PLAIN.issuperset(map(type, value)):
            return hash(value), 1 + len(value), 1
        if kind is Opaque or kind is Blob:
            return self._of_constant(value)
        if kind is Global:
            return hash(value.full_name), 1, 0
        if kind is Made and value.maker.entry is not None and value.maker.entry.check == "scalar":
            return self._of_scalar(value), 2, 1
        known = self._seen.get(id(value))
        hashed = known[1] if known is not None else self._of_parts(value, level)
        if level + hashed[2] > _DEEPEST:
            raise _TooDeep
        if level:
            self._seen[id(value)] = value, hashed
        return hashed

    def _of_constant(self, value: Opaque | Blob) -> Hashed:
        begin, end = value.span
        kind = value.kind if type(value) is Opaque else ""
        if value.hashed is None:
            chunk = self._data[begin:end]
            whole = kind == "int"
            value.hashed = hash(int.from_bytes(chunk, "little", signed=True) if whole else chunk)
        # Texts and bytes keep their hash, whole numbers do not.
        return value.hashed, 1 + (end - begin if kind == "int" else 0), 0

    def _of_parts(self, value: Value, level: int) -> Hashed:
        """Return the hash of what is made of other values, each of which is looked at once."""
        if level > _DEEPEST:
            raise _TooDeep
        parts = [self._of(one, level + 1) for one in _parts(value)]
        weight = 1 + sum(one[1] for one in parts)
        height = 1 + max((one[2] for one in parts), default=0)
        return self._hash(value, [one[0] for one in parts]), weight, height

    def _hash(self, value: Value, parts: list[int]) -> int:
        if type(value) is tuple:
            return _hash_of_parts(parts)
        if type(value) is Items:
            return _of_frozenset(parts)
        return self._of_object(value, parts) if type(value) is Made else 0

    def _of_object(self, value: Made, parts: list[int]) -> int:
        maker, args = value.maker, value.args
        if maker.entry is None or "user" in maker.entry.uses:
            return id(value)  # refused already, or free to do what it likes (TRU-005)
        name = maker.full_name
        if name in _BY_ARGUMENTS and not any(_has_zone(one) for one in args):
            return _hash_of_parts(parts)
        if name == "builtins.frozenset" and len(args) == 1 and type(args[0]) in {Items, tuple}:
            return _of_frozenset([self._of(one, 1)[0] for one in keys_given(maker, args[0])[0]])
        if name == "_codecs.encode" and parts:
            return parts[0]
        if name == "builtins.complex" and len(args) == 2:  # noqa: PLR2004
            return _of_complex(parts[0], parts[1])
        found = _of_number(name, args)
        return hash(name) if found is None else found

    def _of_scalar(self, value: Made) -> int:
        """Return the hash of a number of numpy, which is that of Python's of the same value."""
        item, data = dtype_of(value.args[0]), self._bytes(value.args[1:2])
        state = value.args[0].state
        if item is None or data is None or len(data) != item.itemsize or type(state) is not tuple:
            return 0
        order = ">" if state[1:2] == (">",) else "<"
        size = item.itemsize
        if item.kind in "iumMb":
            whole = int.from_bytes(
                data, "big" if order == ">" else "little", signed=item.kind != "u"
            )
            return hash(whole)
        if item.kind == "f" and size in _FLOATS:
            return hash(struct.unpack(order + _FLOATS[size], data)[0])
        if item.kind == "c" and size // 2 in _FLOATS:
            real, imaginary = struct.unpack(order + 2 * _FLOATS[size // 2], data)
            return hash(complex(real, imaginary))
        return hash(data) if item.kind in "SU" else 0

    def _bytes(self, args: tuple[Value, ...]) -> bytes | None:
        value = args[0] if args else None
        if type(value) is Made and value.maker.full_name == "_codecs.encode" and value.args:
            value = value.args[0]
        if type(value) is str:
            return value.encode("latin1", "replace")
        return self._data[slice(*value.span)] if type(value) is Blob else None


def _parts(value: Value) -> Iterable[Value]:
    """Return what a value is made of, as far as computing its hash may look at it."""
    kind = type(value)
    if kind is tuple or kind is Items:
        return list(value if kind is tuple else value.values)
    if kind is Mapping:
        return [*value.known.values(), *(value.others or ())]
    return (*value.args, value.state) if kind is Made else ()


def _has_zone(value: Value) -> bool:
    """Whether an argument of a time is one that its hash would ask for a zone."""
    return type(value) is Made and value.maker.full_name != "_codecs.encode"


def _of_frozenset(parts: list[int]) -> int:
    """Return what is the same for frozensets of one hash; members of one hash make it unknown."""
    if len(set(parts)) < len(parts):
        return 1
    found = (len(parts) + 1) * 1927868237
    for one in parts:
        found ^= ((one ^ 89869747) ^ (one << 16)) * 3644798167
    return found & _BITS


def _of_complex(real: int, imaginary: int) -> int:
    found = (real + _IMAGINARY * imaginary) & _BITS
    found = found - 2**64 if found >> 63 else found
    return -2 if found == -1 else found


def _of_number(name: str, args: tuple[Value, ...]) -> int | None:
    """Return the hash of what a plain class of Python makes; None where it is not known."""
    try:
        if name == "builtins.range" and all(type(one) is int for one in args):
            return hash(range(*args))
        if name == "decimal.Decimal" and [type(one) for one in args] == [str]:
            from decimal import Decimal

            return hash(Decimal(args[0]))
    except (ArithmeticError, TypeError, ValueError):
        pass
    return None
