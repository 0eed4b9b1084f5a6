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

from mlmodel.trust.pickles import callables, dtypes, tables
from mlmodel.trust.pickles.dtypes import dtype_of, is_shape
from mlmodel.trust.pickles.findings import NOT_FOLLOWED
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
    "extension_state",
    "has_slots",
    "is_array_wrapper",
    "needs_state",
    "wrapper_layout",
]

#: So many items of no size may be in an array, and so large may a scalar of zeros be.
MOST_EMPTY = 2**20
LARGEST_ZERO = 64
#: What a joblib array is once read: it may be held, nothing else.
ARRAY = Entry(frozenset({"ref"}))
#: Checks whose objects take a tuple of two as their whole state (by their own ``__setstate__``).
PAIRS = frozenset({"bitgen", "cython", "partial", "offset"})
_ZONE = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*\Z")
FACTORIES = frozenset(
    {
        "builtins.bool", "builtins.dict", "builtins.float", "builtins.int", "builtins.list",
        "builtins.set", "builtins.str", "builtins.tuple", "collections.OrderedDict",
    }
)  # fmt: skip
BIT_GENERATORS = frozenset({"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"})


def has_slots(state: Value) -> bool:
    """Return whether a state may set attributes one by one (a tuple of two, or unknown)."""
    return isinstance(state, Made | Global) or (type(state) is tuple and len(state) == 2)  # noqa: PLR2004


def is_array_wrapper(maker: Global) -> bool:
    """Return whether the class is joblib's stand-in for an array that follows."""
    return maker.module == "joblib.numpy_pickle" and maker.name == "NumpyArrayWrapper"


# numpy ---------------------------------------------------------------------------------------


def _is_class(value: Value, *uses: str) -> bool:
    return type(value) is Global and value.entry is not None and value.entry.uses.issuperset(uses)


def _is_bytes(value: Value) -> bool:
    if type(value) is Made:
        return value.maker.full_name in {"_codecs.encode", "builtins.bytes", "builtins.bytearray"}
    # A text of an old protocol may stand for bytes.
    return type(value) in {Blob, str, Opaque}


def _is_nothing(shape: Value) -> bool:
    """Whether it is the shape with which picklers begin an array."""
    return type(shape) is tuple and [(type(one), one) for one in shape] == [(int, 0)]


def _reconstruct_call(_: Global, args: tuple[Value, ...]) -> str:
    if len(args) == 3 and _is_class(args[0], "ref", "array"):  # noqa: PLR2004
        letter = args[2]
        small = type(letter) is str or (type(letter) is Blob and letter.length == 1)
        if _is_nothing(args[1]) and (small or _is_bytes(letter)):
            return ""
    return "an array is begun in a way that no pickler writes"


def _array_state(_: Global, target: Made, state: Value) -> str:
    if target.used or target.state is not None:
        return "an array is changed after it was used"
    if type(state) is not tuple or len(state) not in {5, 7}:
        return "an array has a state that no pickler writes"
    _version, shape, dtype, _fortran, data = state[:5]
    item = dtype_of(dtype)
    if item is None or item.is_array or not is_shape(shape):
        return "an array has a state that no pickler writes"
    if not item.itemsize and prod(shape) > MOST_EMPTY:
        return "an array has many items of no size"
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
        and _is_nothing(args[2])
        and (type(args[3]) is str or _is_bytes(args[3]))
    )
    return "" if right else "a masked array is begun in a way that no pickler writes"


def _scalar_call(_: Global, args: tuple[Value, ...]) -> str:
    item = dtype_of(args[0]) if 1 <= len(args) <= 2 else None  # noqa: PLR2004
    if item is not None and len(args) == 2 and item.has_objects:  # noqa: PLR2004
        right = item.kind == "O" or _is_one_item(args[1])
    else:
        # Without bytes numpy makes the item of zeros, which may be as large as it says.
        right = item is not None and (len(args) == 2 or item.itemsize <= LARGEST_ZERO)  # noqa: PLR2004
        right = right and (len(args) == 1 or _is_bytes(args[1]))
    return "" if right else "a scalar is made in a way that no pickler writes"


def _is_one_item(value: Value) -> bool:
    """Whether it is an array of one item: numpy takes a scalar's objects from its memory."""
    state = value.state if type(value) is Made and type(value.state) is tuple else ()
    return len(state) == 5 and is_shape(state[1]) and prod(state[1]) == 1  # noqa: PLR2004


def _frombuffer_call(_: Global, args: tuple[Value, ...]) -> str:
    item = dtype_of(args[1]) if len(args) >= 4 else None  # noqa: PLR2004
    right = item is not None and not item.has_objects and not item.is_array
    if not right or not _is_bytes(args[0]) or not is_shape(args[2]):
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
        made = type(value) is Made and not tables.has_codes(value)
        return is_plain(value) or made or (type(value) is tuple and not value)

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
        if "extension" in args[0].entry.uses and args[2] is not None:
            # Attributes that would be set without a look at their names (TRU-051).
            return "it is given a state by its constructor"
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
        and args[1].exact
    )
    if not right:
        return "an index is made in a way that no pickler writes"
    args[1].frozen = True
    return tables.unchecked_codes(args[0], args[1])


def _zone_call(_: Global, args: tuple[Value, ...]) -> str:
    # The name becomes the path of a file.
    right = all(type(one) is not str or _ZONE.match(one) for one in args)
    return "" if right and all(is_plain(one) for one in args) else "no name of a time zone"


def _tree_call(_: Global, args: tuple[Value, ...]) -> str:
    # The constructor sets memory aside for that many outputs.
    right = len(args) == 3 and type(args[0]) is int and type(args[2]) is int  # noqa: PLR2004
    fits = right and 0 <= args[0] < 2**31 and 0 < args[2] < 2**20
    fits = fits and _length(args[1]) == args[2]
    return "" if fits else "a tree is begun in a way no pickler writes"


def _length(value: Value) -> int:
    """Return how many whole numbers an array of one dimension holds; -1 where that is not known."""
    if type(value) is not Made:
        return -1
    if value.maker.entry is ARRAY and type(value.state) is Blob:
        return value.state.length // 8
    shape: Value = value.state[1] if type(value.state) is tuple and value.state else None
    if value.maker.name == "_frombuffer":
        shape = value.args[2]
    right = type(shape) is tuple and [type(one) for one in shape] == [int]
    return shape[0] if right else -1


# pandas --------------------------------------------------------------------------------------

_BACKED = "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked"


def needs_state(maker: Global) -> bool:
    """Return whether an object is unsafe to touch before it has its state (TRU-058).

    Compiled code reads its arrays without asking whether they are there.
    """
    entry = maker.entry
    return entry is not None and (
        "extension" in entry.uses or maker.full_name == _BACKED or entry.check == "newobj"
    )


def extension_state(state: Value) -> str:
    """Check that the state of an array of pandas has arrays where compiled code reads them."""
    if type(state) is tuple and len(state) == 1:
        return extension_state(state[0])
    if type(state) is Mapping and state.exact:
        state.frozen = True
        held = [one for key, one in state.known.items() if key in {"_ndarray", "_data", "_codes"}]
        right = all(_is_array(one) for one in held)
    else:
        right = type(state) is tuple and any(_is_array(one) for one in state[:2])
        right = right and all(_is_array(one) or type(one) is Made for one in state[:2])
    return "" if right else "it has something else than an array for its data"


def _is_array(value: Value) -> bool:
    if type(value) is not Made:
        return False
    if value.maker.entry is ARRAY:
        return True
    made = value.maker.name == "_reconstruct" and value.state is not None
    return value.maker.module.startswith("numpy.") and (made or value.maker.name == "_frombuffer")


# functools.partial ---------------------------------------------------------------------------


def _is_held_function(value: Value) -> bool:
    return type(value) is Global and (value.entry is None or "function" in value.entry.uses)


def _partial_call(_: Global, args: tuple[Value, ...]) -> str:
    right = len(args) == 1 and _is_held_function(args[0])
    return "" if right else "it holds something else than a function that only computes"


def _partial_state(_: Global, target: Made, state: Value) -> str:  # noqa: ARG001 - the protocol's
    right = type(state) is tuple and len(state) == 4 and _is_held_function(state[0])  # noqa: PLR2004
    if not right:
        return "it holds something else than a function that only computes"
    own: Value = state[3]
    if type(own) is Mapping and own.exact and not own.known:
        own.frozen, own = True, None
    return "" if own is None else "it has attributes, which no partial has (TRU-051)"


# Classes whose state can do more than be data ---------------------------------------------------


def _vectorizer_state(_: Global, target: Made, state: Value) -> str:  # noqa: ARG001 - the protocol's
    if type(state) is not Mapping or not state.exact:
        return NOT_FOLLOWED
    if state.known.get("input", "content") != "content":
        return "it reads the files that its input names"
    return ""


def _distribution_state(_: Global, target: Made, state: Value) -> str:  # noqa: ARG001 - the protocol's
    """Scipy runs the text that a distribution keeps for reading its arguments."""
    if type(state) is not Mapping or not state.exact:
        return NOT_FOLLOWED
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


def _booster_state(_: Global, target: Made, state: Value) -> str:
    """Check that a booster is given its model once, by what checks it while loading (XGB-017)."""
    if type(state) is not Mapping or not state.exact:
        return NOT_FOLLOWED
    handle = state.known.get("handle")
    if type(handle) not in {Blob, Made} or not _is_bytes(handle):
        return "it has something else than bytes for its model"
    return "" if target.state is None else "it is given a model twice"


def _lightgbm_state(_: Global, target: Made, state: Value) -> str:
    """Check that a booster is given its text once, by what checks it while loading (LGB-016)."""
    if type(state) is not Mapping or not state.exact:
        return NOT_FOLLOWED
    return "" if target.state is None else "it is given a model twice"


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
    if item is None or item.is_array or not is_shape(shape):
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
    "dtype": dtypes.check_call,
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
    "booster": _booster_state,
    "distribution": _distribution_state,
    "dtype": dtypes.check_state,
    "lightgbm": _lightgbm_state,
    "masked": _array_state,
    "partial": _partial_state,
    "vectorizer": _vectorizer_state,
    **callables.STATES,
}
