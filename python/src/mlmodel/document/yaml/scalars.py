"""Plain scalars read as YAML 1.1 reads them: numbers, booleans, null, times (MLM-005, MLM-006).

The resolution and the constructors are those of PyYAML's safe loader, because that is what
MLflow reads its files with; what they choke on becomes a violation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PREFIX", "STRING", "Unreadable", "construct", "kind_name", "resolve"]

PREFIX = "tag:yaml.org,2002:"
STRING = PREFIX + "str"
# Nobody writes a longer number, and reading one takes time quadratic in its length.
_MAX_LENGTH = 1_000

_RESOLVERS: dict[Any, list[tuple[str, Any]]] = Resolver.yaml_implicit_resolvers
_CONSTRUCTOR = SafeConstructor()
_CONSTRUCTORS: dict[str, Callable[[ScalarNode], Any]] = {
    PREFIX + "null": _CONSTRUCTOR.construct_yaml_null,
    PREFIX + "bool": _CONSTRUCTOR.construct_yaml_bool,
    PREFIX + "int": _CONSTRUCTOR.construct_yaml_int,
    PREFIX + "float": _CONSTRUCTOR.construct_yaml_float,
    PREFIX + "timestamp": _CONSTRUCTOR.construct_yaml_timestamp,
    PREFIX + "binary": _CONSTRUCTOR.construct_yaml_binary,
    PREFIX + "value": _CONSTRUCTOR.construct_yaml_str,
    STRING: _CONSTRUCTOR.construct_yaml_str,
}


class Unreadable(ValueError):
    """A scalar that has the form of its type, but no value (month 13, a number without end)."""


def resolve(text: str) -> str:
    """Return the tag that a plain scalar with this text has."""
    first = text[0] if text else ""
    for tag, regexp in _RESOLVERS.get(first, ()):
        if regexp.match(text):
            return str(tag)
    return STRING


def construct(tag: str, text: str) -> Any:
    """Return the value of a scalar with this tag.

    Raises:
        Unreadable: the text has no value of that type.
        KeyError: the tag is not one of YAML's own.

    """
    build = _CONSTRUCTORS[tag]
    if tag == STRING:
        return text
    if len(text) > _MAX_LENGTH and tag != PREFIX + "binary":
        raise Unreadable(f"it has {len(text):,} characters")
    try:
        return build(ScalarNode(tag, text))
    except ConstructorError as error:
        raise Unreadable(str(error.problem)) from None
    except (ValueError, OverflowError, KeyError, IndexError, AttributeError) as error:
        raise Unreadable(str(error)) from None


def kind_name(tag: str) -> str:
    """Return the name of a tag's type as a message says it."""
    name = tag.removeprefix(PREFIX)
    return {
        "int": "a number",
        "float": "a number",
        "bool": "true or false",
        "null": "null",
        "timestamp": "a time",
        "merge": "a merge key",
    }.get(name, name)
