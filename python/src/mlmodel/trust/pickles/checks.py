"""How the listed constructors may be called, and what states the listed classes may be given.

A check gets symbolic values and returns the reason to refuse, or an empty string. The names of
the checks are those of ``allowed.tsv``. Most of them guard one known way from a harmless name
to running code or to reading memory that is not the object's (TRU-012, TRU-013).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from mlmodel.trust.pickles import callables
from mlmodel.trust.pickles.names import Entry
from mlmodel.trust.pickles.values import Blob, Global, Items, Made, Mapping, Opaque, Value, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ARGUMENTS",
    "ARRAY",
    "BIT_GENERATORS",
    "FACTORIES",
    "PAIRS",
    "STATES",
    "DType",
    "dtype_of",
    "has_slots",
    "is_array_wrapper",
    "wrapper_layout",
]

#: What a joblib array is once read: it may be held, nothing else.
ARRAY = Entry(frozenset({"ref"}))
#: Checks whose objects take a tuple of two as their whole state (by their own ``__setstate__``).
PAIRS = frozenset({"bitgen", "cython", "partial", "offset"})
#: The most dimensions that numpy knows.
MOST_DIMENSIONS = 64
_DTYPE_TEXT = re.compile(r"[<>=|]?([?bBhHiIuUlLqQefdgcFDGSVOMm])(\d{0,9})\Z")
_ZONE = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*\Z")
FACTORIES = frozenset(
    {
        "builtins.bool", "builtins.dict", "builtins.float", "builtins.int", "builtins.list",
        "builtins.set", "builtins.str", "builtins.tuple", "collections.OrderedDict",
    }
)  # fmt: skip
#: numpy's marks for "holds objects", and those that say nothing about what is held.
_OBJECT_FLAGS = 0x1B
_OBJECT_ITSELF = 0x3F
_HARMLESS_FLAGS = 0x80 | 0x10 | 0x08
BIT_GENERATORS = frozenset({"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"})


def has_slots(state: Value) -> bool:
    """Return whether a state may set attributes one by one (a tuple of two, or unknown)."""
    return isinstance(state, Made | Global) or (type(state) is tuple and len(state) == 2)  # noqa: PLR2004


def is_array_wrapper(maker: Global) -> bool:
    """Return whether the class is joblib's stand-in for an array that follows."""
    return maker.module == "joblib.numpy_pickle" and maker.name == "NumpyArrayWrapper"


# numpy ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DType:
    """A dtype as far as it matters: its kind letter, bytes per item, whether it holds objects."""

    kind: str
    itemsize: int
    has_objects: bool


def dtype_of(value: Value) -> DType | None:
    """Return what a symbolic dtype is; ``None`` when it is none that can be followed."""
    if type(value) is not Made or value.maker.full_name != "numpy.dtype" or not value.args:
        return None
    if value.dtype is None:
        found = _read_dtype(value)
        if not value.used:
            return found
        value.dtype = found
    known: DType | None = value.dtype
    return known


def _read_dtype(value: Made) -> DType | None:
    state = value.state if type(value.state) is tuple else ()
    stored = state[5] if len(state) > 5 and type(state[5]) is int else -1  # noqa: PLR2004
    first = value.args[0]
    if type(first) is Global:
        return DType("V", stored, _fields_hold_objects(state)) if stored >= 0 else None
    match = _DTYPE_TEXT.match(first) if type(first) is str else None
    if match is None:
        return None
    kind, digits = match.groups()
    if kind == "V" and stored >= 0:
        return DType(kind, stored, _fields_hold_objects(state))
    if not digits:
        return None
    return DType(kind, int(digits) * (4 if kind == "U" else 1), kind == "O")


def _fields_hold_objects(state: tuple[Value, ...]) -> bool:
    fields = state[4] if len(state) > 4 else None  # noqa: PLR2004
    if type(fields) is not Mapping:
        return False
    types = [dtype_of(one[0]) for one in fields.known.values() if type(one) is tuple and one]
    return any(one is None or one.has_objects for one in types)


def _dtype_call(_: Global, args: tuple[Value, ...]) -> str:
    first = args[0] if args else None
    if type(first) is Global:
        named = first.full_name in {"numpy.record", "numpy.void"}
    else:
        named = type(first) is str and _DTYPE_TEXT.match(first) is not None
    if not named or any(type(one) not in {bool, int} for one in args[1:]):
        return "a dtype is asked for in a way that no pickler writes"
    return ""


def _dtype_state(_: Global, target: Made, state: Value) -> str:
    if target.used or target.state is not None:
        return "a dtype is changed after it was used"
    if type(state) is not tuple or not 8 <= len(state) <= 9:  # noqa: PLR2004
        return "a dtype has a state that no pickler writes"
    _version, _order, base, names, fields, size, _alignment, flags = state[:8]
    first = target.args[0] if target.args else None
    match = _DTYPE_TEXT.match(first) if type(first) is str else None
    kind = match.group(1) if match else "V"
    if type(size) is not int or type(flags) is not int:
        return "a dtype has a state that no pickler writes"
    if kind != "V":
        right = flags & 0x7F == _OBJECT_ITSELF if kind == "O" else _holds_no_objects(flags)
        plain = base is None and names is None and fields is None
        item = dtype_of(target)
        plain = plain and (
            size == -1 or (item is not None and kind in "SU" and size == item.itemsize)
        )
        return "" if plain and right else "a dtype contradicts itself"
    if base is not None:
        return _subarray_state(base, size, flags, names, fields)
    return _fields_state(names, fields, size, flags)


def _holds_no_objects(flags: int) -> bool:
    return not flags & ~_HARMLESS_FLAGS & 0xFF


def _subarray_state(base: Value, size: int, flags: int, names: Value, fields: Value) -> str:
    item = dtype_of(base[0]) if type(base) is tuple and len(base) == 2 else None  # noqa: PLR2004
    shape: Value = base[1] if item is not None else None
    shape = (shape,) if type(shape) is int else shape
    right = (
        item is not None
        and not item.has_objects
        and _is_shape(shape)
        and names is None
        and fields is None
        and _holds_no_objects(flags)
        and prod(shape) * item.itemsize == size
    )
    return "" if right else "a dtype contradicts itself"


def _fields_state(names: Value, fields: Value, size: int, flags: int) -> str:
    if names is None and fields is None:
        return "" if _holds_no_objects(flags) else "a dtype contradicts itself"
    if type(names) is not tuple or type(fields) is not Mapping or not fields.exact:
        return "a dtype has fields that no pickler writes"
    objects = False
    for one in fields.known.values():
        item = dtype_of(one[0]) if type(one) is tuple and 2 <= len(one) <= 3 else None  # noqa: PLR2004
        if item is None or type(one[1]) is not int:
            return "a dtype has fields that no pickler writes"
        if one[1] < 0 or one[1] + item.itemsize > size:
            return "a dtype has a field outside of its items"
        objects = objects or item.has_objects
    if not all(type(name) is str and name in fields.known for name in names):
        return "a dtype has fields that no pickler writes"
    right = flags & _OBJECT_FLAGS == _OBJECT_FLAGS if objects else _holds_no_objects(flags)
    fields.frozen = True
    # With the flags wrong, raw bytes of the file would be taken for addresses of objects.
    return "" if right else "a dtype hides that it holds objects"


def _is_shape(shape: Value) -> bool:
    return (
        type(shape) is tuple
        and len(shape) <= MOST_DIMENSIONS
        and all(type(one) is int and one >= 0 for one in shape)
    )


def _is_class(value: Value, *uses: str) -> bool:
    return type(value) is Global and value.entry is not None and value.entry.uses.issuperset(uses)


def _is_bytes(value: Value) -> bool:
    if type(value) is Made:
        return value.maker.full_name in {"_codecs.encode", "builtins.bytes", "builtins.bytearray"}
    # A text of an old protocol may stand for bytes.
    return type(value) in {Blob, str, Opaque}


def _reconstruct_call(_: Global, args: tuple[Value, ...]) -> str:
    if len(args) == 3 and _is_class(args[0], "ref", "array"):  # noqa: PLR2004
        letter = args[2]
        small = type(letter) is str or (type(letter) is Blob and letter.length == 1)
        if args[1] == (0,) and (small or _is_bytes(letter)):
            return ""
    return "an array is begun in a way that no pickler writes"


def _array_state(_: Global, target: Made, state: Value) -> str:
    if target.used or target.state is not None:
        return "an array is changed after it was used"
    if type(state) is not tuple or len(state) not in {5, 7}:
        return "an array has a state that no pickler writes"
    _version, shape, dtype, _fortran, data = state[:5]
    item = dtype_of(dtype)
    if item is None or not _is_shape(shape):
        return "an array has a state that no pickler writes"
    if item.has_objects:
        right = type(data) is Items and data.kind == "list" and len(data.values) == prod(shape)
    elif type(data) is Blob:
        right = data.length == prod(shape) * item.itemsize
    else:
        right = _is_bytes(data)
    return "" if right else "an array's data do not fit its shape and dtype"


def _masked_call(_: Global, args: tuple[Value, ...]) -> str:
    right = (
        len(args) == 4  # noqa: PLR2004
        and _is_class(args[0], "ref")
        and _is_class(args[1], "ref", "array")
        and args[2] == (0,)
        and (type(args[3]) is str or _is_bytes(args[3]))
    )
    return "" if right else "a masked array is begun in a way that no pickler writes"


def _scalar_call(_: Global, args: tuple[Value, ...]) -> str:
    item = dtype_of(args[0]) if 1 <= len(args) <= 2 else None  # noqa: PLR2004
    if item is None or (not item.has_objects and len(args) == 2 and not _is_bytes(args[1])):  # noqa: PLR2004
        return "a scalar is made in a way that no pickler writes"
    return ""


def _frombuffer_call(_: Global, args: tuple[Value, ...]) -> str:
    item = dtype_of(args[1]) if len(args) >= 4 else None  # noqa: PLR2004
    if item is None or item.has_objects or not _is_bytes(args[0]) or not _is_shape(args[2]):
        return "an array is made from bytes in a way that no pickler writes"
    return "" if all(is_plain(one) or type(one) is tuple for one in args[3:]) else "an odd order"


def _bit_generator_call(_: Global, args: tuple[Value, ...]) -> str:
    for value in args:
        if type(value) is Made or (type(value) is str and value in BIT_GENERATORS):
            continue
        if type(value) is Global and value.module.startswith("numpy.random."):
            continue
        return "a random generator is made in a way that no pickler writes"
    return ""


# Plain constructors --------------------------------------------------------------------------


def _plain_call(_: Global, args: tuple[Value, ...]) -> str:
    def plain(value: Value) -> bool:
        return is_plain(value) or type(value) is Made or (type(value) is tuple and not value)

    return "" if all(plain(one) for one in args) else "it is called with more than constants"


def _latin1_call(_: Global, args: tuple[Value, ...]) -> str:
    plain = len(args) == 2 and all(is_plain(one) for one in args)  # noqa: PLR2004
    right = plain and args[1] in {"latin1", "latin-1"} and type(args[0]) in {str, Opaque}
    return "" if right else "it encodes something else than bytes"


def _bytes_call(_: Global, args: tuple[Value, ...]) -> str:
    # A number would ask for that many bytes.
    right = all(type(one) in {str, Blob, Opaque} or _is_bytes(one) for one in args)
    number = any(type(one) is Opaque and one.kind == "int" for one in args)
    return "" if right and not number else "it is called with something else than bytes"


def _collection_call(_: Global, args: tuple[Value, ...]) -> str:
    right = all(type(one) in {Items, tuple, Mapping} for one in args)
    return "" if right else "it is called with something else than items"


def _factory_call(_: Global, args: tuple[Value, ...]) -> str:
    for value in args[:1]:
        if value is not None and not (type(value) is Global and value.full_name in FACTORIES):
            return "its factory is not one of the plain types"
    return ""


def _reconstructor_call(_: Global, args: tuple[Value, ...]) -> str:
    if len(args) == 3 and _is_class(args[0], "new") and type(args[1]) is Global:  # noqa: PLR2004
        base = args[1].full_name
        if base == "builtins.object" and args[2] is None:
            return ""
        if base == "builtins.tuple" and type(args[2]) is tuple:
            return ""
        if base == "builtins.dict" and "dict" in args[0].entry.uses and type(args[2]) is Mapping:
            return ""
    return "an object is begun in a way that no pickler writes"


def _new_object_call(subject: Global, args: tuple[Value, ...]) -> str:
    right = len(args) == 1 and _is_class(args[0], "ref") and args[0].module == subject.module
    return "" if right else "it makes something else than an object of its own module"


def _cython_call(subject: Global, args: tuple[Value, ...]) -> str:
    if len(args) == 3 and _is_class(args[0], "ref") and type(args[1]) is int:  # noqa: PLR2004
        wanted = subject.name.removeprefix("__pyx_unpickle_")
        if args[0].name == wanted and args[0].module == subject.module:
            return ""
        # A compiled base class restores the classes derived from it, too.
        if subject.name == "__pyx_unpickle_NDArrayBacked" and "extension" in args[0].entry.uses:
            return ""
    return "it makes something else than the object it is for"


def _index_call(_: Global, args: tuple[Value, ...]) -> str:
    right = (
        len(args) == 2  # noqa: PLR2004
        and _is_class(args[0], "ref")
        and args[0].module.startswith("pandas.core.indexes.")
        and type(args[1]) is Mapping
    )
    return "" if right else "an index is made in a way that no pickler writes"


def _zone_call(_: Global, args: tuple[Value, ...]) -> str:
    # The name becomes the path of a file.
    right = all(type(one) is not str or _ZONE.match(one) for one in args)
    return "" if right and all(is_plain(one) for one in args) else "no name of a time zone"


def _tree_call(_: Global, args: tuple[Value, ...]) -> str:
    # The constructor sets memory aside for that many outputs.
    right = len(args) == 3 and type(args[0]) is int and type(args[2]) is int  # noqa: PLR2004
    fits = right and 0 <= args[0] < 2**31 and 0 < args[2] < 2**20
    return "" if fits and type(args[1]) is Made else "a tree is begun in a way no pickler writes"


# functools.partial ---------------------------------------------------------------------------


def _is_held_function(value: Value) -> bool:
    return type(value) is Global and (value.entry is None or "function" in value.entry.uses)


def _partial_call(_: Global, args: tuple[Value, ...]) -> str:
    right = len(args) == 1 and _is_held_function(args[0])
    return "" if right else "it holds something else than a function that only computes"


def _partial_state(_: Global, target: Made, state: Value) -> str:  # noqa: ARG001 - the protocol's
    right = type(state) is tuple and len(state) == 4 and _is_held_function(state[0])  # noqa: PLR2004
    return "" if right else "it holds something else than a function that only computes"


# Classes whose state can do more than be data ---------------------------------------------------


def _vectorizer_state(_: Global, target: Made, state: Value) -> str:  # noqa: ARG001 - the protocol's
    if type(state) is not Mapping or not state.exact:
        return "its state cannot be followed"
    if state.known.get("input", "content") != "content":
        return "it reads the files that its input names"
    return ""


def _distribution_state(_: Global, target: Made, state: Value) -> str:  # noqa: ARG001 - the protocol's
    """Scipy runs the text that a distribution keeps for reading its arguments."""
    if type(state) is not Mapping or not state.exact:
        return "its state cannot be followed"
    text = state.known.get("_parse_arg_template")
    if text is None or (type(text) is str and _only_returns(text)):
        return ""
    return "it holds program text that does more than pass arguments on"


def _only_returns(text: str) -> bool:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return all(_is_passing_function(one) for one in body)


def _is_passing_function(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef) or node.decorator_list or node.returns is not None:
        return False
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    defaults = [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]
    return (
        node.name in {"_parse_args", "_parse_args_rvs", "_parse_args_stats"}
        and all(one.annotation is None for one in every)
        and node.args.vararg is None
        and node.args.kwarg is None
        and all(isinstance(one, ast.Constant) for one in defaults)
        and len(node.body) == 1
        and isinstance(node.body[0], ast.Return)
        and node.body[0].value is not None
        and all(_is_passing(one) for one in ast.walk(node.body[0].value))
    )


def _is_passing(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        function = node.func
        return (
            isinstance(function, ast.Attribute)
            and function.attr == "_argcheck_rvs"
            and isinstance(function.value, ast.Name)
            and function.value.id == "self"
        )
    if isinstance(node, ast.Attribute):
        return node.attr == "_argcheck_rvs"
    return isinstance(node, ast.Name | ast.Constant | ast.Tuple | ast.keyword | ast.Load)


# joblib --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Layout:
    """The raw array behind a wrapper: its bytes, or a nested pickle."""

    has_objects: bool
    padded: bool
    size: int


def wrapper_layout(state: Value) -> Layout | str:
    """Return how the array behind joblib's wrapper is stored, or why that is not known."""
    known = state.known if type(state) is Mapping and state.exact else {}
    item = dtype_of(known.get("dtype"))
    shape: Value = known.get("shape")
    if item is None or not _is_shape(shape):
        return "the size of an array in the joblib file is not known"
    padded = known.get("numpy_array_alignment_bytes") is not None
    return Layout(item.has_objects, padded, prod(shape) * item.itemsize)


#: Check -> how its constructor may be called.
ARGUMENTS: dict[str, Callable[..., str]] = {
    "array": _reconstruct_call,
    "bitgen": _bit_generator_call,
    "bytes": _bytes_call,
    "collection": _collection_call,
    "cython": _cython_call,
    "dtype": _dtype_call,
    "factory": _factory_call,
    "frombuffer": _frombuffer_call,
    "index": _index_call,
    "latin1": _latin1_call,
    "masked": _masked_call,
    "newobj": _new_object_call,
    "offset": _plain_call,
    "partial": _partial_call,
    "plain": _plain_call,
    "reconstructor": _reconstructor_call,
    "scalar": _scalar_call,
    "tree": _tree_call,
    "zone": _zone_call,
    **callables.ARGUMENTS,
}

#: Check -> what state its object may be given.
STATES: dict[str, Callable[..., str]] = {
    "array": _array_state,
    "distribution": _distribution_state,
    "dtype": _dtype_state,
    "masked": _array_state,
    "partial": _partial_state,
    "vectorizer": _vectorizer_state,
    **callables.STATES,
}
