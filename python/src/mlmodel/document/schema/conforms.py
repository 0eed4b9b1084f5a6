"""Whether a value plainly conforms to a schema of ours: the answer for nearly every model.

Importing jsonschema takes as long as all the rest of checking a valid model. So it is asked
only where the answer is no, or where a keyword is met that is not known here; it alone says what
is wrong. A test compares the two on every schema of documents.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlmodel.document.schema.schemas import Json

__all__ = ["conforms"]


class _Unknown(Exception):
    """A keyword, or a use of it, that is not known here."""


def conforms(schema: Json, definitions: dict[str, Json], value: Any) -> bool:
    """Return True if a value is valid by a schema; False if it is not, or if that is not certain.

    ``definitions`` are the ``$defs`` that its references name.
    """
    try:
        return _Checker(definitions).valid(schema, value)
    except (_Unknown, RecursionError):
        return False


#: How long lists are in which the same item is not looked at twice, and of what.
_LONG = 100
_PLAIN = frozenset({int, float, str, bool, type(None)})
#: Keywords that ask nothing of a value.
_SILENT = frozenset({"$id", "$schema", "$defs", "title", "description", "default",
                     "contentMediaType", "contentSchema"})  # fmt: skip


class _Checker:
    def __init__(self, definitions: dict[str, Json]) -> None:
        self.definitions = definitions

    def valid(self, schema: Json, value: Any) -> bool:
        if isinstance(schema, bool):
            return schema
        for keyword, argument in schema.items():
            if keyword in _SILENT or keyword.startswith("x-"):
                continue
            if keyword in _OF_VALUE:
                if not _OF_VALUE[keyword](argument, value):
                    return False
            elif not self.applies(keyword, argument, schema, value):
                return False
        return True

    def applies(self, keyword: str, argument: Json, schema: Json, value: Any) -> bool:
        """Return whether a value obeys a keyword that has subschemas."""
        if keyword == "$ref":
            name = argument.removeprefix("#/$defs/")
            if name not in self.definitions:
                raise _Unknown
            return self.valid(self.definitions[name], value)
        if keyword in {"anyOf", "allOf"}:
            combine = any if keyword == "anyOf" else all
            return combine(self.valid(one, value) for one in argument)
        if keyword == "not":
            return not self.valid(argument, value)
        if keyword == "if":
            branch = schema.get("then" if self.valid(argument, value) else "else", True)
            return self.valid(branch, value)
        if keyword in {"then", "else"}:
            return True
        return self.below(keyword, argument, schema, value)

    def below(self, keyword: str, argument: Json, schema: Json, value: Any) -> bool:
        """Return whether the members or items of a value obey a keyword."""
        if keyword not in {"items", "properties", "additionalProperties"}:
            raise _Unknown
        if keyword == "items":
            return not isinstance(value, list) or all(
                self.valid(argument, one) for one in _distinct(value)
            )
        if not isinstance(value, dict):
            return True
        if keyword == "properties":
            return all(self.valid(argument[key], value[key]) for key in argument if key in value)
        listed = schema.get("properties", {})
        return all(self.valid(argument, value[key]) for key in value if key not in listed)


def _distinct(items: list[Any]) -> Iterable[Any]:
    """Return the items of a list, of a long one of numbers or texts each once."""
    if len(items) < _LONG or not _PLAIN.issuperset(map(type, items)):
        return items
    return (one for _, one in {(type(one), one) for one in items})


def _type(argument: Json, value: Any) -> bool:
    names = [argument] if isinstance(argument, str) else argument
    return any(_TYPES[name](value) for name in names)


def _is_integer(value: Any) -> bool:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return whole and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _one_of(argument: list[Json], value: Any) -> bool:
    if not all(one is None or one == -1 or isinstance(one, str) for one in argument):
        raise _Unknown  # other numbers equal booleans in Python, and not in JSON
    return isinstance(value, str | int | float | None) and value in argument


def _length(
    kind: type[str | list[Any] | dict[Any, Any]], holds: Callable[[int, int], bool]
) -> Callable[[Json, Any], bool]:
    def obeys(argument: Json, value: Any) -> bool:
        return not isinstance(value, kind) or holds(len(value), argument)

    return obeys


_OF_VALUE: dict[str, Callable[[Json, Any], bool]] = {
    "type": _type,
    "enum": _one_of,
    "const": lambda argument, value: _one_of([argument], value),
    "pattern": lambda argument, value: (
        not isinstance(value, str) or re.search(argument, value) is not None
    ),
    "minimum": lambda argument, value: not _TYPES["number"](value) or value >= argument,
    "required": lambda argument, value: not isinstance(value, dict) or value.keys() >= {*argument},
    "minLength": _length(str, int.__ge__),
    "minItems": _length(list, int.__ge__),
    "maxItems": _length(list, int.__le__),
    "minProperties": _length(dict, int.__ge__),
}
