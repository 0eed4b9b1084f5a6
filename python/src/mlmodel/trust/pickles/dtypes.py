"""What a dtype of a pickle is, followed symbolically, and which states it may be given.

numpy believes what a pickle says of a dtype: where its fields stand, how large an item is, and
whether it holds addresses of objects. So each of these is worked out here as well, and must be
the same (TRU-057).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

from mlmodel.trust.pickles.values import Blob, Global, Made, Mapping, Value

__all__ = [
    "DType",
    "check_call",
    "check_state",
    "dtype_of",
    "is_shape",
]

#: The most dimensions that numpy knows.
MOST_DIMENSIONS = 64
#: What the parts of a shape multiply to, even where there are no items.
MOST_ITEMS = 2**48
_LARGEST_ITEM = 2**31 - 1
_TEXT = re.compile(r"[<>=|]?([?bhilqBHILQefdgFDGiufcmMOSUV])(\d{0,9})\Z")
#: Kind -> the bytes that an item may have; S, U and V may have any.
_SIZES = {
    "b": {1}, "i": {1, 2, 4, 8}, "u": {1, 2, 4, 8}, "f": {2, 4, 8, 12, 16}, "c": {8, 16, 24, 32},
    "m": {8}, "M": {8}, "O": {4, 8},
}  # fmt: skip
#: An object is an address, whatever the text says.
_ADDRESS = 8
_UNITS = frozenset(
    {"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"}
)
#: numpy's marks for "holds objects", and those that say nothing about what is held.
_OBJECT_FLAGS = 0x1B
_OBJECT_ITSELF = 0x3F
_HARMLESS_FLAGS = 0x100 | 0x80 | 0x10 | 0x08
_ALL_FLAGS = 0x1FF
#: numpy once stored them in a signed byte.
_LEAST_FLAGS = -128
_UNKNOWN_FORM = "a dtype has a state that no pickler writes"
_UNKNOWN_FIELDS = "a dtype has fields that no pickler writes"
_CONTRADICTION = "a dtype contradicts itself"


@dataclass(frozen=True, slots=True)
class DType:
    """A dtype as far as it matters: its kind letter, bytes per item, whether it holds objects.

    ``is_array``: each item is an array (numpy's subarray).
    """

    kind: str
    itemsize: int
    has_objects: bool
    is_array: bool = False


def dtype_of(value: Value) -> DType | None:
    """Return what a symbolic dtype is; ``None`` when it is none that can be followed."""
    if type(value) is not Made or value.maker.full_name != "numpy.dtype" or not value.args:
        return None
    if value.dtype is None:
        found = _read(value)
        if not value.used:
            return found
        value.dtype = found
    known: DType | None = value.dtype
    return known


def _read(value: Made) -> DType | None:
    state = value.state if type(value.state) is tuple else ()
    stored = state[5] if len(state) > 5 and type(state[5]) is int else -1  # noqa: PLR2004
    first = value.args[0]
    if type(first) is not Global:
        base = _named(first)
        if base is None or base.kind != "V" or stored < 0:
            return base
    elif stored < 0:
        return None
    return DType("V", stored, _fields_hold_objects(state), state[2] is not None)


def _named(text: Value) -> DType | None:
    """Return the dtype that a text such as ``f8`` or ``<U12`` names."""
    match = _TEXT.match(text) if type(text) is str else None
    if match is None or not match.group(2):
        return None
    kind, size = match.group(1), int(match.group(2))
    if size not in _SIZES.get(kind, (size,)) or kind not in {*_SIZES, *"SUV"}:
        return None
    size = _ADDRESS if kind == "O" else size * (4 if kind == "U" else 1)
    return DType(kind, size, kind == "O")


def _fields_hold_objects(state: tuple[Value, ...]) -> bool:
    fields = state[4] if len(state) > 4 else None  # noqa: PLR2004
    if type(fields) is not Mapping:
        return False
    types = [dtype_of(one[0]) for one in fields.known.values() if type(one) is tuple and one]
    return any(one is None or one.has_objects for one in types)


def check_call(_: Global, args: tuple[Value, ...]) -> str:
    """Check the arguments of ``numpy.dtype``."""
    first = args[0] if args else None
    if type(first) is Global:
        named = first.full_name in {"numpy.record", "numpy.void"}
    else:
        named = type(first) is str and _TEXT.match(first) is not None
    if not named or any(type(one) not in {bool, int} for one in args[1:]):
        return "a dtype is asked for in a way that no pickler writes"
    return ""


def check_state(_: Global, target: Made, state: Value) -> str:
    """Check the state that a dtype is given (TRU-057)."""
    if target.used or target.state is not None:
        return "a dtype is changed after it was used"
    first = target.args[0] if target.args else None
    named = DType("V", 0, has_objects=False) if type(first) is Global else _named(first)
    if type(state) is not tuple or not 8 <= len(state) <= 9 or named is None:  # noqa: PLR2004
        return _UNKNOWN_FORM
    if reason := _form(named.kind, state):
        return reason
    base, names, fields, size, _alignment, flags = state[2:8]
    if named.kind != "V":
        return _plain(named, (base, names, fields), size, flags)
    if base is not None:
        return _subarray(base, size, flags, names, fields)
    return _fields(names, fields, size, flags)


def _form(kind: str, state: tuple[Value, ...]) -> str:
    """Check the numbers of a state by themselves."""
    version, order, _base, _names, _fields, size, alignment, flags = state[:8]
    if any(type(one) is not int for one in (version, size, alignment, flags)):
        return _UNKNOWN_FORM
    if version != len(state) - 5 or _text(order) not in {"<", ">", "=", "|"}:
        return _UNKNOWN_FORM
    if len(state) == 9 and not _is_metadata(kind, state[8]):  # noqa: PLR2004
        return _UNKNOWN_FORM
    least = 0 if kind == "V" else -1
    right = (
        _LEAST_FLAGS <= flags <= _ALL_FLAGS
        and least <= size <= _LARGEST_ITEM
        and alignment in {-1, 1, 2, 4, 8, 16}
        and (kind not in "OV" or _text(order) == "|")
    )
    return "" if right else _CONTRADICTION


def _text(value: Value) -> str:
    if type(value) is Blob and value.data is not None:
        return value.data.decode("latin-1")
    return value if type(value) is str else ""


def _is_metadata(kind: str, value: Value) -> bool:
    """Whether the ninth part is a unit of time, as numpy writes it: it divides by its numbers."""
    if type(value) is not tuple or len(value) != 2 or kind not in "mM":  # noqa: PLR2004
        return value is None or (type(value) is Mapping and value.exact and kind not in "mM")
    extra, unit = value
    if extra is not None and not (type(extra) is Mapping and extra.exact and not extra.known):
        return False
    if type(unit) is not tuple or len(unit) != 4:  # noqa: PLR2004
        return False
    numbers = unit[1:]
    right = all(type(one) is int and 0 < one < 2**31 for one in numbers) and unit[2] == 1
    return right and (_text(unit[0]) in _UNITS or type(unit[0]) is Made)


def _plain(item: DType, parts: tuple[Value, ...], size: int, flags: int) -> str:
    right = (
        flags & 0x7F == _OBJECT_ITSELF and flags <= 0xFF  # noqa: PLR2004 - the lowest byte
        if item.kind == "O"
        else _holds_no_objects(flags)
    )
    fits = size == -1 or (item.kind in "SU" and size == item.itemsize)
    return "" if all(one is None for one in parts) and fits and right else _CONTRADICTION


def _holds_no_objects(flags: int) -> bool:
    return not flags & ~_HARMLESS_FLAGS & _ALL_FLAGS


def _subarray(base: Value, size: int, flags: int, names: Value, fields: Value) -> str:
    item = dtype_of(base[0]) if type(base) is tuple and len(base) == 2 else None  # noqa: PLR2004
    shape: Value = base[1] if item is not None else None
    shape = (shape,) if type(shape) is int else shape
    right = (
        item is not None
        and not item.has_objects
        and is_shape(shape)
        and names is None
        and fields is None
        and _holds_no_objects(flags)
        and prod(shape) * item.itemsize == size
    )
    return "" if right else _CONTRADICTION


def _fields(names: Value, fields: Value, size: int, flags: int) -> str:  # noqa: PLR0911
    if names is None and fields is None:
        return "" if _holds_no_objects(flags) else _CONTRADICTION
    if type(names) is not tuple or type(fields) is not Mapping or not fields.exact:
        return _UNKNOWN_FIELDS
    if not _are_named(names, fields.known):
        return _UNKNOWN_FIELDS
    spans = []
    for name in names:
        one = fields.known[name]
        item = dtype_of(one[0])
        if item is None or type(one[1]) is not int:
            return _UNKNOWN_FIELDS
        if one[1] < 0 or one[1] + item.itemsize > size:
            return "a dtype has a field outside of its items"
        spans.append((one[1], one[1] + item.itemsize, item.has_objects))
    if _overlap(spans):
        return "a dtype has a field that overlaps with an object"
    objects = any(one[2] for one in spans)
    right = flags & _OBJECT_FLAGS == _OBJECT_FLAGS if objects else _holds_no_objects(flags)
    fields.frozen = True
    # With the flags wrong, raw bytes of the file would be taken for addresses of objects.
    return "" if right else "a dtype hides that it holds objects"


def _are_named(names: tuple[Value, ...], fields: dict[Value, Value]) -> bool:
    """Whether the names are those of the fields, each once; titles name the same fields again."""
    if not all(type(name) is str and name in fields for name in names):
        return False
    if len(set(names)) != len(names):
        return False
    for key, one in fields.items():
        if type(one) is not tuple or not 2 <= len(one) <= 3:  # noqa: PLR2004
            return False
        is_title = key not in names
        if is_title and not any(fields[name] == one and one[-1] == key for name in names):
            return False
        if len(one) == 3 and one[2] is not None and type(one[2]) is not str:  # noqa: PLR2004
            return False
    return True


def _overlap(spans: list[tuple[int, int, bool]]) -> bool:
    """Whether a field stands where another one has objects: its numbers would be addresses."""
    end = end_of_objects = 0
    for begin, stop, objects in sorted(spans):
        if begin < (end if objects else end_of_objects):
            return True
        end = max(end, stop)
        end_of_objects = max(end_of_objects, stop) if objects else end_of_objects
    return False


def is_shape(shape: Value) -> bool:
    """Return whether a value is the shape of an array that can be."""
    return (
        type(shape) is tuple
        and len(shape) <= MOST_DIMENSIONS
        and all(type(one) is int and one >= 0 for one in shape)
        and prod(one for one in shape if one) <= MOST_ITEMS
    )
