"""How what models hold to call it later may be made: methods, getters, selectors (TRU-073).

The checks are rows of the tables of ``checks.py``, by the names of ``allowed.tsv``: each gets
symbolic values and returns the reason to refuse, or an empty string.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlmodel.trust.pickles.findings import NOT_FOLLOWED, WRITES_FILES
from mlmodel.trust.pickles.patterns import repetitions
from mlmodel.trust.pickles.values import Global, Items, Made, Mapping, Opaque, Value, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ARGUMENTS", "STATES", "member_name"]

#: Kinds of columns by their names, as pandas' select_dtypes takes them.
_KIND = re.compile(
    r"(number|object|category|bool|boolean|str|string|datetime(64)?|timedelta(64)?|datetimetz|"
    r"datetime64\[(ns|us|ms|s)(, [A-Za-z_/]+)?\]|timedelta64\[(ns|us|ms|s)\]|"
    r"(u?int|float|complex|UInt|Int|Float)\d{0,3}|integer|floating)\Z"
)
_LONGEST_PATTERN = 500
#: So many parts of unbounded length a pattern may have one behind the other.
_MOST_REPEATS = 3


def member_name(args: Value) -> tuple[Global, str] | None:
    """Return the class and the name of ``getattr(class, name)``; ``None`` for any other call."""
    if type(args) is tuple and len(args) == 2:  # noqa: PLR2004
        owner, name = args
        if type(owner) is Global and type(name) is str and name.isidentifier():
            return owner, name
    return None


def _items_call(_: Global, args: tuple[Value, ...]) -> str:
    def key(value: Value) -> bool:
        return value is None or type(value) in {int, bool, float, str, Opaque}

    right = args and all(key(one) or (type(one) is tuple and all(map(key, one))) for one in args)
    return "" if right else "it takes items by something else than names and numbers"


def _selector_state(_: Global, target: Made, state: Value) -> str:  # noqa: ARG001 - the protocol's
    if type(state) is not Mapping or not state.exact:
        return NOT_FOLLOWED
    for key in ("dtype_include", "dtype_exclude"):
        kinds = state.known.get(key)
        every = kinds.values if type(kinds) is Items else kinds if type(kinds) is tuple else [kinds]
        if not all(_is_kind(one) for one in every):
            return f"its {key} is something else than kinds of columns"
    pattern = state.known.get("pattern")
    return "" if pattern is None or _is_quick(pattern) else "its pattern may take for ever to match"


def _is_kind(value: Value) -> bool:
    if type(value) is str:
        return _KIND.match(value) is not None
    return value is None or type(value) is Global or type(value) is Made


def _is_quick(pattern: Value) -> bool:
    """Whether matching takes no more than a small power of the length of a column's name."""
    if type(pattern) is not str or len(pattern) > _LONGEST_PATTERN:
        return False
    found = repetitions(pattern)
    return found is not None and found <= _MOST_REPEATS


def _memory_state(_: Global, target: Made, state: Value) -> str:  # noqa: ARG001 - the protocol's
    if type(state) is not Mapping or not state.exact:
        return NOT_FOLLOWED
    nowhere = state.known.get("location", "") is None
    if nowhere and state.known.get("store_backend", "") is None:
        return ""
    return WRITES_FILES


def _new_object_state(_: Global, target: Made, state: Value) -> str:
    """Check the distance by a function of Python: compiled code calls it."""
    cls = target.args[0] if target.args else None
    if type(cls) is not Global or "PyFunc" not in cls.name:
        return ""
    if type(state) is not tuple or len(state) != 5:  # noqa: PLR2004
        return NOT_FOLLOWED
    function, given = state[3:]
    distance = (
        type(function) is Global
        and function.module == "scipy.spatial.distance"
        and function.entry is not None
        and "function" in function.entry.uses
    )
    plain = type(given) is Mapping and given.exact
    if not distance or not plain:
        return "it measures distances by something else than a function of scipy.spatial.distance"
    given.frozen = True
    return ""


def _arrow_array_call(_: Global, args: tuple[Value, ...]) -> str:
    return "" if len(args) == 1 and type(args[0]) is tuple else "an array of Arrow is made oddly"


def _arrow_type_call(_: Global, args: tuple[Value, ...]) -> str:
    texts = {("string",), ("large_string",)}
    return "" if args in texts else "an array of Arrow holds something else than texts"


def _string_type_call(_: Global, args: tuple[Value, ...]) -> str:
    def plain(value: Value) -> bool:
        missing = type(value) is Global and value.full_name == "pandas._libs.missing.NA"
        return missing or is_plain(value)

    return "" if len(args) <= 2 and all(map(plain, args)) else "it is called with odd arguments"  # noqa: PLR2004


ARGUMENTS: dict[str, Callable[..., str]] = {
    "arrowarray": _arrow_array_call,
    "arrowtype": _arrow_type_call,
    "items": _items_call,
    "stringtype": _string_type_call,
}

STATES: dict[str, Callable[..., str]] = {
    "memory": _memory_state,
    "newobj": _new_object_state,
    "selector": _selector_state,
}
