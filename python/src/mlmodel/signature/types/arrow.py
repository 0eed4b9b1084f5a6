"""The scalar type of what Arrow's columns hold."""

from __future__ import annotations

from typing import Any, Literal

from mlmodel.signature.types.scalars import DataType

__all__ = ["ARROW_ENCODED", "ARROW_LISTS", "ARROW_NUMBERS", "arrow_type", "type_name"]

#: Arrow's names of its types of lists.
ARROW_LISTS = frozenset({"list", "large_list", "fixed_size_list", "list_view", "large_list_view"})
#: Its names of types whose values are those of another type.
ARROW_ENCODED = frozenset({"dictionary", "run_end_encoded", "string_view", "binary_view"})
#: By Arrow's name of the type, up to its parameters.
_BY_ARROW = {
    "string": DataType.string,
    "large_string": DataType.string,
    "string_view": DataType.string,
    "binary": DataType.binary,
    "large_binary": DataType.binary,
    "binary_view": DataType.binary,
    "fixed_size_binary": DataType.binary,
    "timestamp": DataType.datetime,
    "date32": DataType.datetime,
    "date64": DataType.datetime,
}
#: Its names of what numpy has too.
ARROW_NUMBERS = frozenset(
    {"bool", "halffloat", "float", "double"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)


def arrow_type(held: Any) -> DataType | Literal[False] | None:
    """Return the type for what Arrow holds; False if numpy's dtype decides, None if there is none.

    By name, because the functions that ask for a type are not the same in all versions of Arrow.
    """
    name = str(held).partition("[")[0]
    return _BY_ARROW.get(name, False if name in ARROW_NUMBERS else None)


def type_name(held: Any) -> str:
    """Return Arrow's name of a type, without what it holds and without its parameters."""
    return str(held).partition("<")[0].partition("(")[0]
